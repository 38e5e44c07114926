"""Reading text with broken bytes and with odd quotation marks."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from processors.tables.delimited import read_delimited
from processors.tables.encodings import find_encoding
from tests.processors.leads.conftest import RunLeads

HEADER = "Name,E-Mail,Phone\n"
PEOPLE = [[f"Person {number}", f"p{number}@example.com", f"030 55501{number}"] for number in range(10, 30)]
LINES = "".join(",".join(person) + "\n" for person in PEOPLE)
QUOTED = "".join(",".join(f'"{cell}"' for cell in person) + "\n" for person in PEOPLE)
UMLAUTS = "Name,E-Mail\n" + "Jürgen Groß,j@example.com\nKäthe Öz,k@example.com\n" * 5
STRAY = "A quotation mark that opens a cell has no end: it was read as plain text, in"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def read(path: Path, data: bytes) -> tuple[list[Sequence[object]], list[str]]:
    """The cells of all rows, and the warnings."""
    path.write_bytes(data)
    table = read_delimited(path)
    return [list(cells) for _, cells in table.rows], table.warnings


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("Jörg".encode("cp1252"), "Jörg"),
        ("Zoë Łuk".encode().replace("ë".encode(), b"\xeb"), "Zoë Łuk"),
        ("Müller – Söhne".encode("cp1252"), "Müller – Söhne"),
        (b"Ann\xe2\x82 Ott", "Ann� Ott"),
        (b"Ann\xc3", "Ann�"),
    ],
)
def test_a_broken_byte_is_mended_alone_and_its_row_is_said(path: Path, broken: bytes, name: str) -> None:
    rows, warnings = read(path, UMLAUTS.encode() + broken + b",x@example.com\n" + UMLAUTS.encode())
    assert rows[11] == [name, "x@example.com"]
    assert [row[0] for row in rows if row[1] == "k@example.com"] == ["Käthe Öz"] * 10
    assert warnings == [
        "Some bytes are no UTF-8: they were read as Windows-1252, or as � where a character was cut, in row 12."
    ]


def test_a_broken_pair_of_utf_16_is_one_character(path: Path) -> None:
    rows, warnings = read(path, UMLAUTS.encode("utf-16") + b"\x00\xd8" + "x,x@example.com\n".encode("utf-16-le"))
    assert [row[0] for row in rows[1:3]] == ["Jürgen Groß", "Käthe Öz"]
    assert rows[11][1] == "x@example.com"
    assert warnings == ["Some bytes are no UTF-16: they were read as �, in row 12."]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (UMLAUTS.encode(), "utf-8"),
        (UMLAUTS.encode("cp1252"), "cp1252"),
        (UMLAUTS.encode("cp1252") + "Jörg,x@example.com\n".encode(), "cp1252"),
        (UMLAUTS.encode() + "Jörg,x@example.com\n".encode("cp1252"), "utf-8"),
        (b"Anna,a@example.com\n" * 9 + "Jörg,x@example.com\n".encode("cp1252"), "cp1252"),
        ("ä".encode() * 600_000 + b"\n", "utf-8"),
        (b"x" + "ä".encode() * 600_000 + b"\n", "utf-8"),
    ],
)
def test_the_encoding_goes_by_most_characters(path: Path, data: bytes, encoding: str) -> None:
    path.write_bytes(data)
    assert find_encoding(path).name == encoding


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('"Anna Ott,a@example.com,030 5550188\n', ['"Anna Ott', "a@example.com", "030 5550188"]),
        ('Anna Ott,a@example.com,"030 5550188\n', ["Anna Ott", "a@example.com", '"030 5550188']),
        ('"The Old Mill,"a@example.com","030 5550188"\n', ['"The Old Mill', "a@example.com", "030 5550188"]),
    ],
)
@pytest.mark.parametrize("others", [LINES, QUOTED])
def test_a_mark_without_an_end_swallows_no_row(path: Path, line: str, cells: list[str], others: str) -> None:
    rows, warnings = read(path, (HEADER + others + line + others).encode())
    assert rows[1:21] == rows[22:] == PEOPLE
    assert rows[21] == cells
    assert warnings == [f"{STRAY} row 22."]


def test_marks_without_an_end_are_found_again_and_again(path: Path) -> None:
    odd = '"Anna,a@example.com,030 5550188\n'
    rows, warnings = read(path, (HEADER + odd + odd + LINES + odd + LINES).encode())
    assert len(rows) == 44
    assert warnings == [f"{STRAY} rows 2, 3 and 24."]


def test_a_first_row_with_a_mark_without_an_end_swallows_no_row(path: Path) -> None:
    rows, _ = read(path, ('"' + HEADER + LINES).encode())
    assert rows[1:] == PEOPLE


@pytest.mark.parametrize(
    ("written", "note"),
    [
        ('"first\nsecond\n\nfourth"', "first\nsecond\n\nfourth"),
        ('"Dear Sir, or Madam,\ncall, please, b@example.com\n"', "Dear Sir, or Madam,\ncall, please, b@example.com\n"),
        ('"From, x@example.com, 3\nand, y@example.com, 4\nbye"', "From, x@example.com, 3\nand, y@example.com, 4\nbye"),
        ('"he said ""no"",\nthen left"', 'he said "no",\nthen left'),
        ('"a ""b\r\nc"" d"', 'a "b\r\nc" d'),
        ('"' + "line\n" * 300 + '"', "line\n" * 300),
        ('5" pipe', '5" pipe'),
        ('"The "Mill" Ltd"', 'The "Mill" Ltd'),
        ('"called \\"Ben, the boss\\" twice"', 'called "Ben, the boss" twice'),
        ('"the \\"Mill\\""', 'the "Mill"'),
        ('"C:\\dir\\"', "C:\\dir\\"),
    ],
)
def test_what_belongs_to_a_cell_stays_in_it(path: Path, written: str, note: str) -> None:
    one = f"Anna,a@example.com,{written}\nBen,b@example.com,ok\n"
    rows, warnings = read(path, ("Name,E-Mail,Note\n" + one * 4).encode())
    assert rows[1:] == [["Anna", "a@example.com", note], ["Ben", "b@example.com", "ok"]] * 4
    assert not [warning for warning in warnings if "mark" in warning]


def test_a_file_that_ends_within_a_cell_keeps_what_is_there(path: Path) -> None:
    rows, warnings = read(path, (HEADER + LINES + 'Anna,a@example.com,"030 55').encode())
    assert rows[-1] == ["Anna", "a@example.com", "030 55"]
    assert warnings == ["The file ends within the quotation marks of a cell, as if its end were cut off, in row 22."]


WITH_NOTES = b"Name,E-mail,Notes\n" + b"".join(b"Lead %d,lead%d@example.com,x\n" % (n, n) for n in range(5))


@pytest.mark.parametrize(
    "rows",
    [
        b'Ben,ben@example.com,"hi\nCara,cara@example.com,yo"\n',
        b'"Ben,ben@example.com,hi\nCara,cara@example.com,yo"\n',
        b'Ben,ben@example.com,"call\nCara,cara@example.com,"\n',
    ],
)
def test_two_stray_marks_on_neighbouring_lines_hide_no_row(run_leads: RunLeads, rows: bytes) -> None:
    emails = [result["email"] for result in run_leads("a.csv", WITH_NOTES + rows).results]
    assert emails[5:] == ["ben@example.com", "cara@example.com"]


@pytest.mark.parametrize(
    ("note", "read"),
    [
        (b'"two\nlines"', "two lines"),
        (b'"Hauptstr. 1, Ulm\nGermany, EU"', "Hauptstr. 1, Ulm Germany, EU"),
        (b'"cc: cara@example.com\nDan, Eve, Fay"', "cc: cara@example.com Dan, Eve, Fay"),
    ],
)
def test_a_cell_of_two_lines_stays_one(run_leads: RunLeads, note: bytes, read: str) -> None:
    results = run_leads("a.csv", WITH_NOTES + b"Ben,ben@example.com," + note + b"\n").results
    assert (len(results), results[5]["notes"]) == (6, read)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"Ann \"Bee\" Lee", 'Ann "Bee" Lee'),
        (r"\"Anna\" Ott", '"Anna" Ott'),
        (r"Max 6\"", 'Max 6"'),
        (r"C:\Mill", r"C:\Mill"),
        (r'"Ann \"Bee\" Lee"', 'Ann "Bee" Lee'),
        (r'"C:\""Mill"" Co"', r'C:\"Mill" Co'),
    ],
)
def test_a_mark_after_a_backslash_is_one_in_a_cell_without_marks_around_it(path: Path, written: str, name: str) -> None:
    rows, warnings = read(path, f"{HEADER}{LINES}{written},x@example.com,030 555019\n{LINES}".encode())
    assert (rows[21], warnings) == ([name, "x@example.com", "030 555019"], [])
    assert len(rows) == 42


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_with_and_without_marks_around_them_may_have_backslashes_in_one_row(path: Path, delimiter: str) -> None:
    row = delimiter.join(['"Ann \\"Bee\\" Lee"', r"a \"b\" c", f'"x{delimiter}y"'])
    data = delimiter.join(["Name", "Note", "Other"]) + "\n" + (delimiter.join("abc") + "\n") * 9 + row + "\n"
    assert read(path, data.encode())[0][10] == ['Ann "Bee" Lee', 'a "b" c', f"x{delimiter}y"]
