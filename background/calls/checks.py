"""Checks of what a processor yields."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from processors.contract import FetchedBlob, ItemResult, MadeFile


def expect_result(index: int | None, item: ItemResult | None) -> Any:
    """`item`, if it is the one of `index`, or neither is there. Raises ValueError for any other."""
    if (item and item.index) != index:
        raise ValueError(f"result {index} was expected, the processor yielded {item and item.index}")
    return item


def check_result(item: ItemResult) -> ItemResult:
    """`item` with its result known to be a JSON object on one line, which nothing after this looks into again.

    Raises:
        TypeError: It is none.
    """
    if item.result is None:
        return item
    if not isinstance(value := orjson.loads(item.result), dict):
        raise TypeError(f"the result of item {item.index} is not a JSON object")
    return replace(item, result=orjson.dumps(value)) if b"\n" in item.result else item


def check_files(files: Iterable[MadeFile | FetchedBlob], folder: Path) -> None:
    """Raise ValueError where one of `files` does not lie in `folder` (absolute), or is not a file."""
    for made in files:
        if isinstance(made, FetchedBlob):
            continue
        path = made.path.resolve()
        if not (path.is_relative_to(folder) and path.is_file()):
            raise ValueError(f"{made.path} is not a file in the folder of the call")
