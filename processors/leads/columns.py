"""Finding the header row and the columns of a table in its first rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from base.errors import ErrorCode, Refusal
from processors.leads.contents import Rows, column_values, guess_columns, is_certain, is_email, is_phone
from processors.leads.fields import LABELS, Field
from processors.leads.headings import heading_words, is_vetoed, match_heading
from processors.leads.mapping import WITH_FALLBACK, Column, Mapping, name_columns
from processors.leads.options import LeadsOptions
from processors.leads.tables import column_index

HEADER_WITHIN = 40
"""Non-blank rows among which the header is looked for."""
FEWEST_ROWS, MOST_CELLS = 8, 20_000
"""How much of a sample is looked at: of very wide tables, fewer rows."""
FULL_ENOUGH = 0.4
"""The share of a table's usual number of cells that a header with one known heading must have."""
COLUMNS_NAMED = 30
BY_CONTENTS = (Field.EMAIL, Field.PHONE, Field.WEBSITE)
REACHING = frozenset({Field.EMAIL, Field.PHONE})


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
    found = choose_columns(headings, given, options)
    if header is None:
        guessed = guess_columns(below, width, options.country)
        found |= {i: (f, "contents") for i, f in guessed.items() if i not in found and not is_taken(found, f)}
    else:
        found |= match_columns(given, found)
        found |= find_by_contents(below, given, found, width, options.country)
    found = settle_names(found)
    columns = [Column(index, headings[index], *found.get(index, (None, None))) for index in range(width)]
    kept = [c for c in columns if c.field or column_values(rows, c.index) or (c.index < len(given) and given[c.index])]
    return Layout(header, data, Mapping(numbers[header] if header is not None else None, tuple(kept)))


Found = dict[int, tuple[Field, str]]


def is_taken(found: Found, field: Field) -> bool:
    """Whether a column has been found for `field`."""
    return any(one is field for one, _ in found.values())


def find_header(rows: Rows, options: LeadsOptions) -> int | None:
    """The position of the header row, or None: the row with the most known headings, else the row above the data."""
    wanted = {heading_words(str(one)) for one in options.columns.values() if isinstance(one, str)}
    usual = usual_fill(rows)
    best, best_score = None, 0
    for position, row in enumerate(rows[:HEADER_WITHIN]):
        score = score_header(row, wanted, usual)
        if score > best_score:
            best, best_score = position, score
    return best if best is not None else header_above_data(rows, usual, options.country)


def usual_fill(rows: Rows) -> int:
    """How many cells most rows have: the median of the fuller half."""
    fills = sorted(sum(1 for cell in row if cell) for row in rows)
    return fills[len(fills) * 3 // 4]


def score_header(row: Sequence[str | None], wanted: set[str], usual: int) -> int:
    """How many different fields (or headings that the options name) `row` names; 0 where it cannot be a header."""
    cells = [cell for cell in row if cell]
    if any(is_email(cell) or is_phone(cell) for cell in cells):
        return 0
    named = [cell for cell in cells if heading_words(cell) in wanted]
    fields = {field for cell in cells if (field := match_heading(cell))}
    score = len(fields) + 3 * len(named)
    if score == 1 and len(cells) < max(1, usual * FULL_ENOUGH):
        return 0
    return score


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


def choose_columns(headings: Sequence[str], given: Sequence[str | None], options: LeadsOptions) -> Found:
    """The columns that `options.columns` names. Raises Refusal BAD_INPUT for one that is not there."""
    found: Found = {}
    for name, wanted in options.columns.items():
        index = find_column(wanted, headings, given)
        if index is None:
            known = ", ".join(f'"{heading}"' for heading in headings[:COLUMNS_NAMED])
            message = f'There is no column "{wanted}" for {LABELS[Field(name)]}. The columns are: {known}.'
            raise Refusal(ErrorCode.BAD_INPUT, message, "options.columns")
        if index in found:
            message = (
                f'The column "{wanted}" is named for two fields: {LABELS[found[index][0]]} and {LABELS[Field(name)]}.'
            )
            raise Refusal(ErrorCode.BAD_INPUT, message, "options.columns")
        found[index] = (Field(name), "option")
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


def match_columns(given: Sequence[str | None], found: Found) -> Found:
    """The columns whose headings name a field that `found` does not have; a second e-mail or phone as fallback."""
    matched: Found = {}
    for index, heading in enumerate(given):
        field = match_heading(heading) if heading and index not in found else None
        if field is None:
            continue
        if not is_taken(found, field) and not is_taken(matched, field):
            matched[index] = (field, "heading")
        elif field in WITH_FALLBACK:
            matched[index] = (field, "fallback")
    return matched


def find_by_contents(rows: Rows, given: Sequence[str | None], found: Found, width: int, region: str | None) -> Found:
    """Columns for e-mail, phone and website by what they hold, where no heading names one and none speaks against."""
    added: Found = {}
    for field in BY_CONTENTS:
        for index in range(width):
            heading = given[index] if index < len(given) else None
            if is_taken(found, field) or index in found or index in added or (heading and is_vetoed(heading)):
                continue
            values = column_values(rows, index)
            if not is_taken(added, field) and is_certain(field, values, None if heading else region):
                added[index] = (field, "contents")
    return added


def settle_names(found: Found) -> Found:
    """Beside a column for the first name, "Name" is the last name (German, French), and the other way round."""
    at = {field: index for index, (field, _) in found.items()}
    if Field.NAME not in at or (Field.FIRST_NAME in at) == (Field.LAST_NAME in at):
        return found
    missing = Field.LAST_NAME if Field.FIRST_NAME in at else Field.FIRST_NAME
    index = at[Field.NAME]
    if found[index][1] == "option":
        return found
    return found | {index: (missing, found[index][1])}
