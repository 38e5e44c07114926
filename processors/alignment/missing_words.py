"""Missing words, and the table in HTML in which people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class MissingWord:
    """A word that no dictionary has: how often it comes, and the pronunciation that was guessed, phones with spaces."""

    word: str
    count: int
    suggestion: str


def table_of(words: Sequence[MissingWord], count: int) -> str:
    """A table fit to put in a page, every word escaped; `count` is how many there are in all."""
    if not count:
        return "<div class='missing-words-container'><p>No words are missing.</p></div>"
    rows = "".join(
        f"<tr><td>{escape(one.word)}</td><td>{one.count}</td><td>{escape(one.suggestion)}</td></tr>" for one in words
    )
    more = f"<p>{count - len(words):,} more are in missing.dict.</p>" if count > len(words) else ""
    return (
        "<div class='missing-words-container'><table class='missing-words'><thead><tr><th>Word</th><th>Count</th>"
        f"<th>Suggested pronunciation</th></tr></thead><tbody>{rows}</tbody></table>{more}</div>"
    )
