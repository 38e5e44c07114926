import pytest

from serving.names import clean_content_type, content_disposition, display_name, file_name, is_safe_inline

CSV = "text/csv"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("leads.csv", 'attachment; filename="leads.csv"'),
        ("my leads (2).csv", 'attachment; filename="my leads (2).csv"'),
        ("Müller.csv", "attachment; filename=\"Muller.csv\"; filename*=UTF-8''M%C3%BCller.csv"),
        ("結果.csv", "attachment; filename=\"__.csv\"; filename*=UTF-8''%E7%B5%90%E6%9E%9C.csv"),
        ('a"b.csv', "attachment; filename=\"a_b.csv\"; filename*=UTF-8''a%22b.csv"),
        ("100%41.csv", "attachment; filename=\"100_41.csv\"; filename*=UTF-8''100%2541.csv"),
        ("a\r\nSet-Cookie: x=1.csv", 'attachment; filename="aSet-Cookie: x=1.csv"'),
        ("a;b'c.csv", 'attachment; filename="a;b\'c.csv"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("evil\u202egnp.exe", 'attachment; filename="evilgnp.exe"'),
        ("a\uff02b\uff0fc.csv", "attachment; filename=\"a_b_c.csv\"; filename*=UTF-8''a%EF%BC%82b%EF%BC%8Fc.csv"),
        ("\udce4.csv", 'attachment; filename=".csv"'),
        ("", 'attachment; filename="file"'),
    ],
)
def test_content_disposition_of(name: str, header: str) -> None:
    assert content_disposition(name, CSV) == header
    header.encode("ascii")


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif", "audio/mpeg", "video/mp4", "text/plain",
     "TEXT/PLAIN; charset=utf-8"],
)  # fmt: skip
def test_media_and_plain_text_are_shown(content_type: str) -> None:
    assert is_safe_inline(content_type)
    assert content_disposition("a", content_type).startswith("inline; ")


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "image/svg+xml", "application/pdf", "application/xhtml+xml", "text/xml", "text/csv", "application/json",
     "application/octet-stream", "", "audio/", "text/plain\r\nX: y", "text/html, audio/mpeg",
     "image/x+xml", "audio/x.xml", "video/a+svg", "image/svg", "image/xsvg-compressed"],
)  # fmt: skip
def test_everything_else_is_saved(content_type: str) -> None:
    assert not is_safe_inline(content_type)


@pytest.mark.parametrize("name", [".", "..", "...", "", "\0", "/", "a/..", "\r\n"])
def test_a_name_is_never_a_folder(name: str) -> None:
    assert file_name(name) == "file"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("leads.xlsx", "leads.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\leads.xlsx", "leads.xlsx"),
        ("folder/", "file"),
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        ("  spaced .csv ", "spaced .csv"),
        ("a\r\nSet-Cookie: b\x00.csv", "aSet-Cookie: b.csv"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("Grüße 表.csv", "Grüße 表.csv"),
        (".env", ".env"),
    ],
)
def test_names_are_safe_to_show(name: str, shown: str) -> None:
    assert display_name(name) == shown


def test_a_long_name_keeps_its_ending() -> None:
    assert display_name("x" * 300 + ".tar") == "x" * 251 + ".tar"
    assert display_name("y" * 300) == "y" * 255
    assert display_name("." + "z" * 300) == "." + "z" * 254


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("image/svg+xml", "image/svg+xml"),
        ("null", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("a/b/c", "application/octet-stream"),
        ("x/" + "y" * 300, "application/octet-stream"),
    ],
)
def test_a_content_type_is_a_type_and_a_subtype(text: str, type_: str) -> None:
    assert clean_content_type(text) == type_
