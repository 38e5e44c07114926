"""XML of workbooks, parsed in little memory and without entities."""

from collections.abc import Iterable, Iterator
from typing import Any
from xml.parsers import expat

from processors.archives.member import Member
from processors.tables.archives import damaged

MAX_TAG = 2**16
CELL = b"<c "


class UnusualXml(Exception):  # noqa: N818  it only says which way to read
    """The part is not written the way Excel does: it must be read with a real parser."""


def whole_tags(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end before a `<`, so that no tag is in two, and mostly before a cell of .xlsx.

    Raises UnusualXml for endless tags.
    """
    tail = b""
    for chunk in chunks:
        block = tail + chunk
        cut = block.rfind(CELL)
        if cut <= 0:
            cut = block.rfind(b"<")
        if cut >= 0 and len(block) - cut > MAX_TAG and b">" not in block[cut : cut + MAX_TAG]:
            raise UnusualXml
        block, tail = (block[:cut], block[cut:]) if cut >= 0 else (block, b"")
        yield block
    yield tail


def open_parser(namespace_separator: str | None = None) -> expat.XMLParserType:
    """A parser that refuses document types, whose entities can grow without end."""
    parser = expat.ParserCreate(namespace_separator=namespace_separator)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_doctype
    return parser


def refuse_doctype(*_: object) -> None:
    """Refuse a document type: no workbook has one."""
    raise damaged()


def parse(parser: expat.XMLParserType, part: Member) -> Iterator[None]:
    """Parse `part` block by block. Raises Refusal: CORRUPT_FILE where it is no well-formed XML, or as `unpack` does."""
    try:
        for block in whole_blocks(part):
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise damaged() from error


def parse_whole(parser: expat.XMLParserType, part: Member) -> None:
    """Parse all of `part`. Raises Refusal as `parse` does."""
    for _ in parse(parser, part):
        pass


def whole_blocks(part: Member) -> Iterator[bytes]:
    """The bytes of `part`. Raises Refusal CORRUPT_FILE for a tag without end, of which a parser would keep all."""
    try:
        yield from whole_tags(part.chunks())
    except UnusualXml as error:
        raise damaged() from error


def local_name(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def find_attribute(attributes: dict[str, Any], name: str) -> str:
    """The value of the attribute with this local name; empty where there is none."""
    return next((str(value) for key, value in attributes.items() if local_name(key) == name), "")
