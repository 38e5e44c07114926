"""Encoding of a text file, and its lines with broken characters mended.

One broken byte says nothing of all others: the encoding goes by the majority of the characters beyond ASCII. Bytes that
do not fit into UTF-8 then are read as Windows-1252, which is where they come from when files are put together, or as
U+FFFD where a character was cut.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from base.errors import ErrorCode, Refusal

CHUNK = 2**20
MAX_LINE_BYTES = 2**20
SAMPLE_BYTES = 2**17
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LEGACY = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "mac_roman", "cp850",
    "cp932", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
"""Encodings that tables still come in when they are not UTF-8."""
MAX_BINARY_SHARE = 0.05
MIXED_SHARE = 0.1
"""From so many valid UTF-8 characters for each broken one on, Western text is two encodings put together."""
NOT_LEADS = bytes(set(range(256)) - set(range(0xC2, 0xF5)))
"""All bytes but those that begin a character beyond ASCII in UTF-8."""
ESCAPED_BYTES = re.compile("[\udc80-\udcff]+")
"""Bytes that are not UTF-8, as the error handler `surrogateescape` hands them on."""
CUT_LEADS = frozenset("ÂÃ")
"""What the two commonest lead bytes of UTF-8 are in Windows-1252, where they almost never stand alone."""
REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How text is written. `lines` is about how many lines the file has; some characters of it may be `is_broken`."""

    name: str
    lines: int
    is_broken: bool = False

    @property
    def is_utf8(self) -> bool:
        return self.name.startswith("utf-8")

    @property
    def errors(self) -> str:
        """The error handler by which broken characters can be told from others."""
        return "surrogateescape" if self.is_utf8 else "replace"


@dataclass(slots=True)
class Survey:
    """What one pass over the bytes tells.

    `characters` beyond ASCII are valid UTF-8, `broken` bytes are not; `beyond_ascii` is a sample of such lines.
    """

    lines: int = 0
    characters: int = 0
    broken: int = 0
    beyond_ascii: bytes = b""


class MendedLine(str):
    """A line in which a character was broken."""

    __slots__ = ()


def find_encoding(path: Path) -> Encoding:
    """The encoding: by its mark, by its NULs (UTF-16), UTF-8 if most of it is valid, else the likeliest older one.

    Raises Refusal CORRUPT_FILE where it is no text, or a line is longer than 1 to 2 MiB.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    name = next((name for mark, name in BOMS if head.startswith(mark)), None) or find_wide(head)
    if name is None:
        refuse_binary(head)
    is_wide = name not in {None, "utf-8-sig"}
    survey = survey_bytes(path, is_wide=is_wide)
    name = name or ("utf-8" if survey.characters > survey.broken or not survey.broken else find_older(survey))
    return Encoding(name, survey.lines, is_broken=survey.broken > 0 or is_wide)


def find_older(survey: Survey) -> str:
    """The likeliest of the older encodings, or UTF-8 where Western text is a mixture of both."""
    legacy = find_legacy(survey.beyond_ascii)
    return "utf-8" if legacy == "cp1252" and survey.characters > MIXED_SHARE * survey.broken else legacy


def find_wide(head: bytes) -> str | None:
    """UTF-16 without a mark shows as NULs in every second place of Latin text."""
    if len(head) < 4 or head.count(0) < len(head) // 4:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 4 * odd else None


def refuse_binary(head: bytes) -> None:
    """Refuse with CORRUPT_FILE what is full of control characters; single NULs are only dropped later."""
    controls = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\f\x1a\x1b")
    if controls > max(1, len(head) * MAX_BINARY_SHARE):
        raise Refusal(
            ErrorCode.CORRUPT_FILE, "The file is neither a workbook nor text. Save the table as .xlsx or .csv."
        )


def survey_bytes(path: Path, *, is_wide: bool = False) -> Survey:
    """Read the file once in 1 MiB chunks. Raises Refusal CORRUPT_FILE for a line of more than 1 to 2 MiB."""
    survey = Survey()
    since_break = 0
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            breaks = max(chunk.count(b"\n"), chunk.count(b"\r"))
            survey.lines += breaks
            since_break = (
                len(chunk) - max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) if breaks else since_break + len(chunk)
            )
            if since_break > MAX_LINE_BYTES and not breaks:
                message = (
                    "A line of the file is longer than 1 MiB, so it is no table of leads, or its line breaks are lost."
                )
                raise Refusal(ErrorCode.CORRUPT_FILE, message)
            if not is_wide and (rest or not chunk.isascii()):
                rest = count_characters(survey, rest + chunk)
            if not chunk.isascii() and len(survey.beyond_ascii) < SAMPLE_BYTES:
                survey.beyond_ascii += b"\n".join(line for line in chunk.splitlines() if not line.isascii())[
                    :SAMPLE_BYTES
                ]
    survey.broken += len(rest)
    survey.lines += 1
    return survey


def count_characters(survey: Survey, data: bytes) -> bytes:
    """Count what of `data` is valid UTF-8 beyond ASCII and what is not; the bytes of a last, unfinished character."""
    survey.characters += len(data.translate(None, NOT_LEADS))
    try:
        _, read = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        text, read = codecs.utf_8_decode(data, "surrogateescape", False)
        escaped = "".join(ESCAPED_BYTES.findall(text)).encode("utf-8", "surrogateescape")
        survey.broken += len(escaped)
        survey.characters -= len(escaped.translate(None, NOT_LEADS))
    return data[read:]


def find_legacy(sample: bytes) -> str:
    """The likeliest of the older encodings of `sample`, which has only lines with bytes beyond ASCII.

    Western text in short samples passes for many encodings, so Windows-1252 wins wherever it reads as text.
    """
    matches = charset_normalizer.from_bytes(sample[: SAMPLE_BYTES // 4], cp_isolation=LEGACY, threshold=0.3)
    best = matches.best()
    if best is None:
        return "cp1252"
    western = next((match for match in matches if "cp1252" in (match.encoding, *match.could_be_from_charset)), None)
    if western is not None and western.chaos <= best.chaos + 0.05 and is_western(str(western)):
        return "cp1252"
    return str(best.encoding)


def is_western(text: str) -> bool:
    """Whether what is beyond ASCII in `text` are mostly the letters that western languages use."""
    beyond = [one for one in text if not one.isascii()]
    usual = sum(one in "äöüßÄÖÜàâæçéèêëîïôœùûÿÀÂÆÇÉÈÊËÎÏÔŒÙÛŸñáíóúÑÁÍÓÚ¿¡ãõÃÕåøÅØìòÌÒ€–—’‘“”„…«»°·" for one in beyond)
    return usual >= len(beyond) * 0.7


def read_lines(path: Path, encoding: Encoding) -> Iterator[str]:
    """The lines of the file with their ends; a `MendedLine` where a character was broken."""
    with path.open(encoding=encoding.name, errors=encoding.errors, newline="") as file:
        yield from mend_lines(file, encoding) if encoding.is_broken or not encoding.is_utf8 else file


def mend_lines(lines: Iterator[str], encoding: Encoding) -> Iterator[str]:
    """The same lines, those with broken characters mended."""
    for line in lines:
        if line.isascii():
            yield line
        elif encoding.is_utf8:
            mended = ESCAPED_BYTES.sub(mend_bytes, line)
            yield line if mended == line else MendedLine(mended)
        else:
            yield MendedLine(line) if REPLACEMENT in line else line


def mend_bytes(found: re.Match[str]) -> str:
    """What bytes amid UTF-8 that are not UTF-8 most likely are."""
    data = found[0].encode("utf-8", "surrogateescape")
    _, read = codecs.utf_8_decode(data, "replace", False)
    if len(data) > 1 and read == 0:  # the beginning of one longer character
        return REPLACEMENT
    text = data.decode("cp1252", "replace")
    if text[-1] in CUT_LEADS and not found.string[found.end() : found.end() + 1].isupper():
        return text[:-1] + REPLACEMENT
    return text
