"""Guides are the PDFs of one folder, under friendly titles."""

from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from results.guides import find_guide, guides_folder, list_guides, title_of
from tests.web_app import settings_for


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("getting-started.pdf", "Getting started"), ("02 - Uploads.pdf", "Uploads"), ("1_the_API.PDF", "The API"),
        ("2026.pdf", "2026"), ("007.pdf", "007"), ("12 Monkeys.pdf", "Monkeys"), ("überblick.pdf", "Überblick"),
        ("2026-11 report.pdf", "2026 11 report"), ("-.pdf", "-"), ("v1.2 notes.pdf", "V1.2 notes"),
    ],
)  # fmt: skip
def test_titles_are_made_of_names(filename: str, title: str) -> None:
    assert title_of(filename) == title


def test_pdfs_are_listed_by_name_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.pdf", "A.PDF", "notes.txt", ".hidden.pdf"):
        (tmp_path / name).write_bytes(b"1234")
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "link.pdf").symlink_to(tmp_path / "b.pdf")
    assert [(guide.title, guide.filename, guide.size_bytes) for guide in list_guides(tmp_path)] == [
        ("A", "A.PDF", 4), ("B", "b.pdf", 4),
    ]  # fmt: skip
    assert find_guide(tmp_path, "b.pdf").path == tmp_path / "b.pdf"
    with pytest.raises(Refusal) as caught:
        find_guide(tmp_path, "notes.txt")
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert list_guides(tmp_path / "missing") == []
    (tmp_path / "file").write_text("x")
    assert list_guides(tmp_path / "file") == []


def test_the_folder_lies_in_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert guides_folder(settings_for(tmp_path)) == tmp_path / "guides"
    assert guides_folder(settings_for(tmp_path, guides_dir="/srv/guides")) == Path("/srv/guides")
