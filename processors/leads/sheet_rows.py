"""Rows of a sheet as XML: text as inline strings (ECMA-376-1, 18.3.1.53), which can never be formulas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from processors.tables.cells import FORMULA_STARTS, TextRow, Values, text_row
from processors.tables.tables import MAX_COLUMNS, MAX_ROWS, column_letter

MAX_UNITS = 32_767
"""UTF-16 units in a cell."""
SHORT_ROW = 16_000
BATCH = 500
TEXT = '" t="inlineStr"><is><t>'
KEPT_TEXT = ' t="inlineStr"><is><t xml:space="preserve">'
SHARED = ' t="s"'
RICH_START = "<r>"
"""What xlsxwriter takes for markup in the table of texts."""
ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class SheetLimits:
    """How many rows a sheet has, its headings among them, and how many different texts its cells share."""

    rows: int = MAX_ROWS
    shared_texts: int = 5_000


LIMITS = SheetLimits()


class Writer(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""


class SharedText(int):
    """The place of a text in the table of texts that the cells of a workbook share."""


class SheetRows:
    """Renders rows of one sheet as XML for `writer`; counts them, and those that do not fit into a sheet.

    What stands in `shared_column` repeats often: it goes into `shared`, the table of texts, after the headings.
    """

    def __init__(
        self,
        writer: Writer,
        headings: Sequence[str],
        quoted_style: int,
        shared_column: int | None = None,
        limits: SheetLimits = LIMITS,
    ) -> None:
        self.writer = writer
        self.count = 1
        self.left_out = 0
        self.starts = [f'<c r="{column_letter(index)}' for index in range(min(len(headings), MAX_COLUMNS))]
        self.style = f' s="{quoted_style}"'
        self.quoted = f'"{self.style} t="inlineStr"><is><t>'
        self.waiting: list[str] = []
        self.shared_column = shared_column
        self.limits = limits
        self.shared: dict[str, SharedText] = {}
        for heading in headings[:MAX_COLUMNS]:
            self.share_text(heading)

    def share(self, values: Values) -> Values:
        """`values` with the text of the shared column replaced by its place in the table of texts."""
        place = self.shared_column
        text = values[place] if place is not None else None
        if place is None or type(text) is not str or not 0 < len(text) <= MAX_UNITS or text.startswith(RICH_START):
            return values
        found = self.shared.get(text)
        if found is None and len(self.shared) < self.limits.shared_texts:
            found = self.share_text(text)
        return [*values[:place], found, *values[place + 1 :]] if found is not None else values

    def share_text(self, text: str) -> SharedText:
        """The place of `text` in the table of texts, which takes it at the end when it is new."""
        return self.shared.setdefault(text, SharedText(len(self.shared)))

    def add(self, values: Values) -> None:
        """The next row; whole numbers become numbers, all else text."""
        self.add_row(text_row(values))

    def add_row(self, row: TextRow) -> None:
        """As `add`, of a row whose text was looked at already."""
        if self.count >= self.limits.rows:
            self.left_out += 1
            return
        self.count += 1
        values = self.share(row.values)
        self.waiting.append(self.render(values) if is_plain(row) else self.render_escaped(values))
        if len(self.waiting) >= BATCH:
            self.flush()

    def render(self, values: Values) -> str:
        """One row of plain text as XML; empty cells are left out."""
        row = str(self.count)
        plain, quoted = row + TEXT, row + self.quoted
        cells = [
            f"{start}{quoted if value[0] in FORMULA_STARTS else plain}{value}</t></is></c>"
            if type(value) is str
            else f'{start}{row}"{SHARED if type(value) is SharedText else ""}><v>{value}</v></c>'
            for start, value in zip(self.starts, values, strict=False)
            if value or value == 0
        ]
        return f'<row r="{row}">{"".join(cells)}</row>'

    def render_escaped(self, values: Values) -> str:
        """One row of any text as XML."""
        row = str(self.count)
        cells = [f'<row r="{row}">']
        for start, value in zip(self.starts, values, strict=False):
            if type(value) is str and value:
                style = self.style if value[0] in FORMULA_STARTS else ""
                cells.append(f'{start}{row}"{style}{KEPT_TEXT}{escape(value)}</t></is></c>')
            elif isinstance(value, int):
                cells.append(f'{start}{row}"{SHARED if type(value) is SharedText else ""}><v>{value}</v></c>')
        cells.append("</row>")
        return "".join(cells)

    def flush(self) -> None:
        """Hand the rows that wait to the writer."""
        self.writer.write("".join(self.waiting).encode())
        self.waiting = []


def is_plain(row: TextRow) -> bool:
    """Whether the cells of `row` can stand in XML as they are: no markup, nothing invisible, no spaces at edges."""
    text = row.text
    return (
        row.is_printable
        and len(text) <= SHORT_ROW
        and not (
            "&" in text or "<" in text or ">" in text or ("_" in text and "_x" in text) or " |" in text or "| " in text
        )
        and text[-1] != " "
    )


def escape(text: str) -> str:
    """`text` for an inline string: what XML cannot hold dropped, `_x0041_` kept from being read as A, cut to fit."""
    if len(text) > MAX_UNITS // 2:
        text = text.encode("utf-16-le", "ignore")[: 2 * MAX_UNITS].decode("utf-16-le", "ignore")
    text = ESCAPE_LOOKALIKE.sub("_x005F_", NOT_IN_XML.sub("", text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
