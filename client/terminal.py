"""Terminal output of the demo: bars, tables, a little colour.

It is plain lines where the output is no terminal.
"""

import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence

BAR_CELLS = 28
LABEL_CELLS = 12
CELL_LIMIT = 28
BOLD, DIM, GREEN, CYAN = "1", "2", "32", "36"


class Screen:
    """Writes to stdout; `is_live` on a terminal, `is_coloured` there unless NO_COLOR is set (https://no-color.org)."""

    def __init__(self) -> None:
        self.is_live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.is_coloured = self.is_live and not os.environ.get("NO_COLOR")
        self._full, self._empty = ("━", "─") if (sys.stdout.encoding or "").lower().startswith("utf") else ("#", "-")
        self._bars: dict[str, str] = {}
        self._tenths: dict[str, int] = {}
        self._drawn = 0

    @property
    def width(self) -> int:
        return shutil.get_terminal_size().columns

    def line(self, text: str = "") -> None:
        """One line, below everything."""
        self._drawn = 0
        print(text, flush=True)

    def title(self, text: str) -> None:
        self.line(f"\n{self.paint(text, BOLD)}")

    def fact(self, label: str, text: str) -> None:
        """A line with a label before it."""
        self.line(f"  {self.paint(f'{label:{LABEL_CELLS}}', DIM)}{text}")

    def paint(self, text: str, style: str) -> str:
        return f"\033[{style}m{text}\033[0m" if self.is_coloured else text

    def bar(self, label: str, fraction: float, text: str) -> None:
        """Move the bar `label` to `fraction` (0 to 1); where nothing can be redrawn, a line at every tenth."""
        if self.is_live:
            self._bars[label] = self._bar_line(label, fraction, text)
            self._redraw()
        elif (tenth := int(fraction * 10)) > self._tenths.get(label, -1):
            self._tenths[label] = tenth
            self.line(f"  {label:{LABEL_CELLS}}{_percent(fraction)}  {text}")

    def table(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Rows under the names of their columns; as many columns as the terminal has room for."""
        columns = [
            [name.upper(), *(_cell(row.get(name)) for row in rows)]
            for name in (rows[0] if rows else ())
            if any(row.get(name) not in (None, "", [], {}) for row in rows)
        ]
        shown, room = [], self.width - 2
        for column in columns:
            cells = max(map(len, column))
            if cells > room:
                break
            shown.append([f"{text:{cells}}" for text in column])
            room -= cells + 2
        for number, texts in enumerate(zip(*shown, strict=True)):
            row = "  ".join(texts).rstrip()
            self.line(f"  {row if number else self.paint(row, DIM)}")

    def _bar_line(self, label: str, fraction: float, text: str) -> str:
        full = round(min(max(fraction, 0.0), 1.0) * BAR_CELLS)
        plain = 2 + LABEL_CELLS + BAR_CELLS + len("  100 %  ")
        bar = self.paint(self._full * full, GREEN if full == BAR_CELLS else CYAN)
        rest = self.paint(self._empty * (BAR_CELLS - full), DIM)
        return f"  {label:{LABEL_CELLS}}{bar}{rest}  {_percent(fraction)}  {text[: max(0, self.width - plain - 1)]}"

    def _redraw(self) -> None:
        up = f"\033[{self._drawn}A" if self._drawn else ""
        print(up + "".join(f"\r\033[K{bar}\n" for bar in self._bars.values()), end="", flush=True)
        self._drawn = len(self._bars)


def _percent(fraction: float) -> str:
    """`fraction` rounded down: 100 % is only what is complete."""
    return f"{math.floor(fraction * 100 + 1e-9):3} %"


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= CELL_LIMIT else f"{text[: CELL_LIMIT - 1]}…"


def size_text(size_bytes: float) -> str:
    """A number of bytes for people: `48.2 KiB`."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"
