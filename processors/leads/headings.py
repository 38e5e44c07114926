"""Read what a heading says: a field and how plainly, or why it is none."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from processors.leads import vocabulary as words_of
from processors.leads.fields import Field
from processors.leads.mapping import NameOrder

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NOT_WORD = re.compile(r"[^\w#]+|_+")
EMAIL_WORD = re.compile(r"\be[ ]?mail(s?)\b")
IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
ORDINAL_SIGN = re.compile(r"#(?=\s*\d)|\btype=", re.IGNORECASE)
BEFORE_DIGITS = re.compile(r"(?<=[a-z])(?=\d+(?: |$))")
MAX_HEADING = 80
MAX_ORDINAL = 99
SHORTEST_SWAP, SHORTEST_TYPO = 5, 6
SHORTEST_PART, SHORTEST_COMPOUND = 3, 6
LINKS = ("", "s", "n", "en", "e")
"""What joins the parts of a compound: "Geschäftstelefon", "Kundenname"."""
SHORT_ENDS = frozenset({"nr", "id"})
SHARED = 6
"""The weight of a company's own phone number or address, which is not one person's."""


class Tier(IntEnum):
    """How plainly a heading says a field, the plainest first."""

    EXACT = 1
    QUALIFIED = 2
    MAYBE = 3
    MISSPELT = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What a heading says.

    Attributes:
        field: None where it says none.
        tier: How plainly.
        weight: How much the words beside the deciding one narrow it; 0 where there are none.
        more: These words.
        order: That of a name of which the heading names both parts.
        is_shared: It speaks of a company's phone number or address, which several people may have.
        veto: Why it is no field, for people; then the contents do not count either. None where it may be one.
    """

    field: Field | None = None
    tier: Tier = Tier.EXACT
    weight: int = 0
    more: tuple[str, ...] = ()
    order: NameOrder | None = None
    is_shared: bool = False
    veto: str | None = None


NOTHING = Reading()


def phrase_table(phrases: dict[Field, str]) -> dict[str, Field]:
    """Each of `phrases`, which commas divide, with its field."""
    return {" ".join(one.split()): field for field, text in phrases.items() for one in text.split(",")}


EXACT = phrase_table(words_of.PHRASES)
COMPACT = {phrase.replace(" ", ""): field for phrase, field in EXACT.items()}
MAYBE = phrase_table(words_of.MAYBE)
HEADS = {field: frozenset(text.split()) for field, text in words_of.HEADS.items()}
COMPANIES, NAMES = HEADS[Field.COMPANY], HEADS[Field.NAME]
FIRSTS = HEADS[Field.FIRST_NAME] | {"first", "given", "vor"}
LASTS = HEADS[Field.LAST_NAME] | {"last", "family"}
SMALL = words_of.FUNCTION | FIRSTS | LASTS
KNOWN = frozenset().union(
    *HEADS.values(), words_of.MOBILE, words_of.PERSONS, words_of.FULL, words_of.MAIN, words_of.KINDS, words_of.SECOND,
    words_of.ADDRESS, words_of.NUMBERS, words_of.COUNTRY_WORDS, words_of.OTHERS, words_of.ABOUT,
)  # fmt: skip
WHOSE = COMPANIES | words_of.PERSONS | words_of.OTHERS
"""Words that may have an s for whose something is, or for more than one: "Telefon des Beraters"."""
TYPO_WORDS = tuple(
    sorted(
        word
        for word in frozenset().union(*HEADS.values(), words_of.MOBILE, words_of.OFTEN_MISSPELT)
        if len(word) >= SHORTEST_SWAP
    )
)
MERGED = {
    f" {phrase} ": f" {word} "
    for word, phrases in words_of.MERGED.items()
    for phrase in (one.strip() for one in phrases.split(","))
}


def heading_words(heading: str) -> str:
    """`heading` as the vocabulary is written: "E-Mail_Adresse*" and "emailAdresse" are "email adresse"."""
    plain = unicodedata.normalize("NFKD", CAMEL.sub(" ", heading.replace("ß", "ss").replace("°", "o")))
    plain = "".join(one for one in plain if not unicodedata.combining(one)).casefold()
    words = " ".join(NOT_WORD.sub(" ", ORDINAL_SIGN.sub(" ", plain)).replace("#", " # ").split())
    return EMAIL_WORD.sub(r"email\1", words)


@lru_cache(maxsize=4096)
def read_heading(heading: str) -> Reading:
    """What `heading` says, each word considered; what stands in brackets counts where it is understood."""
    if len(heading) > MAX_HEADING:
        return NOTHING
    bare = IN_BRACKETS.sub(" ", heading)
    reading = read_words(heading_words(bare)) if bare.strip() != heading.strip() else None
    if reading is None or (reading.veto is None and brackets_count(heading)):
        reading = read_words(heading_words(heading))
    return reading


def brackets_count(heading: str) -> bool:
    """Whether what stands in brackets says something: all its words are known, or one of them is telling."""
    inside = [word for part in IN_BRACKETS.findall(heading) for word in split_words(heading_words(part))]
    telling = words_of.OTHERS | words_of.ABOUT | COMPANIES
    return all(word.isdigit() or is_known(word) for word in inside) or not telling.isdisjoint(inside)


def read_words(text: str) -> Reading:
    """What the words of a heading say, numbers apart: "Phone 2" and "E-mail 2 Address" come after the first ones."""
    ordinal, kept = 0, []
    for word in BEFORE_DIGITS.sub(" ", text).split():
        if word.isdigit():
            ordinal = int(word) if int(word) <= MAX_ORDINAL else ordinal
        else:
            kept.append(word)
    reading = read_plain_words(" ".join(kept))
    return replace(reading, weight=reading.weight + 3 * max(0, ordinal - 1)) if ordinal > 1 else reading


def read_plain_words(text: str) -> Reading:
    """What words without numbers say."""
    field = EXACT.get(text) or COMPACT.get(text.replace(" ", ""))
    if field:
        return Reading(field)
    words = list(split_words(text))
    order = name_order(words)
    if order:
        return Reading(Field.NAME, Tier.EXACT, order=order)
    doubtful = MAYBE.get(text.replace(" #", " number"))
    if doubtful:
        return Reading(doubtful, Tier.MAYBE)
    reading = classify(words)
    if reading.field or reading.veto:
        return reading
    corrected = [word if is_known(word) else correct(word) for word in words]
    if corrected != words and all(corrected):
        mended = read_known([word for word in corrected if word])
        return replace(mended, tier=Tier.MISSPELT, more=(" ".join(word for word in corrected if word),))
    return NOTHING


def read_known(words: Sequence[str]) -> Reading:
    """What words say that are all in the vocabulary."""
    field = EXACT.get(" ".join(words))
    return Reading(field) if field else classify(list(words))


def split_words(text: str) -> Iterator[str]:
    """The words of `text`, some joined ("first name"), compounds divided into the words that they are made of."""
    text = f" {text} "
    for phrase, word in MERGED.items():
        text = text.replace(phrase, word)
    for word in text.split():
        if is_known(word) or len(word) < SHORTEST_COMPOUND:
            yield word
        elif word[-1] == "s" and word[:-1] in WHOSE:
            yield word[:-1]
        else:
            yield from divide(word) or (word,)


@lru_cache(maxsize=4096)
def divide(word: str) -> tuple[str, ...]:
    """The known words that `word` is put together from, none where it is not."""
    for end in range(len(word) - 2, SHORTEST_PART - 1, -1):
        if word[:end] not in KNOWN:
            continue
        for link in LINKS:
            rest = word[end:].removeprefix(link) if word.startswith(link, end) else ""
            if len(rest) < SHORTEST_PART and rest not in SHORT_ENDS:
                continue
            parts = (rest,) if rest in KNOWN else divide(rest)
            if parts:
                return (word[:end], *parts)
    return ()


def is_known(word: str) -> bool:
    """Whether `word` is in the vocabulary; single letters are small words."""
    return word in KNOWN or word in SMALL or (len(word) == 1 and word.isalpha())


def name_order(words: Sequence[str]) -> NameOrder | None:
    """The order of a heading that names both parts of a name and nothing else: "Nachname, Vorname", "Nom et prénom"."""
    kinds = [
        "first" if word in FIRSTS else "last" if word in LASTS else "name" if word in NAMES else word
        for word in words
        if word not in words_of.FUNCTION and word not in words_of.FULL and word not in words_of.PERSONS
    ]
    if {"first", "last"} <= set(kinds) <= {"first", "last", "name"}:
        return NameOrder.FIRST_LAST if kinds.index("first") < kinds.index("last") else NameOrder.LAST_FIRST
    pair = next((kinds[at : at + 2] for at in range(len(kinds)) if len(kinds) == 2), [])
    if sorted(pair) == ["first", "name"] and not {"first", "given", "name"} >= set(words):
        return NameOrder.FIRST_LAST if pair[0] == "first" else NameOrder.LAST_FIRST
    if sorted(pair) == ["last", "name"] and not {"last", "family", "name"} >= set(words):
        return NameOrder.LAST_FIRST if pair[0] == "last" else NameOrder.FIRST_LAST
    return None


def classify(words: list[str]) -> Reading:
    """What the classes of all words say together."""
    present = set(words)
    is_country = not present.isdisjoint(HEADS[Field.COUNTRY])
    others = present & words_of.OTHERS
    if others or (len(words) > 1 and words[-1] in words_of.AGENTS):
        return Reading(veto=f"speaks of another person ({first_of(words, others) or words[-1]})")
    about = present & words_of.ABOUT - (words_of.COUNTRY_WORDS if is_country else frozenset())
    if about:
        return Reading(veto=f"says something else ({first_of(words, about)})")
    for field in (Field.EMAIL, Field.PHONE, Field.WEBSITE, Field.COUNTRY, Field.FIRST_NAME, Field.LAST_NAME):
        reading = narrowed(field, words)
        if reading:
            return reading
    if present & NAMES and present & (HEADS[Field.EMAIL] | HEADS[Field.PHONE] | HEADS[Field.WEBSITE]):
        return Reading(veto="says what something is called")
    numbers = present & words_of.NUMBERS
    if numbers and (present & (COMPANIES | NAMES | words_of.PERSONS | words_of.ADDRESS) or numbers == present):
        return Reading(veto=f"says a number or code ({first_of(words, numbers)})")
    return name_or_company(words) or narrowed(Field.NOTES, words) or NOTHING


def first_of(words: Iterable[str], wanted: Iterable[str]) -> str:
    """The first of `words` that is in `wanted`; empty where none is."""
    return next((word for word in words if word in set(wanted)), "")


def narrowed(field: Field, words: Sequence[str]) -> Reading | None:
    """`field`, if a word says it and all the others only narrow it."""
    heads = HEADS[field] | (words_of.MOBILE if field is Field.PHONE else frozenset())
    if heads.isdisjoint(words):
        return None
    weights = [weigh(field, word) for word in words if word not in HEADS[field]]
    if any(one is None for one in weights):
        return None
    more = tuple(word for word in words if word not in HEADS[field] and weigh(field, word))
    is_shared = field in {Field.EMAIL, Field.PHONE} and not COMPANIES.isdisjoint(words)
    return Reading(field, Tier.QUALIFIED, sum(one or 0 for one in weights), more, is_shared=is_shared)


def weigh(field: Field, word: str) -> int | None:
    """How much `word` narrows `field`: 0 where it changes nothing, None where it makes it something else."""
    if word in words_of.FUNCTION or (len(word) == 1 and word.isalpha()):
        return 0
    for weight, classes in NARROWING[field]:
        if word in classes:
            return weight
    return None


PLACES = ((1, words_of.MAIN), (1, words_of.PERSONS), (2, words_of.KINDS), (5, words_of.SECOND))
NARROWING: dict[Field, tuple[tuple[int, frozenset[str]], ...]] = {
    Field.EMAIL: (*PLACES, (0, words_of.ADDRESS | {"id", "internet"}), (SHARED, COMPANIES)),
    Field.PHONE: (
        *PLACES,
        (2, words_of.MOBILE | words_of.ADDRESS),
        (0, words_of.NUMBERS - {"id", "ids", "code", "codes", "key", "uid", "uuid", "guid"}),
        (SHARED, COMPANIES),
    ),
    Field.WEBSITE: (*PLACES, (0, words_of.ADDRESS), (1, COMPANIES)),
    Field.COUNTRY: (
        *PLACES,
        (2, words_of.ADDRESS | COMPANIES),
        (1, words_of.COUNTRY_WORDS | NAMES),
        (SHARED, HEADS[Field.PHONE] | words_of.MOBILE),
    ),
    Field.FIRST_NAME: (*PLACES[:3], (2, words_of.ADDRESS | COMPANIES), (0, NAMES)),
    Field.LAST_NAME: (*PLACES[:3], (2, words_of.ADDRESS | COMPANIES), (0, NAMES)),
    Field.NOTES: (*PLACES, (2, COMPANIES), (0, frozenset({"text"}))),
}
"""By field, the words that may stand beside the deciding one, each with its weight."""


def name_or_company(words: Sequence[str]) -> Reading | None:
    """A name or a company, if all words are such: of "Company contact name" the last one says whose name it is."""
    allowed = COMPANIES | NAMES | words_of.PERSONS | words_of.FULL | words_of.MAIN | words_of.KINDS | words_of.ADDRESS
    telling = [word for word in words if word in COMPANIES or word in words_of.PERSONS]
    plain = [word for word in words if word not in words_of.FUNCTION and len(word) > 1]
    if not plain or not all(word in allowed or word in words_of.SECOND for word in plain):
        return None
    if not words_of.INTERNAL.isdisjoint(words):
        return Reading(veto=f"speaks of another person ({first_of(words, words_of.INTERNAL)})")
    if not is_group_only(words):
        return Reading(veto="says an address")
    has_genitive = not words_of.GENITIVES.isdisjoint(words)
    whose = (telling[0] if has_genitive else telling[-1]) if telling else None
    weight = sum(2 for word in plain if word in words_of.KINDS | words_of.ADDRESS | words_of.MAIN)
    second = not words_of.SECOND.isdisjoint(plain)
    if whose in COMPANIES:
        weight += 5 * second + 2 * (not {"account", "accounts"}.isdisjoint(words)) + (len(telling) > 1)
        return Reading(Field.COMPANY, Tier.QUALIFIED, weight, tuple(word for word in plain if word != whose))
    if (
        second
        or (whose is None and not words_of.KINDS.isdisjoint(plain))
        or (NAMES.isdisjoint(plain) and whose is None)
    ):
        return None
    return Reading(Field.NAME, Tier.QUALIFIED, weight + len(telling), tuple(plain) if telling else ())


def is_group_only(words: Sequence[str]) -> bool:
    """Whether words for an address only tell where the rest belongs: "Billing name", and not "Company address"."""
    at = [place for place, word in enumerate(words) if word in words_of.ADDRESS]
    if not at:
        return True
    rest = words[at[-1] + 1 :]
    return any(word in COMPANIES | NAMES | words_of.PERSONS for word in rest) and words_of.GENITIVES.isdisjoint(rest)


@lru_cache(maxsize=4096)
def correct(word: str) -> str | None:
    """The word of the vocabulary that differs from `word` by one typing error; None for none, and for real words.

    Two neighbours in the wrong order count from five letters on, a letter too many, missing or wrong from six.
    """
    if len(word) < SHORTEST_SWAP or word in words_of.REAL_WORDS:
        return None
    near = [
        one
        for one in TYPO_WORDS
        if one[0] == word[0] and abs(len(one) - len(word)) <= 1 and OSA.distance(word, one, score_cutoff=1) <= 1
    ]
    swapped = [one for one in near if sorted(one) == sorted(word)]
    if swapped:
        return swapped[0]
    return near[0] if near and min(len(word), len(near[0])) >= SHORTEST_TYPO else None
