"""Fixtures: a run of the whole kind, from files to results."""

import io
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from processors.alignment.options import AlignmentOptions
from processors.alignment.processor import AlignmentProcessor
from processors.alignment.textgrid import TextGrid, read_textgrid
from processors.contract import AssignedSlice, FileRole, ItemResult, MadeFile, NeedsInput, PlannedSlice, Source, Summary
from tests.processors.fake_work import FakeWork


@dataclass
class Run:
    """A whole job; `question` is what planning asked, and nothing came after it."""

    summary: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    items: list[ItemResult] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    question: NeedsInput | None = None

    @property
    def results(self) -> list[dict[str, Any]]:
        """The result of each item."""
        return [orjson.loads(item.result) if item.result else {} for item in self.items]

    @property
    def error(self) -> str:
        """Why the only item failed; empty where it did not."""
        (item,) = self.items
        return item.error.message if item.error else ""

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        value: dict[str, Any] = orjson.loads(self.files["report.json"])
        return value

    def grid(self, index: int = 0) -> TextGrid:
        """The TextGrid of an item."""
        return read_textgrid(self.files[self.items[index].files[0].name])

    def words(self, index: int = 0, tier: str = "words") -> list[tuple[str, float, float]]:
        """The words of an item that have times."""
        (found,) = [one for one in self.grid(index).tiers if one.name == tier]
        return [(one.text, one.start, one.end) for one in found.intervals if one.text]


RunAlignment = Callable[..., Run]


def wav(samples: np.ndarray, rate: int = 16_000) -> bytes:
    """A WAV of 16 bit, one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, len(samples), "NONE", "not compressed"))
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture
def run_alignment(tmp_path: Path) -> RunAlignment:
    """Run the kind over files by name; options by the names of the API."""

    def run(
        files: Mapping[str, bytes],
        *,
        answered: frozenset[str] = frozenset(),
        resources: Mapping[str, Path] | None = None,
        **given: Any,
    ) -> Run:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        sources = []
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / f"input{number}"
            path.write_bytes(data)
            sources.append(Source(name, path, len(data), "application/octet-stream", f"upload-{number}"))
        work = FakeWork(AlignmentOptions.model_validate(given), folder, sources)
        work.answered, work.resources = answered, dict(resources or {})
        done = Run()
        try:
            slices = list(plan(work, done))
        except NeedsInput as question:
            done.question = question
            return done
        for planned in slices:
            process(work, planned, done)
        done.files |= {one.name: one.path.read_bytes() for one in AlignmentProcessor().finish(work, iter(done.items))}
        done.lines = [line for _, line in work.lines]
        return done

    return run


def plan(work: FakeWork, done: Run) -> Iterator[PlannedSlice]:
    """Plan, and keep what is found on the way."""
    for one in AlignmentProcessor().plan(work, work.inputs):
        match one:
            case PlannedSlice():
                yield one
            case Summary():
                done.summary = one.body
            case MadeFile():
                done.files[one.name] = one.path.read_bytes()
                if one.role is FileRole.INTERMEDIATE:
                    work.spool[one.name] = one.path


def process(work: FakeWork, planned: PlannedSlice, done: Run) -> None:
    """Do one slice."""
    first = len(done.items)
    done.names += planned.names
    part = AssignedSlice(first, range(first, first + len(planned.names)), planned.payload)
    for item in AlignmentProcessor().process(work, part):
        done.items.append(item)
        done.files |= {made.name: made.path.read_bytes() for made in item.files if isinstance(made, MadeFile)}
