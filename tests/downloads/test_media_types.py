"""The table of types and extensions."""

import pytest

from downloads.media_types import Category, category_of, extension_for, extension_of, is_compressed, type_for


@pytest.mark.parametrize(
    ("name", "content_type", "category"),
    [
        ("a.jpg", None, Category.IMAGE),
        ("a.JPG", "application/octet-stream", Category.IMAGE),
        ("a.mkv", None, Category.VIDEO),
        ("a.tar.gz", None, Category.ARCHIVE),
        ("a.docx", None, Category.DOCUMENT),
        ("a.mp3", None, Category.OTHER),
        ("a", "image/png", Category.IMAGE),
        ("a", "image/x-never-heard", Category.IMAGE),
        ("a.unknown", "video/mp4", Category.VIDEO),
        ("a", "text/x-anything", Category.DOCUMENT),
        ("a", None, Category.OTHER),
    ],
)
def test_a_category_is_found_by_extension_then_type(name: str, content_type: str | None, category: Category) -> None:
    assert category_of(name, content_type) is category


@pytest.mark.parametrize(
    "extension", ["webp", "gz", "7z", "rar", "docx", "xlsx", "odt", "epub", "ogg", "flac", "mkv", "m4a", "woff2"]
)
def test_types_are_known_that_python_does_not_know_without_the_files_of_a_system(extension: str) -> None:
    assert extension_for(type_for(extension)) == extension


def test_types_that_servers_say_in_practice_are_known() -> None:
    assert extension_for("application/x-gzip") == "gz"
    assert extension_for("image/pjpeg") == "jpg"
    assert extension_for("application/octet-stream") is None


@pytest.mark.parametrize(
    ("name", "content_type", "compressed"),
    [
        ("a.tar.gz", "text/plain", True),
        ("a.svgz", None, True),
        ("a", "application/x-gzip", True),
        ("a.txt", "application/gzip", False),
        ("a.txt", None, False),
        ("a", None, False),
    ],
)
def test_files_that_are_themselves_compressed_are_known(name: str, content_type: str | None, compressed: bool) -> None:
    assert is_compressed(name, content_type) is compressed


def test_a_hidden_file_has_no_extension() -> None:
    assert extension_of(".bashrc") == ""
    assert extension_of("a.b.TXT") == "txt"
