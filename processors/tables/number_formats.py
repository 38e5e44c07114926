"""Number formats of workbooks that make names of numbers: postal codes, customer numbers, phone numbers.

A cell with 1067 and the format `00000` shows 01067. Amounts, percentages and dates are left to their values.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from processors.archives.member import Member
from processors.tables.text import LARGEST_EXACT, Cell
from processors.tables.xml_parts import find_attribute, local_name, open_parser, parse_whole

TOKEN = re.compile(
    r"""(?P<digit>[0#])|"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|(?P<plain>[-+()/: ])|\[(?:\$-[0-9A-F]+|[A-Z]+[0-9]*)\]""",
    re.IGNORECASE,
)
SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')
MIN_ZEROS = 2
MAX_STYLES = 2**16
"""No spreadsheet program has more."""
Name = TypeVar("Name", str, int)


@dataclass(frozen=True, slots=True)
class DigitFormat:
    """Places for digits (`0` or `#`, one each) with text before, between and behind them."""

    places: tuple[str, ...]

    def show(self, value: Cell) -> Cell:
        """`value` as a spreadsheet shows it, if it is a whole number from 0 on, else itself."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            return value
        if not 0 <= value < LARGEST_EXACT or value != int(value):
            return value
        digits = list(str(int(value))) if value else []
        first = next(place for place, one in enumerate(self.places) if one in {"0", "#"})
        shown: list[str] = []
        for place in range(len(self.places) - 1, -1, -1):
            one = self.places[place]
            if one not in {"0", "#"}:
                shown.append(one[1:])
            elif place == first:
                shown.append("".join(digits) or one.replace("#", ""))
            else:
                shown.append(digits.pop() if digits else one.replace("#", ""))
        return "".join(reversed(shown))


def read_format(code: str) -> DigitFormat | None:
    """The format for numbers from 0 on in `code`, if it puts zeros, a plus sign or letters before digits; else None."""
    places: list[str] = []
    place = 0
    code = first_section(code)
    while place < len(code):
        match = TOKEN.match(code, place)
        if not match:
            return None
        text = match["quoted"] or match["escaped"] or match["plain"]
        if match["digit"]:
            places.append(match["digit"])
        elif text:
            places.append("=" + text)  # what begins with = is text
        place = match.end()
    digits = [one for one in places if one in {"0", "#"}]
    before = places[: places.index(digits[0])] if digits else []
    is_name = any(one == "=+" or any(map(str.isalpha, one)) for one in before)
    return DigitFormat(tuple(places)) if digits and (digits.count("0") >= MIN_ZEROS or is_name) else None


def first_section(code: str) -> str:
    """What stands before the first semicolon that is not quoted."""
    found = SECTION.match(code)
    return found[0] if found else ""


def read_styles(part: Member) -> dict[int, DigitFormat]:
    """The styles of cells that have such a format, by their number. Raises Refusal CORRUPT_FILE where it is no XML."""
    codes: dict[str, str] = {}
    styles: list[str] = []
    parents: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = local_name(name)
        if local == "numFmt" and parents[-1:] == ["numFmts"]:
            codes[find_attribute(attributes, "numFmtId")] = find_attribute(attributes, "formatCode")
        elif local == "xf" and parents[-1:] == ["cellXfs"]:
            styles.append(find_attribute(attributes, "numFmtId"))
        parents.append(local)

    parser = open_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: parents.pop()
    parse_whole(parser, part)
    return formats_of_styles(codes, styles)


def formats_of_styles(codes: Mapping[Name, str], styles: Sequence[Name]) -> dict[int, DigitFormat]:
    """The styles that have such a format, by their number; `styles` has for each the name of its code in `codes`."""
    formats = {name: found for name, code in codes.items() if (found := read_format(code))}
    return {number: formats[name] for number, name in enumerate(styles[:MAX_STYLES]) if name in formats}
