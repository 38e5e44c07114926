"""Finding, checking and normalising e-mail addresses."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.emails import check_email, is_role, plain_email, read_emails


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
    ],
)
def test_an_address_is_found_however_it_is_wrapped(cell: str, address: str) -> None:
    assert read_emails(cell).address == address


@pytest.mark.parametrize(
    "cell",
    [
        "anna", "anna@", "@example.com", "anna@example", "anna@@example.com", "anna..b@example.com", "n/a",
        "anna@localhost", "anna@firm.test", "anna@firm.invalid", "anna@-example.com", "a b@c d", "x" * 65 + "@example.com",
        "anna@" + "x" * 64 + ".com", "anna(at)example.com", "anna@example..com", "anna@[127.0.0.1]",
    ],
)  # fmt: skip
def test_what_is_no_address_gives_none(cell: str) -> None:
    assert read_emails(cell).address is None


def test_the_first_valid_address_is_used_and_the_other_valid_ones_are_kept() -> None:
    found = read_emails("none@; anna@example.com / ben@example.com, ANNA@example.com")
    assert found.address == "anna@example.com"
    assert found.others == ("ben@example.com",)


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
