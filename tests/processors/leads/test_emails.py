"""Finding, checking and normalising e-mail addresses."""

import re

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.email_addresses import check_email, is_role, plain_email
from processors.leads.emails import FoundEmails, read_emails


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("anna@example.com", "anna@example.com"),
        ("Anna.Smith@EXAMPLE.Com", "Anna.Smith@example.com"),
        ("mailto:anna@example.com?subject=Hello", "anna@example.com"),
        ("Anna Smith <anna@example.com>", "anna@example.com"),
        ('"Smith, Anna" <anna@example.com>', "anna@example.com"),
        ("anna@example.com.", "anna@example.com"),
        ("(anna@example.com),", "anna@example.com"),
        ("E-mail: anna@example.com", "anna@example.com"),
        ("o'brien+news@example.co.uk", "o'brien+news@example.co.uk"),
        ("anna@müller.example.de", "anna@müller.example.de"),
        ("jörg@example.com", "jörg@example.com"),
        ("ANNA＠EXAMPLE.COM", "ANNA@example.com"),
        ("anna@a--b.com", "anna@a--b.com"),
        ("SMTP:anna@example.com", "anna@example.com"),
        ("E-Mail:anna@example.com", "anna@example.com"),
        ("MAILTO:<anna@example.com>", "anna@example.com"),
        ("#mailto:anna@example.com#", "anna@example.com"),
        ("anna@example.com#mailto:anna@example.com#", "anna@example.com"),
        ("anna@example.com#http://anna@example.com#", "anna@example.com"),
        ("[anna@example.com](mailto:anna@example.com)", "anna@example.com"),
        ("anna @ example.com", "anna@example.com"),
        ("anna@ example.com", "anna@example.com"),
        ("siobh\u00e1n.o\u2019hara@example.ie", "siobh\u00e1n.o'hara@example.ie"),
        ("d\u00b4arc@example.fr", "d'arc@example.fr"),
        ("\u2018anna@example.com\u2019", "anna@example.com"),
        ("\u201eanna@example.com\u201c", "anna@example.com"),
        ("\u2022anna@example.com", "anna@example.com"),
        ("a/b@example.com", "a/b@example.com"),
    ],
)
def test_an_address_is_found_however_it_is_wrapped(cell: str, address: str) -> None:
    assert read_emails(cell).address == address


@pytest.mark.parametrize(
    "cell",
    [
        "anna", "anna@", "@example.com", "anna@example", "anna@@example.com", "anna..b@example.com", "n/a",
        "anna@localhost", "anna@firm.test", "anna@firm.invalid", "anna@-example.com", "a b@c d", "x" * 65 + "@example.com",
        "anna@" + "x" * 64 + ".com", "anna(at)example.com", "anna(at)b@example.com", "smith,anna@example.com",
        "jean\u2013luc@example.fr", "anna\u201cb@example.com", "sip:anna@example.com", "https://anna@example.com/a",
        "anna/b,c@example.com", "xmpp:anna@example.com", "anna\u00a7b@example.com", "a)b@example.com", "anna@example..com", "anna@[127.0.0.1]",
    ],
)  # fmt: skip
def test_what_is_no_address_gives_none(cell: str) -> None:
    assert read_emails(cell).address is None


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (
            "none@; anna@example.com / ben@example.com, ANNA@example.com",
            FoundEmails("anna@example.com", None, "none@; ben@example.com"),
        ),
        ("a@example.com ::: b@example.com", FoundEmails("a@example.com", None, "b@example.com")),
        ("a@example.com\nb@example.com", FoundEmails("a@example.com", None, "b@example.com")),
        ("a@example.com/b@example.com", FoundEmails("a@example.com", None, "b@example.com")),
        ("a@example.com&b@example.com", FoundEmails("a@example.com", None, "b@example.com")),
        ("a@example.com oder b@example.com", FoundEmails("a@example.com", None, "b@example.com")),
        ("smtp:a@example.com;SMTP:b@example.com", FoundEmails("a@example.com", None, "b@example.com")),
        ("Anna Berg <anna@example.com>", FoundEmails("anna@example.com", "Anna Berg")),
        ('"Berg, Anna" <anna@example.com>', FoundEmails("anna@example.com", "Berg, Anna")),
        ("anna@example.com (Anna Berg)", FoundEmails("anna@example.com", "Anna Berg")),
        ("anna@example.com (home)", FoundEmails("anna@example.com", None, "home")),
        ("anna@example.com(home)", FoundEmails("anna@example.com", None, "home")),
        ("Privat: anna@example.com", FoundEmails("anna@example.com", None, "Privat")),
        ("Privat:anna@example.com", FoundEmails("anna@example.com", None, "Privat")),
        ("Rep 7 <anna@example.com>", FoundEmails("anna@example.com", None, "Rep 7")),
        (
            "Anna Berg <anna@example.com>, Ben Cho <ben@example.com>",
            FoundEmails("anna@example.com", "Anna Berg", "Ben Cho <ben@example.com>"),
        ),
        ("Anna Berg#mailto:anna@example.com#", FoundEmails("anna@example.com", None, "Anna Berg")),
        ("nobody", FoundEmails(None, None, "nobody")),
        ("smith,anna@example.com", FoundEmails(None, None, "smith,anna@example.com")),
    ],
)
def test_the_first_valid_address_is_read_and_the_rest_is_kept(cell: str, found: FoundEmails) -> None:
    assert read_emails(cell) == found


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("info@example.com", True),
        ("SALES2@example.com", True),
        ("anna@example.com", False),
        ("infos.anna@x.com", False),
    ],
)
def test_departments_are_told_from_people(address: str, role: bool) -> None:
    assert is_role(address) is role


LOCAL = st.from_regex(r"[A-Za-z0-9._+-]{1,70}", fullmatch=True)
DOMAIN = st.from_regex(r"[A-Za-z0-9.-]{1,70}\.(com|de|test|onion|[a-z]{1,4})", fullmatch=True)


@given(LOCAL, DOMAIN)
def test_the_short_cut_for_plain_addresses_gives_what_the_validator_gives(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        expected = validate_email(address, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        expected = None
    assert plain_email(address) in {None, expected}


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_the_reader(before: str, after: str) -> None:
    address = check_email(f"{before}@{after}")
    assert address is None or "@" in address
    found = read_emails(f"{before}@{after}.com").address
    assert found is None or "@" in found


SIGNS = st.sampled_from(
    ["’", "‘", "´", "`", "“", "„", "–", "(", ")", "[", "/", ",", "&", "'", "§", "…", "\u02bc", "·", "="]
)
LETTERS = st.from_regex(r"[a-z]{1,6}", fullmatch=True)


@given(st.lists(st.tuples(LETTERS, SIGNS), min_size=1, max_size=3), LETTERS)
def test_an_address_is_never_a_part_of_a_longer_token(start: list[tuple[str, str]], end: str) -> None:
    token = "".join(letters + sign for letters, sign in start) + end + "@example.com"
    address = read_emails(token).address
    assert address is None or len(address) == len(token)


PARTS = st.sampled_from(
    [
        "anna@example.com",
        "Ben.Cho@example.org",
        "none@",
        "Anna Berg",
        "<",
        ">",
        "(",
        ")",
        "SMTP:",
        " ",
        ", ",
        "; ",
        "\n",
        " / ",
    ]
)


@given(st.lists(PARTS, max_size=7))
def test_nothing_of_a_cell_is_lost(parts: list[str]) -> None:
    cell = "".join(parts)
    found = read_emails(cell)
    kept = f"{found.address} {found.name} {found.rest}".casefold()
    words = re.findall(r"[a-z.@]+", cell.casefold().replace("smtp:", " "))
    assert all(word.strip(".") in kept for word in words)
    assert found.address or found.rest == cell or not cell
