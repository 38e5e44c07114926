"""Cells to clean text: what every value of a table goes through before anything else looks at it."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import TypeAlias


def word_set(text: str) -> frozenset[str]:
    """The words of `text`: for tables of words in the code."""
    return frozenset(text.split())


Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | None
"""What a reader hands out; error cells and cells without a value come as None or as empty text."""

MAX_CELL_CHARACTERS = 32_767
"""The most characters that Excel keeps in a cell; what is longer is cut."""
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
NOT_IN_XML = "\ufffe\uffff"
JOINERS = "\u200c\u200d"
ERROR_VALUES = word_set(
    """
    #N/A #REF! #VALUE! #DIV/0! #NAME? #NULL! #NUM! #SPILL! #CALC! #GETTING_DATA #FIELD! #BLOCKED! #CONNECT! #BUSY!
    #UNKNOWN! #PYTHON! #EXTERNAL! #NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF! #N/D #VALEUR! #NOMBRE! #NOM? #¡REF! #¡VALOR!
    #¡NUM! #¡DIV/0! #¿NOMBRE? #VALORE! #RIF! #NOME? #N/B #WAARDE! #VERW! #NAAM? #GETAL!
    """
)
"""What stands where a formula failed, in the languages of spreadsheets."""
LINE_BREAK = "\n"
"""What divides the lines of a clean cell; `one_line` takes it out where a value is one line."""
LARGEST_EXACT = 2**53
TO_SPACES = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(range(128, 256))
"""For `bytes.translate` of ASCII, which takes half the time of that of texts: a space for all but letters and digits."""


class SignsToSpaces(dict[int, int]):
    """For `str.translate`: a space for punctuation, symbols and white space, itself for everything else."""

    def __missing__(self, code: int) -> int:
        """The character that takes the place of `code`, which is remembered."""
        self[code] = ord(" ") if unicodedata.category(chr(code))[0] in "PSZ" else code
        return self[code]


SIGNS_TO_SPACES = SignsToSpaces()
PLAIN_I = str.maketrans("İı", "ii")
"""The Turkish letters, whose case folding no other language shares."""


def clean_cell(value: Cell) -> str | None:
    """`value` as text, or None where nothing is left of it.

    Numbers that are whole lose their `.0`, dates, times and durations take ISO 8601 form, error values are nothing.
    """
    if isinstance(value, str):
        return clean_text(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    return str(value) if isinstance(value, int) else moment_text(value)


def number_text(value: float) -> str | None:
    """A number as a person would type it: 12345.0 is "12345"; infinities and NaN are nothing."""
    if not isfinite(value):
        return None
    if value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    return repr(value)


def moment_text(value: date | datetime | time | timedelta) -> str:
    """A date, time or duration in ISO 8601; midnight goes without saying, and so do parts of a second."""
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    return str(value)


def duration_text(value: timedelta) -> str:
    """A duration as ISO 8601 writes it, to the millisecond: P1DT12H, PT1M35.5S, -PT12H."""
    milliseconds = round(abs(value) / timedelta(milliseconds=1))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    date_part = f"{days}D" if days else ""
    parts = ((hours, "H"), (minutes, "M"), (f"{rest / 1000:g}" if rest else 0, "S"))
    time_part = "".join(f"{number}{unit}" for number, unit in parts if number)
    if not date_part and not time_part:
        return "PT0S"
    return f"{'-' if value < timedelta(0) else ''}P{date_part}{'T' if time_part else ''}{time_part}"


def clean_text(value: str) -> str | None:
    """`value` in Unicode form NFC, without control and zero-width characters, with single spaces, trimmed.

    Its lines stay, divided by `LINE_BREAK`, without the blank ones. Zero-width joiners stay, but not at the ends:
    Persian, Indic scripts and emoji need them.
    """
    if not (value.isascii() and value.isprintable()):
        value = plain_characters(value)
    elif "  " in value:
        value = " ".join(value.split())
    value = value.strip()
    if not value or value in ERROR_VALUES:
        return None
    return value[:MAX_CELL_CHARACTERS]


def plain_characters(value: str) -> str:
    """`value` in NFC, line by line with single spaces, and without the characters that nobody sees."""
    if value.isprintable():
        return plain_line(value)
    lines = (
        plain_line(line if line.isprintable() else "".join(map(seen, line)))
        for line in value[: 4 * MAX_CELL_CHARACTERS].splitlines()
    )
    return LINE_BREAK.join(line for line in lines if line)


def plain_line(line: str) -> str:
    """`line` in NFC with single spaces, trimmed."""
    if line.isascii():
        return " ".join(line.split())
    return " ".join(unicodedata.normalize("NFC", line).split()).strip(JOINERS + " ")


def one_line(value: str) -> str:
    """A clean `value` with its line breaks made spaces."""
    return value.replace(LINE_BREAK, " ")


def seen(character: str) -> str:
    """`character`, a space for white space, or nothing where it cannot be seen."""
    if character.isspace():
        return " "
    if character in JOINERS:
        return character
    return "" if unicodedata.category(character) in INVISIBLE or character in NOT_IN_XML else character


def fold(value: str) -> str:
    """`value` for comparing: NFKC, case folded, punctuation and symbols as spaces, single spaces."""
    if value.isascii():
        return " ".join(value.lower().encode().translate(TO_SPACES).decode().split())
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value.translate(PLAIN_I)).casefold())
    return " ".join(plain.translate(SIGNS_TO_SPACES).split())


def clean_row(cells: Sequence[Cell]) -> list[str | None]:
    """All cells of a row, each as `clean_cell` makes it.

    Most rows need no cleaning, which one look at all their text tells.
    """
    text = "|".join([cell for cell in cells if type(cell) is str])
    if is_clean(text):
        return [(cell or None) if type(cell) is str else clean_cell(cell) for cell in cells]
    return [clean_cell(cell) for cell in cells]


def is_clean(text: str) -> bool:
    """Whether cells joined by `|` need no cleaning: nothing invisible, no line breaks, no spare spaces, no errors."""
    return (
        text.isprintable()
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
        and len(text) <= MAX_CELL_CHARACTERS
        and not ("  " in text or " |" in text or "| " in text or "#" in text)
        and text[:1] != " "
        and text[-1:] != " "
    )
