"""Fixtures: a run of the whole kind, from files to results."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from processors.contract import AssignedSlice, FileRole, ItemResult, MadeFile, PlannedSlice, Reference, Source
from processors.omr.options import OmrOptions
from processors.omr.processor import OmrProcessor
from tests.processors.fake_work import FakeWork
from tests.processors.omr.sheets import REFERENCE

Reviews = Mapping[int, dict[str, Any]]


@dataclass
class Run:
    """A whole job."""

    reference: str | None
    names: list[str]
    items: list[ItemResult]
    files: dict[str, Path]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The result of each item."""
        return [orjson.loads(item.result) if item.result else {} for item in self.items]

    @property
    def rows(self) -> list[dict[str, str]]:
        """answers.csv."""
        return self.table("answers.csv")

    def table(self, name: str) -> list[dict[str, str]]:
        """A CSV file."""
        return list(csv.DictReader(io.StringIO(self.files[name].read_text("utf-8-sig"))))

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        value: dict[str, Any] = orjson.loads(self.files["report.json"].read_bytes())
        return value


RunOmr = Callable[..., Run]


@pytest.fixture
def run_omr(tmp_path: Path) -> RunOmr:
    """Run the kind over files by name; options by the names of the API."""

    def run(files: Mapping[str, bytes], *, reviews: Reviews | None = None, **given: Any) -> Run:
        options = OmrOptions.model_validate({"strategy": "IMAGES", "reference": REFERENCE} | given)
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        sources = []
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / f"input{number}"
            path.write_bytes(data)
            sources.append(Source(name, path, len(data), "application/octet-stream", f"upload-{number}"))
        work = FakeWork(options, folder, sources)
        slices, reference = [], None
        for one in OmrProcessor().plan(work, sources):
            match one:
                case PlannedSlice():
                    slices.append(one)
                case Reference():
                    reference = one.text
                case MadeFile():
                    assert one.role is FileRole.INTERMEDIATE
                    work.spool[one.name] = one.path
        items: list[ItemResult] = []
        for planned in slices:
            first = len(items)
            part = AssignedSlice(first, range(first, first + len(planned.names)), planned.payload, dict(reviews or {}))
            items.extend(OmrProcessor().process(work, part))
        made = {file.name: file.path for file in OmrProcessor().finish(work, iter(items))}
        return Run(reference, [name for one in slices for name in one.names], items, made)

    return run
