"""A `Work` that keeps what a call tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from processors.contract import LogLevel, Options, Source


@dataclass
class FakeWork:
    """Keeps what a call told."""

    options: Options
    folder: Path
    inputs: Sequence[Source] = ()
    spool: dict[str, Path] = field(default_factory=dict)
    told: list[tuple[float, float | None]] = field(default_factory=list)
    lines: list[tuple[LogLevel, str]] = field(default_factory=list)
    answered: frozenset[str] = frozenset()
    resources: dict[str, Path] = field(default_factory=dict)

    def progress(self, done: float, total: float | None = None) -> None:
        """Keep it."""
        self.told.append((done, total))

    def log(self, level: LogLevel, message: str) -> None:
        """Keep it."""
        self.lines.append((level, message))
