"""The processors of docs/processors.md do what the page says they do."""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from processors import contract
from processors.loading import check_processor
from tests.background.answering import answering
from tests.processors.documented import PAGE, documented_files

LEAST_LETTERS = 4


@pytest.fixture(autouse=True)
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The modules of the page can be imported."""
    folder = tmp_path / "packages"
    for path, text in documented_files().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(folder)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in {"wordcount", "pings"}]:
        del sys.modules[name]


def found(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


def test_the_documented_processor_counts_the_words_of_every_line(tmp_path: Path) -> None:
    kind, processor = found("wordcount.kind:KIND"), found("wordcount.processor:WordCount")()
    text = tmp_path / "text.txt"
    text.write_text("".join(f"a {'word ' * (number % 3)}\n" for number in range(250)))
    work = SimpleNamespace(folder=tmp_path, spool={}, options=kind.options(minLetters=LEAST_LETTERS))
    slices = list(processor.plan(work, [contract.Source("text.txt", text, text.stat().st_size, "text/plain")]))
    assert [len(part.names) for part in slices] == [100, 100, 50]
    assert slices[1].names[0] == "Line 101"
    results = [
        result
        for number, part in enumerate(slices)
        for result in processor.process(
            work,
            contract.AssignedSlice(number * 100, range(number * 100, number * 100 + len(part.names)), part.payload),
        )
    ]
    (made,) = processor.finish(work, results)
    assert made.path.read_text().splitlines()[:4] == ["0,0", "1,1", "2,2", "3,0"]
    assert [result.index for result in results] == list(range(250))


def test_the_documented_manifest_describes_it() -> None:
    kind = found("wordcount.kind:KIND")
    assert isinstance(kind, contract.Kind)
    assert (kind.name, kind.executor, kind.accept, kind.min_files, kind.max_files) == (
        "wordcount",
        "child",
        (".txt",),
        1,
        1,
    )
    check_processor(kind)


def test_the_documented_processor_takes_thirty_lines() -> None:
    code = [line for path, text in documented_files().items() if "wordcount/" in path for line in text.splitlines()]
    written = [line for line in code if line.strip() and not line.startswith(("import ", "from ", "#"))]
    assert len(written) <= 30
    assert "thirty lines" in re.sub(r"\s+", " ", PAGE)


async def test_the_documented_coroutines_ask_every_address(tmp_path: Path) -> None:
    kind, processor = found("pings.kind:PINGS"), found("pings.processor:Pings")()
    assert (kind.executor, kind.resource_class) == ("async_io", "network")
    folder = tmp_path / "call"
    folder.mkdir()
    async with answering() as server:
        text = tmp_path / "text.txt"
        text.write_text("".join(f"{server.url}/{number}\n" for number in range(3)))
        work = SimpleNamespace(folder=folder, spool={}, options=contract.Options())
        sources = [contract.Source("text.txt", text, text.stat().st_size, "text/plain")]
        (planned,) = [part async for part in processor.plan(work, sources)]
        part = contract.AssignedSlice(0, range(3), planned.payload)
        results = [result async for result in processor.process(work, part)]

    async def again() -> AsyncIterator[contract.ItemResult]:
        for result in results:
            yield result

    (made,) = [made async for made in processor.finish(work, again())]
    assert orjson.loads(made.path.read_bytes()) == [{"status": 200}] * 3
