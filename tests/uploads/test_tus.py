from datetime import datetime, timedelta, timezone

import pytest

from base.errors import ErrorCode, Refusal
from uploads import tus


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("5", 5), ("007", 7), (str(2**63 - 1), 2**63 - 1)])
def test_ascii_digits_are_a_number(text: str, number: int) -> None:
    assert tus.number_of({"upload-length": text}, "Upload-Length") == number


@pytest.mark.parametrize(
    "text", ["", "+5", "-1", " 5", "5 ", "5.0", "5_0", "0x5", "1e3", "\u0665", "²", "five", str(2**63), "9" * 30, "5\n"]
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        tus.number_of({"upload-length": text}, "Upload-Length")
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "Upload-Length")


def test_a_header_that_is_not_sent_is_no_number_and_no_error() -> None:
    assert tus.number_of({}, "Upload-Length") is None


@pytest.mark.parametrize("headers", [{}, {"tus-resumable": "0.2.2"}, {"tus-resumable": "1.0.0, 1.0.0"}])
def test_another_version_is_412_with_ours(headers: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        tus.check_version(headers)
    assert refused.value.http_status == 412
    assert refused.value.headers == {"Tus-Version": "1.0.0"}


@pytest.mark.parametrize(
    ("headers", "creation"),
    [
        ({"upload-length": "5"}, tus.Creation(5)),
        ({"upload-length": "0"}, tus.Creation(0)),
        ({"upload-defer-length": "1"}, tus.Creation(None)),
        ({"upload-length": "5", "upload-concat": "partial"}, tus.Creation(5, "partial")),
        ({"upload-defer-length": "1", "upload-concat": "partial"}, tus.Creation(None, "partial")),
        (
            {"upload-concat": "final;/files/a /files/b"},
            tus.Creation(None, "final;/files/a /files/b", ("/files/a", "/files/b")),
        ),
        ({"upload-concat": "final;  /a   /a "}, tus.Creation(None, "final;  /a   /a ", ("/a", "/a"))),
    ],
)
def test_what_is_to_be_created(headers: dict[str, str], creation: tus.Creation) -> None:
    assert tus.creation_of(headers, 10) == creation
    assert creation.is_partial is (headers.get("upload-concat") == "partial")


def test_a_length_over_the_limit_is_413_with_the_limit() -> None:
    with pytest.raises(Refusal) as refused:
        tus.creation_of({"upload-length": "11"}, 10)
    assert (refused.value.http_status, refused.value.headers) == (413, {"Tus-Max-Size": "10"})


def test_a_moment_is_written_as_http_dates_are() -> None:
    moment = datetime(2026, 11, 25, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert tus.date_of(moment) == "Wed, 25 Nov 2026 00:02:03 GMT"


def test_the_method_override_wins_in_any_case() -> None:
    assert tus.effective_method("POST", {"x-http-method-override": "patch"}) == "PATCH"
    assert tus.effective_method("HEAD", {}) == "HEAD"


@pytest.mark.parametrize(
    "text", [tus.CONTENT_TYPE, "Application/Offset+Octet-Stream", f"{tus.CONTENT_TYPE}; charset=x"]
)
def test_the_content_type_is_known_in_any_case_and_with_parameters(text: str) -> None:
    assert tus.has_content_type({"content-type": text})


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/octet-stream"}, {"content-type": ""}])
def test_other_content_types_are_not_ours(headers: dict[str, str]) -> None:
    assert not tus.has_content_type(headers)


def test_lists_for_clients_have_no_spaces() -> None:
    assert " " not in tus.EXTENSIONS


def test_pages_of_other_origins_may_send_and_read_what_clients_use() -> None:
    assert {"Upload-Checksum", "X-HTTP-Method-Override", "X-Request-ID", "Authorization"} <= set(tus.ALLOWED_HEADERS)
    assert {"Location", "Upload-Offset", "Upload-Expires", "Retry-After", "ETag"} <= set(tus.EXPOSED_HEADERS)
    assert set(tus.METHODS) == {"POST", "HEAD", "PATCH", "OPTIONS", "GET", "DELETE"}
