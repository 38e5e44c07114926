"""Find the header row and the columns of a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from base.errors import ErrorCode, Refusal
from processors.leads.contents import Rows, column_values, is_email, is_phone
from processors.leads.fields import LABELS, Field
from processors.leads.guessing import guess_columns
from processors.leads.headings import heading_words, read_heading
from processors.leads.judging import REACHING, ColumnJudge
from processors.leads.mapping import Column, Mapping, name_columns
from processors.leads.options import LeadsOptions
from processors.tables.tables import column_index

HEADER_WITHIN = 40
"""Non-blank rows among which the header is looked for."""
FEWEST_ROWS, MOST_CELLS = 8, 20_000
"""How much of a sample is looked at: of very wide tables, fewer rows."""
FULL_ENOUGH = 0.4
"""The share of a table's usual number of cells that a header with one known heading must have."""
COLUMNS_NAMED = 30


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in the sample a table begins. `header` and `data` are positions in it; no header is None."""

    header: int | None
    data: int
    mapping: Mapping


def find_layout(rows: Rows, numbers: Sequence[int], options: LeadsOptions) -> Layout:
    """The header and the columns of a table.

    Args:
        rows: Its first rows, clean and without blank ones; at least one.
        numbers: Their numbers in the spreadsheet.
        options: `columns` goes before everything that is found.

    Raises Refusal BAD_INPUT where `options.columns` names a column that is not there.
    """
    width = max(len(row) for row in rows)
    rows = rows[: max(FEWEST_ROWS, MOST_CELLS // width)]
    header = find_header(rows, options)
    data = header + 1 if header is not None else find_first_data(rows)
    headings = name_columns(rows[header] if header is not None else (), width)
    given = rows[header] if header is not None else ()
    below = rows[data:]
    chosen = choose_columns(headings, given, options)
    if header is None:
        columns = guessed_columns(headings, below, chosen, options.country)
    else:
        columns = ColumnJudge(headings, given, below, chosen, options.country).judge()
    kept = [c for c in columns if c.field or column_values(rows, c.index) or (c.index < len(given) and given[c.index])]
    return Layout(header, data, Mapping(numbers[header] if header is not None else None, tuple(kept)))


def guessed_columns(headings: Sequence[str], rows: Rows, chosen: dict[int, Field], default: str | None) -> list[Column]:
    """The columns of a table without a header: those that the options name, and what contents tell of the others."""
    guessed = guess_columns(rows, len(headings), default)
    columns = []
    for index, heading in enumerate(headings):
        field = guessed.get(index)
        if index in chosen:
            columns.append(Column(index, heading, chosen[index], "option", reason='The option "columns" names it.'))
        elif field and field not in chosen.values():
            reason = "The table has no headings; its contents are such."
            columns.append(Column(index, heading, field, "contents", identifies=False, reason=reason))
        else:
            columns.append(Column(index, heading, reason="The table has no headings, and its contents tell nothing."))
    return columns


def find_header(rows: Rows, options: LeadsOptions) -> int | None:
    """The position of the header row, or None: the row with the most known headings, else the row above the data.

    Where two have as many, it is the fuller one; of two rows that follow each other and are as full, the lower one, for
    the upper one has the names of groups.
    """
    wanted = {heading_words(str(one)) for one in options.columns.values() if isinstance(one, str)}
    usual = usual_fill(rows)
    best, best_score = None, (0, 0, 0)
    for position, row in enumerate(rows[:HEADER_WITHIN]):
        score = score_header(row, wanted, usual)
        is_below_groups = best is not None and score == best_score and position == best + 1 and row != rows[best]
        if score[0] and (score > best_score or is_below_groups):
            best, best_score = position, score
    return best if best is not None else header_above_data(rows, usual, options.country)


def usual_fill(rows: Rows) -> int:
    """How many cells most rows have: the median of the fuller half."""
    fills = sorted(sum(1 for cell in row if cell) for row in rows)
    return fills[len(fills) * 3 // 4]


def score_header(row: Sequence[str | None], wanted: set[str], usual: int) -> tuple[int, int, int]:
    """How many different fields (or headings that the options name) `row` names; zeros where it cannot be a header.

    After that count, that of the cells which are understood, and that of the filled ones.
    """
    cells = [cell for cell in row if cell]
    if any(is_email(cell) or is_phone(cell) for cell in cells):
        return 0, 0, 0
    named = sum(heading_words(cell) in wanted for cell in cells)
    readings = [read_heading(cell) for cell in cells]
    score = len({reading.field for reading in readings if reading.field}) + 3 * named
    if score == 1 and len(cells) < max(1, usual * FULL_ENOUGH):
        return 0, 0, 0
    return score, sum(1 for reading in readings if reading.field or reading.veto), len(cells)


def header_above_data(rows: Rows, usual: int, region: str | None) -> int | None:
    """The row right above the first e-mail address or phone number, if it has words in the columns of those."""
    first = next(
        (p for p, row in enumerate(rows) if any(cell and (is_email(cell) or is_phone(cell)) for cell in row)), 0
    )
    if first == 0 or first > HEADER_WITHIN:
        return None
    width = max(len(row) for row in rows)
    reaching = [i for i, field in guess_columns(rows[first:], width, region).items() if field in REACHING]
    above = rows[first - 1]
    cells = [cell for cell in above if cell]
    worded = all(i < len(above) and above[i] and any(one.isalpha() for one in above[i] or "") for i in reaching)
    return first - 1 if reaching and worded and len(cells) >= usual * FULL_ENOUGH else None


def find_first_data(rows: Rows) -> int:
    """Where a table without a header begins: at its first row that is about as full as most are."""
    usual = usual_fill(rows)
    return next(p for p, row in enumerate(rows) if sum(1 for cell in row if cell) >= usual * FULL_ENOUGH)


def choose_columns(headings: Sequence[str], given: Sequence[str | None], options: LeadsOptions) -> dict[int, Field]:
    """The columns that `options.columns` names. Raises Refusal BAD_INPUT for one that is not there."""
    found: dict[int, Field] = {}
    for name, wanted in options.columns.items():
        index = find_column(wanted, headings, given)
        if index is None:
            known = ", ".join(f'"{heading}"' for heading in headings[:COLUMNS_NAMED])
            message = f'There is no column "{wanted}" for {LABELS[Field(name)]}. The columns are: {known}.'
            raise Refusal(ErrorCode.BAD_INPUT, message, "options.columns")
        if index in found:
            message = (
                f'The column "{wanted}" is named for two fields: {LABELS[found[index]]} and {LABELS[Field(name)]}.'
            )
            raise Refusal(ErrorCode.BAD_INPUT, message, "options.columns")
        found[index] = Field(name)
    return found


def find_column(wanted: str | int, headings: Sequence[str], given: Sequence[str | None]) -> int | None:
    """The index of the column with this heading, else this letter or number (from 1); None where it is not there."""
    if isinstance(wanted, str):
        words = heading_words(wanted)
        for index, heading in enumerate(headings):
            if heading == wanted.strip() or (index < len(given) and given[index] and heading_words(heading) == words):
                return index
        plain = wanted.strip()
        index_or_none = int(plain[:6]) - 1 if plain.isascii() and plain.isdigit() else column_index(plain)
    else:
        index_or_none = wanted - 1
    return index_or_none if index_or_none is not None and 0 <= index_or_none < len(headings) else None
