"""Planning a batch of sheets: its pages, its reference, its key sheet and its roster."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from base.errors import ErrorCode, Refusal
from processors.contract import FileRole, LogLevel, MadeFile, PlannedSlice, Reference, Source, Work
from processors.omr.options import OmrOptions, SheetStrategy
from processors.omr.pages.blank import is_blank
from processors.omr.pages.listing import PagePlace, is_archive, list_pages, open_page
from processors.omr.reading.codes import read_codes, reference_of
from processors.omr.reading.registration import NotRegistered
from processors.omr.reading.sheet import read_sheet
from processors.omr.results.columns import column_values
from processors.omr.reviewing import template_of
from processors.omr.roster import read_roster

SHEETS_PER_SLICE = 5
FULL_SIDE = 12_000
PAGES_BEFORE_FIRST = 10
"""Pages, that one included, of which the first sheet is one: blank and damaged ones may come before it."""
KEY, ROSTER = "key.json", "roster.json"


def plan_sheets(
    work: Work, options: OmrOptions, sources: Sequence[Source]
) -> Iterator[PlannedSlice | MadeFile | Reference]:
    """Yield the reference, then the slices, then what they need. Raises Refusal."""
    indices = sheet_sources(options, sources)
    pages = list(list_pages(sources, indices))
    yield Reference(options.reference or find_reference(sources, pages))
    key_page = find_key_page(options, pages)
    work.log(LogLevel.INFO, f"Pages: {len(pages):,}; files: {len(indices):,}.")
    for number, part in enumerate(chunks(pages, SHEETS_PER_SLICE)):
        start = number * SHEETS_PER_SLICE
        key_at = key_page - start if key_page is not None and start <= key_page < start + len(part) else None
        yield PlannedSlice([page.name for page in part], {"pages": [page.pack() for page in part], "key": key_at})
    if key_page is not None:
        key = read_key(options, sources, pages[key_page])
        work.log(LogLevel.INFO, f"{pages[key_page].name} is the key: {len(key):,} answers.")
        yield spool(work, KEY, key)
    if options.roster_upload_id is not None:
        roster = next(source for source in sources if source.id == options.roster_upload_id)
        students = read_roster(roster, work.folder).names
        work.log(LogLevel.INFO, f"{len(students):,} students are on the roster.")
        yield spool(work, ROSTER, students)


def chunks(pages: list[PagePlace], size: int) -> Iterator[list[PagePlace]]:
    for start in range(0, len(pages), size):
        yield pages[start : start + size]


def spool(work: Work, name: str, value: dict[str, Any]) -> MadeFile:
    """A file that every slice will find in `Work.spool`."""
    path = work.folder / name
    path.write_bytes(orjson.dumps(value))
    return MadeFile(path, name, "application/json", FileRole.INTERMEDIATE)


def sheet_sources(options: OmrOptions, sources: Sequence[Source]) -> list[int]:
    """The uploads that hold sheets: all but the roster. Raises Refusal BAD_INPUT."""
    roster = options.roster_upload_id
    if roster is not None and all(source.id != roster for source in sources):
        message = "The roster is not among the uploads of this batch: name its upload in uploadIds, too."
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.rosterUploadId")
    indices = [index for index, source in enumerate(sources) if source.id != roster or roster is None]
    if not indices:
        raise Refusal(ErrorCode.BAD_INPUT, "The roster is the only upload: add the sheets.", "input.uploadIds")
    for index in indices:
        if options.strategy is SheetStrategy.IMAGES and is_archive(sources[index]):
            message = f"“{sources[index].name}” is an archive: choose ZIP_WITH_QR or ZIP_WITHOUT_QR for it."
            raise Refusal(ErrorCode.BAD_INPUT, message, "options.strategy")
    return indices


def find_reference(sources: Sequence[Source], pages: Sequence[PagePlace]) -> str:
    """The reference from the QR code of the first sheet that is neither blank nor damaged. Raises Refusal."""
    for place in [page for page in pages if not page.is_stray][:PAGES_BEFORE_FIRST]:
        try:
            with open_page(sources, place) as document:
                page = document.read_page(place.page)
                if is_blank(page):
                    continue
                codes = read_codes(page) or read_codes(document.read_page(place.page, FULL_SIDE))
        except Refusal:
            continue  # it fails alone, by name, when it is read
        return reference_of(codes, place.name)
    raise Refusal(ErrorCode.BAD_INPUT, "There is no sheet among the first pages: all of them are blank or damaged.")


def find_key_page(options: OmrOptions, pages: Sequence[PagePlace]) -> int | None:
    """The page of the key sheet. Raises Refusal BAD_INPUT where there is none of that name."""
    if options.key_sheet is None:
        return None
    wanted = options.key_sheet.casefold()
    for number, page in enumerate(pages):
        if wanted in {page.name.casefold(), page.name.rsplit("/", 1)[-1].casefold()}:
            return number
    message = f"There is no sheet named “{options.key_sheet[:100]}”, which is to be the key."
    raise Refusal(ErrorCode.BAD_INPUT, message, "options.keySheet")


def read_key(options: OmrOptions, sources: Sequence[Source], place: PagePlace) -> dict[str, str]:
    """The answers of the key sheet; what is empty on it is not part of the key. Raises Refusal BAD_INPUT."""
    template = template_of(options)
    try:
        with open_page(sources, place) as document:
            sheet = read_sheet(document.read_page(place.page), template)
    except (Refusal, NotRegistered) as error:
        message = f"The key sheet, {place.name}, cannot be read: {str(error).rstrip('.')}."
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.keySheet") from error
    if doubtful := [label for label in sheet.doubtful if label not in template.columns.get(template.student or "", ())]:
        message = f"The key sheet, {place.name}, is not clear in {', '.join(doubtful[:10])}: fill it anew."
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.keySheet")
    values = column_values(template, sheet.fields)
    empty = {field.label for field in template.fields if sheet.fields[field.label]["status"] == "empty"}
    return {
        name: value
        for name, value in values.items()
        if name != template.student and not empty.issuperset(template.columns[name])
    }
