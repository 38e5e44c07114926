from pathlib import Path

import pytest

from storage.keys import file_key, path_under, upload_key


def test_keys_spread_over_folders_by_the_last_two_digits() -> None:
    assert upload_key("upload-1754556928-12a41dbec0f3") == "uploads/f3/upload-1754556928-12a41dbec0f3"
    assert file_key("file-1754556928-12a41dbec0f3") == "files/f3/file-1754556928-12a41dbec0f3"


def test_a_key_means_a_path_below_the_root() -> None:
    assert path_under(Path("/data"), "work/slice-1/out.csv") == Path("/data/work/slice-1/out.csv")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a/.hidden",
        "a\\b",
        "a\0b",
        "a b",
        "ä",
        "x" * 600,
    ],
)
def test_what_could_climb_or_hide_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        path_under(Path("/data"), key)
