"""E-mail addresses in a cell: one or several, with names, labels and dividers around them.

An address is a whole token, the text between white space, semicolons and angle brackets; it is never made of a part of
one. The rest of the cell is kept.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from processors.leads.email_addresses import check_email, email_key, plain_email
from processors.tables.text import LINE_BREAK

TOKEN = re.compile(r"[^\s;|<>]+")
AT = re.compile(r"[@＠]")
SPACED_AT = re.compile(r"(?:^|(?<=[;,|<>\n]))([ ]*[^\s;,|<>@＠]+)[ ]*([@＠])[ ]*([^\s;,|<>@＠]+[ ]*)(?=[;,|<>\n]|$)")
"""An address alone between dividers, with spaces around its @."""
HYPERLINK = re.compile(r"([^#]*)#(mailto:|https?://)([^#]*)#", re.IGNORECASE)
"""How Access writes a link: what is shown, the address, and what follows."""
OPENING, CLOSING = '(\\[{"„“«‹', ')\\]}"”“»›'
LISTING = re.compile(rf"[,/&{OPENING}{CLOSING}]+")
"""What may divide addresses inside a token, and may also be a part of one or a slip."""
WRAPPED = re.compile(rf"([^@{OPENING}{CLOSING}]*)[{OPENING}]+([^{OPENING}{CLOSING}]+)[{CLOSING}]+")
COMMENTED = re.compile(r"(\([^()@]*\)|\[[^\[\]@]*\])?([^()\[\]]+)(\([^()@]*\)|\[[^\[\]@]*\])?")
"""A comment before or behind an address (RFC 5322, 3.2.2)."""
LABEL = re.compile(r"((?:[^\W\d_][\w.\-]*)?[:=])(?=[^@]*@)")
MAIL_LABEL = re.compile(r"(?:e-?mail|mail|smtp|mailto|e-?mail-?adresse|courriel)?[.:=]*", re.IGNORECASE)
"""Labels that only say that an address follows, as the column does."""
NO_MAIL = frozenset({"sip:", "sips:", "im:", "xmpp:", "jabber:", "skype:", "http:", "https:", "ftp:", "ssh:", "git:"})
"""Labels of what looks like an e-mail address and is none."""
EDGES = ".,:;!?*'`‘“”„\"()[]{}«»‹›•·→…- "
JOINING = frozenset({"or", "oder", "ou", "o", "und", "and", "u", "et", "y", "e", "bzw"})
MIN_NAME_WORDS = 2


class FoundEmails(NamedTuple):
    """The first valid address of a cell, the name that stands with it, and the rest. Each None where there is none."""

    address: str | None = None
    name: str | None = None
    rest: str | None = None


def read_emails(cell: str) -> FoundEmails:
    """The first valid address of a cell and the rest of the cell; without one all of it is the rest.

    It may read `a@x.org`, `mailto:a@x.org`, `Anna <a@x.org>`, or hold several with dividers.
    """
    plain = plain_email(cell)
    if plain:
        return FoundEmails(plain)
    if not AT.search(cell):
        return FoundEmails(None, None, cell)
    return CellReader(SPACED_AT.sub(r"\1\2\3", cell)).read() or FoundEmails(None, None, cell)


class CellReader:
    """Reads a cell token by token: words wait for the address that they belong to, or become a part of the rest."""

    def __init__(self, cell: str) -> None:
        self.cell = cell
        self.address: str | None = None
        self.name: str | None = None
        self.keys: set[str] = set()
        self.words: list[str] = []
        self.rest: list[str] = []

    def read(self) -> FoundEmails | None:
        """What is found, or None where no address is valid."""
        end = 0
        for match in TOKEN.finditer(self.cell):
            between = self.cell[end : match.start()]
            if ";" in between or "|" in between or LINE_BREAK in between:
                self.end_words()
            self.read_token(match[0], is_bracketed=between.endswith("<"))
            end = match.end()
        self.end_words()
        return FoundEmails(self.address, self.name, "; ".join(self.rest) or None) if self.address else None

    def read_token(self, token: str, *, is_bracketed: bool) -> None:
        """The addresses of a token, or a word that waits."""
        for part in split_token(token) if AT.search(token) else [token]:
            label, address = labelled_email(part)
            if address is None:
                self.words.append(part)
                continue
            if label:
                self.words.append(label)
            self.add(address, is_bracketed=is_bracketed)

    def add(self, address: str, *, is_bracketed: bool) -> None:
        """An address, and the words before it."""
        words = self.take_words()
        if self.address is None:
            self.address = address
            if is_bracketed and words and not any(map(str.isdigit, words)):
                self.name = words
            elif words:
                self.rest.append(words)
        elif email_key(address) not in self.keys:
            self.rest.append(f"{words} <{address}>" if words else address)
        elif words:
            self.rest.append(words)
        self.keys.add(email_key(address))

    def end_words(self) -> None:
        """The words that wait belong to no address that follows; behind the first one they may be a name."""
        is_comment = len(self.words) >= MIN_NAME_WORDS and self.words[0][0] == "(" and self.words[-1][-1] == ")"
        words = self.take_words()
        if is_comment and self.address and not self.name and not self.rest and words.replace(" ", "").isalpha():
            self.name = words
        elif words:
            self.rest.append(words)

    def take_words(self) -> str:
        """The words that wait, without dividers and labels at their edges."""
        words, self.words = self.words, []
        while words and (words[0].strip(EDGES).lower() in {"", *JOINING} or MAIL_LABEL.fullmatch(words[0])):
            words.pop(0)
        while words and (words[-1].strip(EDGES).lower() in {"", *JOINING} or MAIL_LABEL.fullmatch(words[-1])):
            words.pop()
        text = " ".join(words).strip(",:/&-–= ")
        return text[1:-1].strip() if text[:1] + text[-1:] in {'""', "()", "[]", "''", "„“", "“”", "«»"} else text


def split_token(token: str) -> Iterator[str]:
    """The parts of a token that stand for themselves: links, lists of addresses, an address in brackets; else all of it."""
    link = HYPERLINK.match(token)
    if link:
        yield from (part for part in (link[1], "" if link[2][0] in "hH" else link[3], token[link.end() :]) if part)
        return
    parts = [part for part in LISTING.split(token) if part]
    if len(parts) > 1 and all(map(AT.search, parts)):
        yield from parts
        return
    match = WRAPPED.fullmatch(token.strip(",.;:")) or COMMENTED.fullmatch(token)
    yield from (part for part in match.groups() if part) if match else [token]


def labelled_email(part: str) -> tuple[str, str | None]:
    """The label before an address ("Privat:"), empty where there is none, and the address if it is valid."""
    address = check_email(part)
    if address:
        return "", address
    text = strip_edges(part)
    labels = ""
    while label := LABEL.match(text):
        if label[1].lower() in NO_MAIL:
            return "", None
        labels += "" if MAIL_LABEL.fullmatch(label[1]) else label[1]
        text = text[label.end() :]
    return labels, check_email(strip_edges(text.partition("?")[0]))


def strip_edges(text: str) -> str:
    """`text` without quotation marks, brackets and the like around it; a closing one at its start may be an apostrophe."""
    is_quoted = text[:1] == "’" and text[-1:] in "’'‘"
    return text.lstrip(EDGES + "’" if is_quoted else EDGES).rstrip(EDGES + "’")
