"""Sheets of an .xlsx or .xlsb workbook by name, with their parts."""

import posixpath
from collections.abc import Callable, Iterable, Mapping

from processors.archives.member import Member
from processors.tables.xml_parts import find_attribute, local_name, open_parser, parse_whole

WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def name_sheets(parts: Iterable[Member]) -> dict[str, str]:
    """The name of the part of each sheet, by the name of the sheet; sheets whose part is not there are left out.

    Raises Refusal CORRUPT_FILE where the workbook is no well-formed XML.
    """
    by_path = {part.full_name.lower().replace("\\", "/"): part for part in parts}
    if WORKBOOK not in by_path:
        return {}
    sheets: dict[str, str] = {}

    def add_sheet(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "sheet":
            sheets.setdefault(attributes.get("name", ""), find_attribute(attributes, "id"))

    read_elements(by_path[WORKBOOK], add_sheet)
    return {sheet: part.full_name for sheet, part in parts_of_sheets(by_path, sheets, RELATIONS).items()}


def parts_of_sheets(by_path: Mapping[str, Member], sheets: Mapping[str, str], relations: str) -> dict[str, Member]:
    """The part of each of `sheets`, which has their relations by their names; those whose part is not there are left out.

    Raises Refusal CORRUPT_FILE where the part `relations` is no well-formed XML.
    """
    targets: dict[str, str] = {}

    def add_target(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "Relationship":
            path = posixpath.normpath(posixpath.join("/xl", find_attribute(attributes, "Target").replace("\\", "/")))
            targets[find_attribute(attributes, "Id")] = path.lower().lstrip("/")

    if relations in by_path:
        read_elements(by_path[relations], add_target)
    found = {sheet: by_path.get(targets.get(relation, "")) for sheet, relation in sheets.items()}
    return {sheet: part for sheet, part in found.items() if part}


def read_elements(part: Member, start: Callable[[str, dict[str, str]], None]) -> None:
    """Call `start` with every element of `part` and its attributes. Raises Refusal as `parse` does."""
    parser = open_parser()
    parser.StartElementHandler = start
    parse_whole(parser, part)
