"""Every setting and every error code is documented, as it is."""

import re
from pathlib import Path

import pytest

from auth.audit import Action
from base.errors import ErrorCode, Refusal
from base.settings import PREFIX, Settings
from base.words import Role
from schema.documents import MAX_ALIASES, MAX_COST, MAX_DEPTH, MAX_TOKENS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
ERRORS = (ROOT / "docs" / "errors.md").read_text()


def rows_of(text: str) -> list[list[str]]:
    """The cells of the lines of tables whose first cell is code."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_setting_and_no_other_is_in_the_table_of_the_readme() -> None:
    named = [row[0].strip("`") for row in rows_of((ROOT / "README.md").read_text()) if row[0].startswith(f"`{PREFIX}")]

    assert named == [PREFIX + name.upper() for name in Settings.model_fields]


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for path in DOCUMENTS:
        assert set(re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*[A-Z]\b", path.read_text())) <= known, path


def test_every_code_has_its_row_in_order_with_its_status() -> None:
    rows = [(row[0].strip("`"), int(row[1])) for row in rows_of(ERRORS)]

    assert rows == [(str(code), Refusal(code, "").http_status) for code in ErrorCode]


def test_every_row_says_when_and_what_to_do() -> None:
    assert [row for row in rows_of(ERRORS) if len(row) != 4 or not all(row)] == []


@pytest.mark.parametrize("limit", [MAX_TOKENS, MAX_DEPTH, MAX_ALIASES, MAX_COST])
def test_the_limits_of_queries_are_those_of_the_program(limit: int) -> None:
    (row,) = [row for row in rows_of(ERRORS) if row[0] == "`QUERY_TOO_COMPLEX`"]

    assert re.search(rf"\b{limit:,}\b", row[2])


def test_links_between_documents_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_act_of_the_audit_log_is_documented() -> None:
    named = {
        word
        for row in rows_of((ROOT / "docs" / "rights.md").read_text())
        for word in re.findall(r"`([A-Z_]+)`", row[0])
    }

    assert named - {str(role) for role in Role} == {str(action) for action in Action}
