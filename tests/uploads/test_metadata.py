import pytest

from base.errors import ErrorCode, Refusal
from tests.uploads.app_for_tests import base64_of
from uploads.metadata import Description, clean_content_type, describe, described, display_name, parse_metadata


@pytest.mark.parametrize(
    ("header", "pairs"),
    [
        ("", {}),
        ("   ", {}),
        ("is_draft", {"is_draft": ""}),
        ("is_draft ", {"is_draft": ""}),
        (f"filename {base64_of('a.csv')}", {"filename": "a.csv"}),
        (f"filename {base64_of('a.csv')},empty", {"filename": "a.csv", "empty": ""}),
        (f"filename {base64_of('a.csv')} , type {base64_of('text/csv')}", {"filename": "a.csv", "type": "text/csv"}),
        ("bytes /w==", {"bytes": "\ufffd"}),
        ("nul YQBi", {"nul": "ab"}),
        ("schl\u00fcssel YQ==", {"schl\u00fcssel": "a"}),
    ],
)
def test_metadata_is_read_as_clients_send_it(header: str, pairs: dict[str, str]) -> None:
    assert parse_metadata(header) == pairs


@pytest.mark.parametrize(
    "header", [",", "a YQ==,", "a YQ==,a YQ==", "a not base64", "a YQ", "a Y-_=", "k " + "A" * 20_000]
)
def test_broken_metadata_is_refused(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_metadata(header)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "Upload-Metadata")


def test_both_spellings_of_names_are_understood() -> None:
    uppy = {"name": "b.wav", "type": "audio/wav", "relativePath": "null", "externalId": "42"}
    assert describe(uppy) == Description("b.wav", "audio/wav", "42")
    assert describe(uppy | {"filename": "a.wav", "filetype": "audio/x-wav"}).filename == "a.wav"
    assert describe({}) == Description("file", "application/octet-stream", None)


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


def test_an_external_id_that_is_too_long_is_refused() -> None:
    assert described("a", None, "x" * 255).external_id == "x" * 255
    with pytest.raises(Refusal, match="255 characters"):
        described("a", None, "x" * 256)
