"""The file `.env`: its names, and lines that say nothing."""

import logging
from collections.abc import Iterator
from pathlib import Path

from dotenv.parser import Binding, parse_stream

ENV_FILE = Path(".env")
logging.getLogger("dotenv").setLevel(logging.ERROR)  # it warns of such lines in words that tell nobody what to do


def names_in(file: Path) -> set[str]:
    """The names that are given a value there, in capitals; none where the file cannot be read."""
    try:
        return {one.key.upper() for one in _bindings(file) if one.key and one.value is not None}
    except (OSError, UnicodeDecodeError):
        return set()


def broken_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The number of each line that is neither a setting nor a comment, and its first word.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is no text in UTF-8.
    """
    for one in _bindings(file):
        words = one.original.string.split()
        if one.error or (one.key and one.value is None):
            yield one.original.line, words[0] if words else ""


def _bindings(file: Path) -> list[Binding]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8") as stream:
        return list(parse_stream(stream))
