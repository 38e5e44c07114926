"""The page of downloads, against the API: its table of options, and its operations."""

import re
from pathlib import Path

import pytest
from annotated_types import Ge, Le
from graphql import parse, validate
from pydantic.fields import FieldInfo

from base.words import JobStatus
from downloads import planning
from downloads.download_options import DownloadOptions
from downloads.lifecycle import MAX_URLS, RELINKABLE
from downloads.wiring import PlanPatience
from jobs.recording.transfers import MAX_HOSTS
from schema.build import build_schema
from schema.types.options import shown_options

PAGE = (Path(__file__).parents[2] / "docs" / "downloads.md").read_text("utf-8")
OPERATIONS = re.findall(r"(?s)```graphql\n(.*?)```", PAGE)
_LARGEST = 2**53
"""What is as large is as large as can be said."""


def range_of(info: FieldInfo) -> str:
    """The least and the greatest value, as the page says them; empty where there are none."""
    least = [limit.ge for limit in info.metadata if isinstance(limit, Ge)]
    most = [limit.le for limit in info.metadata if isinstance(limit, Le)]
    if not least:
        return ""
    return f"{least[0]:,} or more" if most[0] >= _LARGEST else f"{least[0]:,} to {most[0]:,}"  # type: ignore[operator]


def default_of(info: FieldInfo) -> str:
    if info.default is None or info.default == ():
        return "none"
    return str(info.default).lower() if isinstance(info.default, bool) else str(info.default)


def rows() -> list[str]:
    shown = [(info.alias or name, info) for name, info in shown_options(DownloadOptions).items() if name != "url"]
    return [
        f"| `{name}` | {default_of(info)} | {range_of(info)} | {info.description} |".replace("|  |", "| |")
        for name, info in shown
    ]


def test_the_table_has_each_option_with_its_default_range_and_meaning() -> None:
    table = [line for line in PAGE.partition("## Options")[2].partition("\n## ")[0].splitlines() if "| `" in line]

    assert table == rows()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_of_the_page_fits_the_schema(operation: str) -> None:
    assert validate(build_schema()._schema, parse(operation)) == []


def test_the_numbers_and_statuses_of_the_page_are_those_of_the_code() -> None:
    assert len(OPERATIONS) >= 4
    assert f"1 to {MAX_URLS:,} URLs" in PAGE
    assert f"at most {MAX_HOSTS} of them" in PAGE
    assert f"at most {planning.MAX_FILES:,} files, asks the servers of the first {planning.MAX_PROBES}" in PAGE
    assert PlanPatience().resolve_seconds + PlanPatience().probe_seconds < 30
    assert {JobStatus.PAUSED, JobStatus.FAILED} == RELINKABLE
    assert "PAUSED or FAILED" in PAGE
