"""The processor of docs/processors.md does what the page says it does."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson

from processors import contract

PAGE = Path(__file__).parents[2] / "docs" / "processors.md"


def documented_processor() -> Any:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {**{name: getattr(contract, name) for name in contract.__all__}, "orjson": orjson}
    exec(code[1], names)
    return names["WordCount"]()


def test_the_documented_processor_counts_the_words_of_every_line(tmp_path: Path) -> None:
    processor = documented_processor()
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{'word ' * (number % 3)}\n" for number in range(250)))
    work = SimpleNamespace(folder=tmp_path, spool={}, options=contract.Options())
    slices = list(processor.plan(work, [contract.Source("text.txt", text, text.stat().st_size, "text/plain")]))
    assert [len(part.names) for part in slices] == [100, 100, 50]
    assert slices[1].names[0] == "Line 101"
    results = [
        result
        for number, part in enumerate(slices)
        for result in processor.process(
            work, contract.Slice(number * 100, range(number * 100, number * 100 + len(part.names)), part.payload)
        )
    ]
    (made,) = processor.finish(work, results)
    assert made.path.read_text().splitlines()[:4] == ["0,0", "1,1", "2,2", "3,0"]
    assert [result.index for result in results] == list(range(250))
