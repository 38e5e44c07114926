"""Pronouncing dictionaries in the form of CMUdict."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from base.errors import ErrorCode, Refusal
from processors.alignment.spelling.guessing import Guesser
from processors.alignment.spelling.teaching import digest_of, teach_guesser
from processors.archives.names import show_name

MAX_BYTES = 16 * 2**20
MAX_PHONES = 100
"""Of one word."""
LINES_NAMED = 3
VARIANT = re.compile(r"(.+)\((\d+)\)")
COMMENTS = (";;;", "#", "//")
STRESS = re.compile(r"[012]$")


class Dictionary:
    """Words in lower case and how they are spoken: phones with spaces between, the commonest first.

    Args:
        entries: Pronunciations by word.
        find_guesser: What their spellings teach; learnt from them where it is None.
    """

    def __init__(
        self, entries: Mapping[str, tuple[str, ...]], find_guesser: Callable[[], Guesser] | None = None
    ) -> None:
        self._entries = entries
        self._find_guesser = find_guesser or (lambda: teach_guesser(entries))

    @classmethod
    @lru_cache(maxsize=2)
    def load(cls, path: Path, spellings: Path | None = None) -> "Dictionary":
        """The dictionary in the file at `path`, which comes with an acoustic model and is trusted; kept for the next call.

        `spellings` is what it taught before, see `Guesser.save`; it is learnt anew where the dictionary is another one.
        """
        with path.open(encoding="utf-8") as file:
            entries = collect(split_entries(file))
        if spellings is None:
            return cls(entries)
        return cls(entries, lambda: Guesser.load(spellings, digest_of(path)) or teach_guesser(entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, word: str) -> bool:
        return word in self._entries

    def look_up(self, word: str) -> tuple[str, ...]:
        """The pronunciations of `word` (lower case, without the number of a variant); an empty tuple where it is not listed."""
        return self._entries.get(word, ())

    @cached_property
    def phones(self) -> frozenset[str]:
        """All phones that its pronunciations are made of."""
        return frozenset(phone for spoken in self._entries.values() for one in spoken for phone in one.split())

    def merged(self, corrected: "Dictionary") -> "Dictionary":
        """This dictionary with the words of `corrected` in place of its own; stress digits and case of phones are adapted.

        Raises Refusal BAD_INPUT: a phone that this dictionary, and with it the acoustic model, does not have.
        """
        adapted = {word: self._adapt(word, corrected.look_up(word)) for word in corrected}
        merged = Dictionary({**self._entries, **adapted}, lambda: self.guesser)
        merged.phones = self.phones
        return merged

    def _adapt(self, word: str, spoken: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(" ".join(self._adapt_phone(word, phone) for phone in one.split()) for one in spoken)

    def _adapt_phone(self, word: str, phone: str) -> str:
        bare = STRESS.sub("", phone)
        for candidate in (phone, bare, bare.upper(), bare.lower()):
            if candidate in self.phones:
                return candidate
        message = (
            f"The dictionary has the sound “{show_name(phone)[:20]}” in “{show_name(word)[:60]}”, which this language does not "
            f"have. Its sounds are: {', '.join(sorted(self.phones))}."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)

    @cached_property
    def guesser(self) -> Guesser:
        """What its spellings teach: read in a moment, or learnt in some seconds."""
        return self._find_guesser()

    def guess(self, word: str) -> str:
        """How `word` is likely spoken, by the spellings of this dictionary; empty where none of its letters is in it."""
        return self.guesser.guess(word) if any(character.isalpha() for character in word) else ""


def split_entries(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Word and pronunciation of each line that has both."""
    for line in lines:
        word, _, phones = line.partition(" ")
        if phones:
            yield word, phones.strip()


def collect(entries: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Pronunciations by word, variants with it."""
    found: dict[str, tuple[str, ...]] = {}
    for word, phones in entries:
        if word.endswith(")") and (variant := VARIANT.fullmatch(word)):
            word = variant[1]  # noqa: PLW2901  the word that it is a variant of
        known = found.get(word, ())
        if phones not in known:
            found[word] = (*known, phones)
    return found


def read_dict(data: bytes) -> Dictionary:
    """The dictionary that somebody corrected: a word and its phones on each line, as in `missing.dict`.

    Variants are `word(2)` or the same word again; lines that begin with `;;;`, `#` or `//` are comments. Words become
    lower case with plain apostrophes.

    Raises Refusal: BAD_INPUT for what has other lines, with their numbers, FILE_TOO_LARGE.
    """
    if len(data) > MAX_BYTES:
        raise Refusal(ErrorCode.FILE_TOO_LARGE, f"A dictionary has at most {MAX_BYTES // 2**20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(ErrorCode.BAD_INPUT, "The dictionary is not in UTF-8.") from error
    entries: list[tuple[str, str]] = []
    wrong: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(COMMENTS):
            continue
        word, *phones = line.partition("#")[0].split()
        if phones and len(phones) <= MAX_PHONES and all(phone.isprintable() and len(phone) <= 10 for phone in phones):
            entries.append((unicodedata.normalize("NFC", word.lower()).replace("\u2019", "'"), " ".join(phones)))
        else:
            wrong.append(number)
    if wrong:
        named = ", ".join(map(str, wrong[:LINES_NAMED]))
        told = f"{named} and more" if len(wrong) > LINES_NAMED else named
        message = f"The dictionary has lines that are no word with its sounds: {told}. Write them as: hello  HH AH L OW"
        raise Refusal(ErrorCode.BAD_INPUT, message)
    return Dictionary(collect(entries))


def write_missing(guesses: Iterable[tuple[str, str]]) -> bytes:
    """A dictionary of words and the phones that were guessed for them, in the order given; `read_dict` reads it."""
    return "".join(f"{word}  {phones}\n" for word, phones in guesses).encode()
