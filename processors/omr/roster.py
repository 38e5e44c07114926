"""Rosters: the students of a class, and who of them wrote a sheet."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from base.errors import ErrorCode, Refusal
from processors.contract import Source
from processors.tables.delimited import read_delimited
from processors.tables.formats import TableKind, find_kind
from processors.tables.tables import Table
from processors.tables.text import clean_row
from processors.tables.workbooks import list_tables, open_workbook

MAX_STUDENTS = 100_000
FIELD = "options.rosterUploadId"


class Match(StrEnum):
    """How a sheet was given to a student."""

    EXACT = "exact"
    NEAR = "near"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Roster:
    """The names of students by their id."""

    names: dict[str, str]

    def match(self, student: str) -> tuple[str, Match]:
        """The id that `student`, as it was read, means: exact, else the only one that differs in one character."""
        if student in self.names:
            return student, Match.EXACT
        near = [id_ for id_ in self.names if differs_once(id_, student)] if student else []
        return (near[0], Match.NEAR) if len(near) == 1 else (student, Match.NONE)


def differs_once(id_: str, student: str) -> bool:
    """Whether one character was replaced, left out or added."""
    if len(id_) == len(student):
        return sum(mine != theirs for mine, theirs in zip(id_, student, strict=True)) == 1
    longer, shorter = (id_, student) if len(id_) > len(student) else (student, id_)
    return len(longer) == len(shorter) + 1 and any(
        longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))
    )


def read_roster(source: Source, folder: Path) -> Roster:
    """The roster in a CSV or workbook with the columns id and name. Raises Refusal."""
    for number, table in enumerate(list_source(source, folder)):
        if number == 0:
            return Roster(read_students(table))
    raise Refusal(ErrorCode.BAD_INPUT, "The roster is empty.", FIELD)


def list_source(source: Source, folder: Path) -> Iterable[Table]:
    kind = find_kind(source)
    if kind is TableKind.TEXT:
        return [read_delimited(source.path)]
    return list_tables(open_workbook(source.path, kind, folder), None)


def read_students(table: Table) -> dict[str, str]:
    """Names by id. Raises Refusal BAD_INPUT: no column id, an id twice, too many."""
    rows = (clean_row(cells) for _, cells in table.rows)
    header = [(cell or "").casefold() for cell in next(rows, [])]
    if "id" not in header:
        message = "The roster has no column id: its first row names the columns, id and name."
        raise Refusal(ErrorCode.BAD_INPUT, message, FIELD)
    id_at, name_at = header.index("id"), header.index("name") if "name" in header else None
    students: dict[str, str] = {}
    for row in rows:
        id_ = row[id_at] if id_at < len(row) else None
        if not id_:
            continue
        if id_ in students:
            raise Refusal(ErrorCode.BAD_INPUT, f'The roster has the id "{id_[:60]}" twice.', FIELD)
        if len(students) >= MAX_STUDENTS:
            raise Refusal(ErrorCode.BAD_INPUT, f"The roster has more than {MAX_STUDENTS:,} students.", FIELD)
        students[id_] = (row[name_at] or "") if name_at is not None and name_at < len(row) else ""
    return students
