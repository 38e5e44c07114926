"""The processor of kind `leads`."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import cast

import orjson

from processors.contract import (
    AssignedSlice,
    ErrorCode,
    ItemError,
    ItemResult,
    ItemStatus,
    MadeFile,
    PlannedSlice,
    Source,
    Work,
)
from processors.leads.duplicates import Duplicate
from processors.leads.enrichment.steps import LOCAL_RULES
from processors.leads.finishing import finish_leads
from processors.leads.leads import Cells, Lead, LeadReader
from processors.leads.options import LeadsOptions
from processors.leads.planning import plan_leads
from processors.leads.score import score_lead
from processors.leads.spool import PLAN, Plan, read_slice
from processors.tables.text import one_line

SHOWN_CHARACTERS = 60


class LeadsProcessor:
    """Reads a table of leads, cleans, checks and scores each, and leaves out the duplicates."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:
        """One item for each row with a lead, in file order; see `planning`."""
        yield from plan_leads(work, cast("LeadsOptions", work.options), inputs[0])

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        """COMPLETED with the lead, SKIPPED for a duplicate, or FAILED for a row that reaches nobody."""
        reader = reader_of(work.spool[PLAN].read_bytes(), cast("LeadsOptions", work.options).country)
        for index, row, cells, duplicate in read_slice(work.spool, part):
            lead = reader.read(cells)
            if duplicate:
                yield skipped(index, row, lead, duplicate)
            elif lead.is_reachable:
                yield ItemResult(index, ItemStatus.COMPLETED, lead_json(row, lead))
            else:
                yield failed(index, row, lead, reader, cells)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """leads.csv, leads.xlsx and report.json; see `finishing`."""
        yield from finish_leads(work, cast("LeadsOptions", work.options), results)


@lru_cache(maxsize=1)
def reader_of(plan: bytes, country: str | None) -> LeadReader:
    """The reader of the rows of a plan, which all slices of a job share."""
    return LeadReader(Plan.from_bytes(plan).mapping, country)


def lead_json(row: int, lead: Lead) -> bytes:
    """The result of a lead that is kept, as docs/leads.md lists it; an enricher may say more of it."""
    score = score_lead(lead)
    return orjson.dumps(
        {
            "row": row,
            "name": lead.name,
            "firstName": lead.first_name,
            "lastName": lead.last_name,
            "email": lead.email,
            "phone": lead.phone,
            "phoneExtension": lead.phone_extension,
            "company": lead.company,
            "website": lead.website,
            "country": lead.country,
            "countryCode": lead.country_code,
            "notes": lead.notes,
            "score": score.points,
            "reasons": score.reasons,
            "extra": lead.extra,
            "setAside": lead.set_aside,
            "enrichment": LOCAL_RULES.to_json(),
        }
    )


def skipped(index: int, row: int, lead: Lead, duplicate: Duplicate) -> ItemResult:
    """A lead that repeats another row."""
    result = {
        "row": row,
        "duplicateOf": duplicate.row,
        "duplicateBy": duplicate.rule.name.lower(),
        "name": lead.name,
        "email": lead.email,
        "phone": lead.phone,
        "company": lead.company,
    }
    return ItemResult(index, ItemStatus.SKIPPED, orjson.dumps(result), skip_reason=duplicate.sentence)


def failed(index: int, row: int, lead: Lead, reader: LeadReader, cells: Cells) -> ItemResult:
    """A row that reaches nobody; its result holds what stands in it, for the sheet of what was not kept."""
    email = one_line(" / ".join(reader.values(cells, reader.emails))) or None
    phone = one_line(" / ".join(reader.values(cells, reader.phones))) or None
    problem = describe_problem(email, phone)
    result = {
        "row": row,
        "problem": problem,
        "name": lead.name,
        "email": email,
        "phone": phone,
        "company": lead.company,
    }
    given = ", ".join(f'"{shorten(value)}"' for value in (email, phone) if value)
    sentence = f"Row {row} has {problem}: {given}." if given else f"Row {row} has {problem}."
    return ItemResult(index, ItemStatus.FAILED, orjson.dumps(result), ItemError(ErrorCode.BAD_INPUT, sentence))


def describe_problem(email: str | None, phone: str | None) -> str:
    """Why a row reaches nobody, going on from "Row 17 has"."""
    if email and phone:
        return "neither a valid e-mail address nor a valid phone number"
    if email:
        return "no valid e-mail address, and no phone number"
    if phone:
        return "no e-mail address, and no valid phone number"
    return "neither an e-mail address nor a phone number"


def shorten(value: str) -> str:
    """`value`, cut where it is too long to be read in a sentence."""
    return value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"
