"""The links of an HTML page, read without a tree."""

from dataclasses import dataclass, field

from downloads.resolving.contract import MAX_NAMED
from downloads.resolving.srcset import parse_srcset

FED_CHARACTERS = 64 * 1024
_SOURCES = {"img": ("src",), "video": ("src", "poster"), "audio": ("src",), "source": ("src",)}
_WITH_SRCSET = frozenset({"img", "source"})
_MAX_TITLE = 500
_INLINE = ("data:", "javascript:", "mailto:", "tel:", "blob:", "about:")


@dataclass(frozen=True, slots=True)
class PageLink:
    """One link, as it is written.

    Attributes:
        text: A URL, mostly relative.
        filename: What the page says that the file is to be saved as; None where it does not.
    """

    text: str
    filename: str | None = None


@dataclass(slots=True)
class PageLinks:
    """What a page says about links.

    Attributes:
        base: Of the first `base` element.
        title: Of the page.
        links: In their order, each text once; at most `MAX_NAMED`.
        unnamed: How many more there are.
        has_listing_element: An element of class `listing` is there, as in Caddy's pages.
    """

    base: str | None = None
    title: str = ""
    links: list[PageLink] = field(default_factory=list)
    unnamed: int = 0
    has_listing_element: bool = False


def read_links(text: str) -> PageLinks:
    """The links of a page; no page is so broken that it is an error.

    No tree is built: its size and the time for it can grow with the square of the page, and its depth without a limit.
    """
    from lxml import etree  # noqa: PLC0415  its parser takes 4 MB, and many servers never read a page

    target = _Target()
    # huge_tree takes limits of depth off, which stand for a tree; entities of a DOCTYPE are not known to HTML
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True, recover=True)
    parser.feed(b"<!DOCTYPE html>")
    for start in range(0, len(text), FED_CHARACTERS):
        # a NUL would end the page for libxml2
        parser.feed(text[start : start + FED_CHARACTERS].replace("\0", "\ufffd").encode("utf-8", "replace"))
    parser.close()
    return target.found


class _Target:
    """Hears of each start tag."""

    def __init__(self) -> None:
        self.found = PageLinks()
        self._seen: set[str] = set()
        self._is_in_title = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "a":
            self._add(attributes.get("href"), filename=attributes.get("download"))
        elif tag in _SOURCES:
            for name in _SOURCES[tag]:
                self._add(attributes.get(name))
            if tag in _WITH_SRCSET and "srcset" in attributes:
                for url in parse_srcset(attributes["srcset"]):
                    self._add(url)
        elif tag == "base":
            if self.found.base is None:
                self.found.base = attributes.get("href")
        elif tag == "title":
            self._is_in_title = not self.found.title
        elif "listing" in attributes.get("class", "").split():
            self.found.has_listing_element = True

    def end(self, tag: str) -> None:
        self._is_in_title &= tag != "title"

    def data(self, text: str) -> None:
        if self._is_in_title and len(self.found.title) < _MAX_TITLE:
            self.found.title += text[:_MAX_TITLE]

    def close(self) -> None:
        """There is nothing to end."""

    def _add(self, url: str | None, filename: str | None = None) -> None:
        text = (url or "").strip()
        if not text or text in self._seen or text[:12].lower().startswith(_INLINE):
            return
        if len(self.found.links) == MAX_NAMED:
            self.found.unnamed += 1
            return
        self._seen.add(text)
        self.found.links.append(PageLink(text, filename or None))
