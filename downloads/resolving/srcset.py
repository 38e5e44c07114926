"""Parse a srcset attribute (HTML, section 4.8.4.2.1)."""

import re

_SPACE = " \t\n\f\r"
_INTEGER = re.compile(r"[0-9]+")
_FLOAT = re.compile(r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def parse_srcset(text: str) -> list[str]:
    """The URLs of its candidates, in order; those whose descriptors are wrong are dropped, as browsers do."""
    urls: list[str] = []
    position, end = 0, len(text)
    while True:
        while position < end and text[position] in f"{_SPACE},":
            position += 1
        if position == end:
            return urls
        start = position
        while position < end and text[position] not in _SPACE:
            position += 1
        url = text[start:position]
        descriptors: list[str] = []
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            descriptors, position = _descriptors(text, position)
        if _are_valid(descriptors):
            urls.append(url)


def _descriptors(text: str, position: int) -> tuple[list[str], int]:
    """The descriptors of one candidate, and where the next one begins; a comma in parentheses ends none."""
    found, start, is_inside = [], position, False
    while position < len(text):
        character = text[position]
        if is_inside:
            is_inside = character != ")"
        elif character == ",":
            break
        elif character in _SPACE:
            found.append(text[start:position])
            start = position + 1
        else:
            is_inside = character == "("
        position += 1
    return [each for each in [*found, text[start:position]] if each], min(position + 1, len(text))


def _are_valid(descriptors: list[str]) -> bool:
    kinds = [_kind(each) for each in descriptors]
    if None in kinds or len(set(kinds)) < len(kinds):
        return False
    return kinds in ([], ["w"], ["x"], ["w", "h"], ["h", "w"])


def _kind(descriptor: str) -> str | None:
    """`w`, `h` or `x`; None where the value is not one that it may have."""
    value, kind = descriptor[:-1], descriptor[-1]
    if kind in "wh":
        return kind if _INTEGER.fullmatch(value) and int(value[:400]) > 0 else None
    if kind == "x":
        return kind if _FLOAT.fullmatch(value) and float(value[:400]) >= 0 else None
    return None
