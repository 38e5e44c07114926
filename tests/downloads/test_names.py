"""Names of fetched files, row by row."""

import pytest

from downloads.disposition import filename_of, is_attachment
from downloads.names import MAX_BYTES, choose_name, clean_name, expected_type, unique_name


def wire(raw: bytes) -> str:
    """A header as aiohttp hands it out."""
    return raw.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'attachment; filename="plain.txt"', "plain.txt"),
        (b"attachment; filename=plain.txt", "plain.txt"),
        (b"attachment; filename=plain name.txt", "plain name.txt"),
        (b"attachment; filename=plain name.txt; size=3", "plain name.txt"),
        (b'ATTACHMENT;FILENAME = "plain.txt"', "plain.txt"),
        (b'inline; filename="shown.pdf"', "shown.pdf"),
        (b"filename=alone.txt", "alone.txt"),
        (b'attachment; filename="a \\"b\\".txt"', 'a "b".txt'),
        (b'attachment; filename="semi;colon.txt"', "semi;colon.txt"),
        ('attachment; filename="übung.txt"'.encode(), "übung.txt"),
        ('attachment; filename="übung.txt"'.encode("latin-1"), "übung.txt"),
        (b"attachment; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        (b"attachment; filename*=utf-8'fr'na%C3%AFve.txt", "naïve.txt"),
        (b"attachment; filename*=iso-8859-1''na%EFve.txt", "naïve.txt"),
        (b"attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        (b"attachment; filename*=UTF-8''na%EFve.txt; filename=plain.txt", "plain.txt"),
        (b"attachment; filename*=klingon''a.txt; filename=plain.txt", "plain.txt"),
        (b'attachment; filename="=?UTF-8?B?w7xidW5nLnR4dA==?="', "übung.txt"),
        (b'attachment; filename="=?UTF-8?Q?=C3=BCbung.txt?="', "übung.txt"),
        (b'attachment; filename="=?klingon?Q?a?="', "=?klingon?Q?a?="),
        (b'attachment; filename="%C3%BC.txt"', "ü.txt"),
        (b'attachment; filename="100%25 %FC.txt"', "100%25 %FC.txt"),
        (b'attachment; filename="100% sure.txt"', "100% sure.txt"),
        (b'attachment; filename="one.txt"; filename="two.txt"', "one.txt"),
        (b"attachment", None),
        (b"attachment; name=x", None),
        (b'attachment; filename=""', None),
        (b"attachment; filename=" + b"a" * 5_000, None),
    ],
)
def test_the_name_in_a_header_is_read_as_browsers_do(header: bytes, name: str | None) -> None:
    assert filename_of(wire(header)) == name


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("attachment", True),
        ('ATTACHMENT ; filename="a.html"', True),
        ("x-unheard-of; filename=a.html", True),
        ("inline", False),
        ('Inline; filename="a.html"', False),
        ("filename=attachment", False),
        ('"attachment"', False),
        ("", False),
        (None, False),
    ],
)
def test_what_is_no_inline_is_an_attachment(header: str | None, *, expected: bool) -> None:
    assert is_attachment(header) is expected


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\file.txt", "file.txt"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("___", "file"),
        ("dots. . ", "dots"),
        ('a<b>c:d"e|f?g*h.txt', "a_b_c_d_e_f_g_h.txt"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("CON", "CON_"),
        ("con.txt", "con_.txt"),
        ("lpt1.tar.gz", "lpt1_.tar.gz"),
        ("console.txt", "console.txt"),
        ("u\u0308bung.txt", "übung.txt"),
    ],
)
def test_a_clean_name_is_safe_on_every_system(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize(("stem", "ending"), [("a" * 300, ".txt"), ("ü" * 200, ".tar.gz"), ("😀" * 100, ".jpeg")])
def test_a_long_name_keeps_its_ending_within_bytes(stem: str, ending: str) -> None:
    clean = clean_name(stem + ending)

    assert clean.endswith(ending)
    assert MAX_BYTES - 4 < len(clean.encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("disposition", "url", "content_type", "name"),
    [
        ('attachment; filename="a.pdf"', "http://h/b.zip", "text/plain", "a.pdf"),
        ('attachment; filename="report"', "http://h/b.zip", "application/pdf", "report.pdf"),
        ('attachment; filename="report"', "http://h/b.zip", None, "report"),
        ('attachment; filename="/"', "http://h/b.zip", None, "b.zip"),
        (None, "http://h/a/b%20c.zip?x=/d.txt", None, "b c.zip"),
        (None, "http://h/%FCbung.txt", None, "übung.txt"),
        (None, "http://h/a%2Fb.txt", None, "b.txt"),
        (None, "http://h/", "image/webp", "file.webp"),
        (None, "http://h", None, "file"),
        (None, "http://h/get.php?id=3", "application/pdf", "get.pdf"),
        (None, "http://h/get.php?id=3", "application/octet-stream", "get.php"),
        (None, "http://h/photo", "image/jpeg", "photo.jpg"),
        (None, "http://h/photo.png", "image/jpeg", "photo.png"),
    ],
)
def test_the_name_comes_from_the_header_then_the_url_then_the_type(
    disposition: str | None, url: str, content_type: str | None, name: str
) -> None:
    assert choose_name(disposition, url, content_type) == name


def test_a_name_that_is_taken_gets_a_number_whatever_its_case() -> None:
    taken = {"a.txt", "a (2).txt", "b.tar.gz"}

    assert unique_name("A.TXT", taken) == "A (3).TXT"
    assert unique_name("B.tar.gz", taken) == "B (2).tar.gz"
    assert unique_name("c.txt", taken) == "c.txt"


def test_a_number_does_not_make_a_name_too_long() -> None:
    name = clean_name("ü" * 300 + ".txt")

    unique = unique_name(name, {name.casefold()})
    assert unique.endswith(" (2).txt")
    assert len(unique.encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("disposition", "url", "expected"),
    [
        (None, "http://h/a.png", "image/png"),
        (None, "http://h/a.php", None),
        (None, "http://h/a", None),
        ('attachment; filename="a.zip"', "http://h/a.html", "application/zip"),
    ],
)
def test_a_link_promises_a_type_by_its_extension(disposition: str | None, url: str, expected: str | None) -> None:
    assert expected_type(disposition, url) == expected
