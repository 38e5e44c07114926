"""Fixtures: a fake `Work`, and a run from file to results."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from processors.contract import AssignedSlice, ItemResult, MadeFile, PlannedSlice, Source
from processors.leads.options import LeadsOptions
from processors.leads.processor import LeadsProcessor
from tests.processors.fake_work import FakeWork


@dataclass
class Run:
    """A whole job."""

    slices: list[PlannedSlice]
    items: list[ItemResult]
    files: dict[str, MadeFile]
    lines: list[str]
    spooled: dict[str, bytes]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The result of each item."""
        return [orjson.loads(item.result) if item.result else {} for item in self.items]

    @property
    def names(self) -> list[str]:
        """The name of each item."""
        return [name for one in self.slices for name in one.names]

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        value: dict[str, Any] = orjson.loads(self.files["report.json"].path.read_bytes())
        return value

    @property
    def csv_rows(self) -> list[dict[str, str]]:
        """The rows of leads.csv by heading."""
        text = self.files["leads.csv"].path.read_text("utf-8-sig")
        return list(csv.DictReader(text.splitlines()))


RunLeads = Callable[..., Run]


@pytest.fixture
def run_leads(tmp_path: Path) -> RunLeads:
    """Plan, process and finish a file of these bytes."""
    count = 0

    def run(name: str, data: bytes | Path, **options: Any) -> Run:
        nonlocal count
        count += 1
        folder = tmp_path / f"run{count}"
        folder.mkdir()
        path = data if isinstance(data, Path) else folder / "upload"
        if isinstance(data, bytes):
            path.write_bytes(data)
        return run_file(name, path, folder, LeadsOptions.model_validate(options))

    return run


def run_file(name: str, path: Path, folder: Path, options: LeadsOptions) -> Run:
    """The three calls, each with a folder of its own, as Waybill makes them."""
    processor = LeadsProcessor()
    works = []
    for call in ("plan", "process", "finish"):
        (folder / call).mkdir()
        works.append(FakeWork(options, folder / call))
    plan, process, finish = works
    slices, spool = [], {}
    for made in processor.plan(plan, [Source(name, path, path.stat().st_size, "application/octet-stream")]):
        if isinstance(made, PlannedSlice):
            slices.append(made)
        else:
            spool[made.name] = made.path
    process.spool = finish.spool = spool
    items: list[ItemResult] = []
    for one in slices:
        items += processor.process(process, as_part(one, len(items)))
    files = {made.name: made for made in processor.finish(finish, iter(items))}
    lines = [line for work in works for _, line in work.lines]
    return Run(slices, items, files, lines, {key: value.read_bytes() for key, value in spool.items()})


def as_part(planned: PlannedSlice, first: int, indices: Sequence[int] | None = None) -> AssignedSlice:
    """What `process` gets for a planned slice."""
    return AssignedSlice(
        first, indices if indices is not None else range(first, first + len(planned.names)), planned.payload
    )
