"""Source text of plans: lines, levels of indentation, and the constants that the lines name.

Nothing that a client wrote becomes part of a line but as the `repr` of a response name, which is a GraphQL name.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


class Source:
    """A module that is being written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._level = 0
        self._names = 0
        self._constants: dict[str, Any] = {}

    def line(self, text: str) -> None:
        self._lines.append("    " * self._level + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines under `head`."""
        self.line(head)
        self._level += 1
        yield
        self._level -= 1

    def constant(self, value: Any) -> str:
        """The name by which the lines know `value`."""
        name = self.new_name("k")
        self._constants[name] = value
        return name

    def new_name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def function(self, name: str) -> Callable[..., Any]:
        """Compile the module, and return its function `name`."""
        namespace = dict(self._constants)
        exec(compile("\n".join(self._lines), "<plan>", "exec"), namespace)  # noqa: S102  see the module's first words
        found: Callable[..., Any] = namespace[name]
        return found


def name_literal(name: str) -> str:
    """A response name as it stands in a line.

    Raises:
        ValueError: It is no GraphQL name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    return repr(name)
