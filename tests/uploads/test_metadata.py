import pytest

from base.errors import ErrorCode, Refusal
from tests.uploads.app_for_tests import base64_of
from uploads.metadata import Description, describe, described, parse_metadata


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
        ("a not base64", {"a": "not base64"}),
        ("a YQ", {"a": "YQ"}),
        ("a Y-_=,b YQ==", {"a": "Y-_=", "b": "a"}),
        ("name r\u00e9sum\u00e9.pdf", {"name": "r\u00e9sum\u00e9.pdf"}),
        ("schl\u00fcssel YQ==", {"schl\u00fcssel": "a"}),
    ],
)
def test_metadata_is_read_as_clients_send_it(header: str, pairs: dict[str, str]) -> None:
    assert parse_metadata(header) == pairs


@pytest.mark.parametrize("header", [",", "a YQ==,", "a YQ==,a YQ==", "k " + "A" * 20_000])
def test_broken_metadata_is_refused(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_metadata(header)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "Upload-Metadata")


def test_both_spellings_of_names_are_understood() -> None:
    uppy = {"name": "b.wav", "type": "audio/wav", "relativePath": "null", "externalId": "42"}
    assert describe(uppy) == Description("b.wav", "audio/wav", "42")
    assert describe(uppy | {"filename": "a.wav", "filetype": "audio/x-wav"}).filename == "a.wav"
    assert describe({}) == Description("file", "application/octet-stream", None)


def test_an_external_id_that_is_too_long_is_refused() -> None:
    assert described("a", None, "x" * 255).external_id == "x" * 255
    with pytest.raises(Refusal, match="255 characters"):
        described("a", None, "x" * 256)
