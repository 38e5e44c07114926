"""Phone numbers in a cell: one or several, with words around them; and a cheap key for finding equal ones.

A number is digits and the signs between them. Letters are never digits of it: they divide numbers, or name an extension.
Dates, times, IP and web addresses are no numbers, whatever a numbering plan would make of their digits.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from processors.leads.phone_numbers import EDGES, MAX_BARE_DIGITS, Phone, parse_number
from processors.leads.plain_phones import MAX_PLAIN, NO_SIGNS, PLAIN_NUMBER, read_digits

MAX_CELL = 250
MIN_PLAIN_DIGITS = 10
BUCKET_DIGITS = 6
TWO_NUMBERS_DIGITS = 14
"""From so many digits on, groups between spaces may be two numbers."""
AREA_DIGITS = 6
"""The most digits before a slash that divides an area code from its number."""
MAX_PIECES = 12
OTHER_EXITS = ("011", "0011", "810", "119")
"""Prefixes for dialling abroad that do not begin with the usual 00."""

FLOAT = re.compile(r"^(\+?\d{6,15})\.0+$")
SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE][+-]?\d+")
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|\d\d?)"
IP_ADDRESS = rf"(?<![\d.])(?!\d\d(?:\.\d\d){{3}}(?![\d.])){OCTET}(?:\.{OCTET}){{3}}(?![\d.])"
"""Four numbers; those of two digits each may be a phone number as it is written in France or Denmark."""
DATE = r"(?<!\d)(?:(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)(?:[T ]\d\d:\d\d\S*)?|[0-3]?\d[./][01]?\d[./](?:19|20)\d\d(?!\d))"
FILE_NUMBER = r"(?<!\d)(?<!\d[ \-./])(?<![+(])(?:19|20)\d\d[-/]0\d{4,}(?!\d)"
"""A year and a running number with zeros before it: 2024-001234. Behind an area code no number begins with 0."""
TIME = (
    r"(?<!\d)\d{1,2}(?:[:.]\d\d)?\s?(?:h|uhr|am|pm)?\s?(?:-|bis|to|till|until)\s?\d{1,2}(?:[:.]\d\d)?\s?(?:h|uhr|am|pm)\b"
    r"|(?<!\d)\d{1,2}(?:[:.]\d\d)?\s?(?:uhr|am|pm|o'clock)\b"
    r"|(?<!\d)\d{1,2}:\d\d(?:\s?-\s?\d{1,2}:\d\d)?(?!\d)"
)
ADDRESS = r"(?:https?://|www\.)(?!wa\.me|[^\s]*whatsapp)\S+|[^\s@]*@\S*"
PLAIN_LOOKALIKE = re.compile(f"{DATE}|{FILE_NUMBER}|{IP_ADDRESS}")
NO_NUMBER = re.compile(f"{ADDRESS}|{DATE}|{FILE_NUMBER}|{TIME}|{IP_ADDRESS}", re.IGNORECASE)
"""What has digits in a cell and is no number."""
HIDDEN = "|"
"""What it becomes; it divides numbers."""

RUN = re.compile(r"(?:[+(\[]+[ ]?)?\d[\d ().\-/\[\]+]*")
GLUED_BEFORE = re.compile(r"(?:[^\W\d_]|[A-Z]-|[_#])$")
"""What makes digits a part of a code: DE89…, AB-123."""
GLUED_AFTER = re.compile(r"-?[A-Z]{2,}(?![a-z])|_")
"""What makes digits a part of a word that is dialled by its letters: 1-800-FLOWERS."""
EXTENSION = re.compile(
    r"[ ,;:(/-]*(?:;ext=|(?:ext(?:ension|n)?|x|app(?:arat)?|durchwahl|dw|nst|nebenstelle|klappe|kl|poste|int(?:erno)?"
    r"|anexo|toestel|ramal|доб)[. :]*|#[ ]?)(\d{1,7})(?![\d-])\)?",
    re.IGNORECASE,
)
LABEL = re.compile(r"(?<!\w)(?:tel|telefon|telephone|phone|fon|callto|p)[. :]*$", re.IGNORECASE)
"""What only says that a number follows, as the column does."""
FAX = re.compile(r"fax\W*(?:nr|no)?\W*$", re.IGNORECASE)
JOINING = r"(?:or|oder|ou|o|und|and|u|et|y|e|bzw)\b"
DIVIDERS = re.compile(
    rf"^(?:[\s;,:/|&)\].\-–]|\+(?![\d(])|{JOINING})+|(?:[\s;,:/|&+(\[\-–]|(?<=\s){JOINING}\.?(?=\s*$))+$", re.IGNORECASE
)
"""What divides numbers and says nothing else, at the edges of what is left."""
IN_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
NEXT_NUMBER = re.compile(r"[ .\-]*[+0(\[]")
"""How a number begins behind another one."""


class FoundPhone(NamedTuple):
    """The first valid number of a cell, and what else stands in it: other numbers, words. Each None where there is none."""

    phone: Phone | None = None
    rest: str | None = None


def read_phone(cell: str, region: str | None) -> Phone | None:
    """The first valid number of a cell, or None; `region` as for `read_phones`."""
    return read_phones(cell, region).phone


def read_phones(cell: str, region: str | None) -> FoundPhone:
    """The first valid number of a cell and the rest of the cell; without such a number all of it is the rest.

    Args:
        cell: Clean text, with its line breaks.
        region: ISO 3166-1 alpha-2; without it only international numbers can be valid.
    """
    text = undress(cell)
    digits = plain_digits(text)
    plain = read_digits(digits, region, has_plus=text[0] == "+") if digits else None
    if plain:
        return FoundPhone(Phone(plain))
    if len(text) > MAX_CELL or SCIENTIFIC.fullmatch(text):
        return FoundPhone(None, cell)
    signs = plain_signs(text)
    found = find_number(NO_NUMBER.sub(lambda match: HIDDEN * len(match[0]), signs), region)
    if found is None:
        return FoundPhone(None, cell)
    start, end, phone = found
    parts = (trim_rest(LABEL.sub("", text[:start])), trim_rest(text[end:]))
    return FoundPhone(phone, " ".join(part for part in parts if part) or None)


def undress(cell: str) -> str:
    """`cell` without the apostrophe of a spreadsheet's text, the `.0` of a float, and the slash behind an area code."""
    cell = cell.removeprefix("'")
    if cell.endswith("0") and "." in cell:
        cell = FLOAT.sub(r"\1", cell)
    area, slash, number = cell.partition("/")
    if (
        slash
        and "/" not in number
        and not NEXT_NUMBER.match(number)
        and area.translate(NO_SIGNS).isdigit()
        and count_digits(area) <= AREA_DIGITS
    ):
        return f"{area}-{number}"
    return cell


def plain_digits(text: str) -> str | None:
    """The digits of a plainly written number; None where a second one, a date or an address may stand in them."""
    if len(text) > MAX_PLAIN or PLAIN_NUMBER.fullmatch(text) is None or text.rfind("(") >= AREA_DIGITS:
        return None
    digits = text.translate(NO_SIGNS)
    if " " in text and len(digits) >= TWO_NUMBERS_DIGITS:
        return None
    return None if ("." in text or "-" in text) and PLAIN_LOOKALIKE.search(text) else digits


def count_digits(text: str) -> int:
    """How many digits `text` has."""
    return sum(map(str.isdigit, text))


def plain_signs(text: str) -> str:
    """`text` of the same length with ASCII for digits, signs and letters that only look different."""
    if text.isascii():
        return text
    return "".join(one if one.isascii() else plain_sign(one) for one in text)


def plain_sign(one: str) -> str:
    """One character of `plain_signs`."""
    if one.isdecimal():
        return str(unicodedata.decimal(one))
    if unicodedata.category(one) == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKC", one)
    return plain if len(plain) == 1 else one


def find_number(text: str, region: str | None) -> tuple[int, int, Phone] | None:
    """Where the first valid number of `text` begins and ends, and the number; one of a fax only where there is no other."""
    fax = None
    for start, run in number_runs(text):
        for place, phone in read_run(run, region):
            begin, end = start + place.start, start + place.stop
            extension = EXTENSION.match(text, end)
            found = (begin, extension.end(), Phone(phone.e164, extension[1])) if extension else (begin, end, phone)
            if not FAX.search(text, 0, begin):
                return found
            fax = fax or found
    return fax


def number_runs(text: str) -> Iterator[tuple[int, str]]:
    """Where digits and signs stand that may be numbers, each with its position: no part of a code or a word."""
    for match in RUN.finditer(text):
        start = match.start()
        run = match[0].rstrip(" .-/([+")
        is_code = run[0] != "+" and GLUED_BEFORE.search(text[max(0, start - 2) : start])
        if not is_code and not GLUED_AFTER.match(text, start + len(run)):
            yield from split_run(start, run)


def split_run(start: int, run: str) -> Iterator[tuple[int, str]]:
    """A run divided where a + or, after a whole number, a bracket opens."""
    begin = 0
    for place, sign in enumerate(run):
        before = run[begin:place]
        if (sign == "+" and before.strip(" ([+")) or (sign in "([" and count_digits(before) > AREA_DIGITS):
            yield start + begin, before
            begin = place
    yield start + begin, run[begin:]


def read_run(run: str, region: str | None) -> list[tuple[slice, Phone]]:
    """The valid numbers of a run and their places: all of it, or what slashes or spaces divide."""
    slashed = split_pieces(run, "/")
    found = part_numbers(run, slashed, region)
    if len(found) < 2 and count_digits(run) >= TWO_NUMBERS_DIGITS:
        spaced = part_numbers(run, split_pieces(run, " "), region)
        found = spaced if len(spaced) > 1 else found
    return found or first_number(run, slashed, region)


def split_pieces(run: str, divider: str) -> list[slice]:
    """The places of what `divider` divides, without the empty ones; all of the run where they are too many."""
    pieces, start = [], 0
    for part in run.split(divider):
        if part.strip(EDGES):
            pieces.append(slice(start, start + len(part)))
        start += len(part) + 1
    return pieces if len(pieces) <= MAX_PIECES else [slice(0, len(run))]


def part_numbers(run: str, pieces: Sequence[slice], region: str | None) -> list[tuple[slice, Phone]]:
    """The numbers that `pieces` make up without a rest, as many as possible, each begun as numbers begin; else none."""
    for count in range(1, len(pieces)):
        if NEXT_NUMBER.match(run, pieces[count].start):
            place = slice(pieces[0].start, pieces[count - 1].stop)
            phone = parse_number(run[place], region)
            others = part_numbers(run, pieces[count:], region) if phone else []
            if phone and others:
                return [(place, phone), *others]
    return first_number(run, [slice(pieces[0].start, pieces[-1].stop)], region)


def first_number(run: str, pieces: Sequence[slice], region: str | None) -> list[tuple[slice, Phone]]:
    """The first valid number that pieces side by side make up, or none."""
    for first in range(len(pieces)):
        for last in range(first, len(pieces)):
            place = slice(pieces[first].start, pieces[last].stop)
            phone = parse_number(run[place], region)
            if phone:
                return [(place, phone)]
    return []


def trim_rest(text: str) -> str:
    """What stands beside a number without brackets around it and dividers at its edges; empty where it says nothing."""
    text = DIVIDERS.sub("", text)
    wrapped = IN_BRACKETS.fullmatch(text)
    text = wrapped[1] or wrapped[2] or "" if wrapped else text
    return text if any(map(str.isalnum, text)) else ""


def phone_bucket(cell: str, region: str | None) -> str | None:
    """A key that equal numbers share, however they are written; different numbers may share it too.

    It is the last six digits. They are read off the cell where it is written plainly and long enough that no trunk
    prefix can be among them; otherwise the number is parsed. None where there is no number.
    """
    text = undress(cell)
    digits = plain_digits(text) or ""
    significant = digits.removeprefix("00")
    if len(significant) < MIN_PLAIN_DIGITS or len(digits) > MAX_BARE_DIGITS + 2 or digits.startswith(OTHER_EXITS):
        phone = read_phone(cell, region)
        return phone.e164[-BUCKET_DIGITS:] if phone else None
    return digits[-BUCKET_DIGITS:]
