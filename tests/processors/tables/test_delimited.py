"""Reading delimited text: encodings, delimiters, odd and hostile files."""

import tracemalloc
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from processors.tables.delimited import find_delimiter, read_delimited
from processors.tables.encodings import find_encoding
from processors.tables.text import Cell


def rows_of(path: Path, data: bytes) -> list[tuple[int, list[Cell]]]:
    """The rows of a file of these bytes."""
    path.write_bytes(data)
    return [(number, list(cells)) for number, cells in read_delimited(path).rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


GERMAN = "Name;E-Mail\r\nJürgen Groß;j@example.com\r\nKäthe Müller;k@example.com\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "utf-32"]
)
def test_german_text_is_read_in_every_usual_encoding(path: Path, encoding: str) -> None:
    assert rows_of(path, GERMAN.encode(encoding))[1] == (2, ["Jürgen Groß", "j@example.com"])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Имя,Город,Почта\nИван Петров,Москва,ivan@example.com\nАнна Смирнова,Казань,anna@example.com\n" * 3),
        ("cp1250", "Jméno,Město,E-mail\nŘehoř Žižka,Plzeň,r@example.com\nŠtěpán Ďuriš,Brno,s@example.com\n" * 3),
        ("cp1253", "Όνομα,Πόλη\nΓιώργος Παπαδόπουλος,Αθήνα\nΕλένη Νικολάου,Θεσσαλονίκη\n" * 3),
        ("cp932", "名前,会社\n山田太郎,株式会社東京\n鈴木花子,大阪商事\n" * 3),
        ("gb18030", "姓名,公司\n王小明,北京科技有限公司\n李娜,上海贸易公司\n" * 3),
        ("cp1252", "Nom,Société\nÉlodie Lefèvre,Crème brûlée\nFrançois,L’Œuvre – €5\n"),
        ("cp1252", "Nombre\nÍñigo Peña\n"),
        ("cp1252", "a,b\nSjögren,Åse\n"),
    ],
)
def test_older_encodings_are_recognised(path: Path, encoding: str, text: str) -> None:
    path.write_bytes(text.encode(encoding))
    assert [cell for _, row in read_delimited(path).rows for cell in row] == [
        cell for line in text.splitlines() for cell in line.split(",")
    ]


def test_one_stray_byte_at_the_end_of_a_long_file_does_not_break_it(path: Path) -> None:
    data = b"name,email\n" + b"anna,anna@example.com\n" * 100_000 + "Jürgen,j@example.com\n".encode("cp1252")
    assert rows_of(path, data)[-1] == (100_002, ["Jürgen", "j@example.com"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(path: Path, delimiter: str) -> None:
    lines = [("name", "email", "notes"), ("Anna", "a@example.com", "x"), ("Ben", "b@example.com", "y")]
    rows = rows_of(path, "\n".join(delimiter.join(line) for line in lines).encode())
    assert [tuple(cells) for _, cells in rows] == lines


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ('name;notes\n"Smith, Anna";"a, b, c"\nBen;"x, y, z"\n', ";"),
        ("name;amount\nAnna;1,50\nBen;2,75\nCara;3,10\n", ";"),
        ("Contacts of 3 March, all\n\nname;email\na;b\nc;d\n", ";"),
        ("anna@example.com\nben@example.com\n", ","),
        ("Smith, Anna\ta@example.com\nJones, Ben\tb@example.com\nLee\tc@example.com\n", "\t"),
        ("", ","),
        ('"Surname, given";Mail\n"Okafor, Ben";ben@example.com\n"Ruiz, Eva";eva@example.com\n', ";"),
        ('"a;b","c;d"\n"e;f","g;h"\n', ","),
        ('"Lund, Ida"\t"Lund, Ida"\n"Roth, Max"\t"Roth, Max"\n', "\t"),
        ('"Haus, klein"|7\n"Haus, gross"|8\n', "|"),
    ],
)
def test_the_delimiter_is_the_one_that_divides_most_evenly(text: str, delimiter: str) -> None:
    assert find_delimiter(text.splitlines(keepends=True)) == delimiter


def test_the_delimiter_that_excel_states_is_used_and_its_line_is_no_row(path: Path) -> None:
    assert rows_of(path, b"sep=;\r\na,b;c\r\n") == [(1, ["a,b", "c"])]


def test_line_breaks_in_quotes_belong_to_the_cell_and_rows_count_as_in_a_spreadsheet(path: Path) -> None:
    rows = rows_of(path, b'email,notes\n\na@example.com,"two\nlines"\nb@example.com,"a ""word"""\n')
    assert rows == [
        (1, ["email", "notes"]),
        (2, []),
        (3, ["a@example.com", "two\nlines"]),
        (4, ["b@example.com", 'a "word"']),
    ]


def test_old_macintosh_line_ends_work(path: Path) -> None:
    assert rows_of(path, b"a,b\rc,d\r") == [(1, ["a", "b"]), (2, ["c", "d"])]


def test_a_nul_byte_does_not_break_a_file(path: Path) -> None:
    assert len(rows_of(path, b"name,email\nAn\x00na,a@example.com\n")) == 2


def test_what_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(bytes(range(1, 32)) * 20)
    with pytest.raises(Refusal) as caught:
        read_delimited(path)
    assert caught.value.code is ErrorCode.CORRUPT_FILE
    assert caught.value.message == "The file is neither a workbook nor text. Save the table as .xlsx or .csv."


def test_a_line_of_50_megabytes_is_refused_in_little_memory(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"name,email\n")
        for _ in range(50):
            file.write(b"x" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(Refusal) as caught:
        read_delimited(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code is ErrorCode.CORRUPT_FILE
    assert caught.value.message.startswith("A line of the file is longer than 1 MiB")
    assert peak < 10_000_000


def test_a_cell_over_more_than_100_lines_is_noted(path: Path) -> None:
    path.write_bytes(
        b"name,email,notes\n" + b"ben,b@example.com,x\n" * 5 + b'Anna,a@example.com,"' + b"dear\n" * 200 + b'"\n'
    )
    table = read_delimited(path)
    assert len(list(table.rows)) == 7
    assert table.warnings == ["Row 7 goes over 201 lines."]


def test_a_row_of_too_many_columns_is_refused(path: Path) -> None:
    with pytest.raises(Refusal, match="Row 2 has 20,001 columns; a sheet has at most 16,384"):
        rows_of(path, b"a,b\n" + b"," * 20_000 + b"\n")


def test_more_rows_than_a_sheet_holds_are_refused(path: Path) -> None:
    path.write_bytes(b"a\n" * 1_048_577)
    with pytest.raises(Refusal) as caught:
        for _ in read_delimited(path).rows:
            pass
    assert caught.value.code is ErrorCode.FILE_TOO_LARGE


def test_lines_are_counted_for_progress(path: Path) -> None:
    path.write_bytes(b"a\nb\nc")
    assert find_encoding(path).lines == 3
