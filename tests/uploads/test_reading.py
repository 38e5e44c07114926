import pytest

from uploads.reading import is_known_range, is_safe_inline, names_etag


@pytest.mark.parametrize("type_", ["image/png", "audio/wav", "video/mp4", "text/plain"])
def test_what_cannot_run_may_be_shown(type_: str) -> None:
    assert is_safe_inline(type_)


@pytest.mark.parametrize(
    "type_", ["image/svg+xml", "text/html", "application/pdf", "text/csv", "application/octet-stream"]
)
def test_everything_else_is_saved(type_: str) -> None:
    assert not is_safe_inline(type_)


@pytest.mark.parametrize("range_", ["bytes=0-", "bytes=0-4", "bytes=-5", "bytes=0-1, 3-4", "bytes = 0-1"])
def test_ranges_of_bytes_are_known(range_: str) -> None:
    assert is_known_range(range_)


@pytest.mark.parametrize("range_", ["", "lines=1-2", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=0-1,"])
def test_other_ranges_are_ignored(range_: str) -> None:
    assert not is_known_range(range_)


def test_etags_are_compared_weakly_and_in_lists() -> None:
    assert names_etag('"a", W/"b"', '"b"')
    assert names_etag("*", '"b"')
    assert not names_etag("", '"b"')
    assert not names_etag('"bb"', '"b"')
