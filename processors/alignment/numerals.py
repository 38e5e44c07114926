"""Numbers and signs in a text, as they are spoken."""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import product

from num2words import num2words

Reading = tuple[str, ...]

MAX_DIGITS = 15
"""Of a number that is spoken as one; longer ones are spoken digit by digit, up to `MAX_SPELLED`."""
MAX_SPELLED = 60
PIECE = re.compile(
    r"(?P<clock>\d{1,2}:[0-5]\d(?::[0-5]\d)?(?!\d))"
    r"|(?P<fraction>\d{1,3}[/⁄]\d{1,3}(?!\d))"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<letters>[^\W\d_]+(?:['.][^\W\d_]+)*\.?)"
    r"|(?P<sign>[^\w\s])"
)
SIGNS: dict[str, dict[str, str]] = {
    "en": {
        "&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "#": "number", "°": "degrees", "$": "dollars",
        "€": "euros", "£": "pounds", "¥": "yen", "×": "times", "÷": "divided by", "§": "section", ".": "dot", "/": "slash",
    },
    "fr": {
        "&": "et", "%": "pour cent", "+": "plus", "=": "égale", "@": "arobase", "#": "numéro", "°": "degrés",
        "$": "dollars", "€": "euros", "£": "livres", "¥": "yens", "×": "fois", "÷": "divisé par", "§": "paragraphe",
        ".": "point", "/": "sur",
    },
    "de": {
        "&": "und", "%": "prozent", "+": "plus", "=": "gleich", "@": "at", "#": "nummer", "°": "grad", "$": "dollar",
        "€": "euro", "£": "pfund", "¥": "yen", "×": "mal", "÷": "geteilt durch", "§": "paragraph", ".": "punkt",
        "/": "schrägstrich",
    },
}  # fmt: skip
CURRENCIES = frozenset("$€£¥")
SINGULAR = {
    "dollars": "dollar",
    "euros": "euro",
    "pounds": "pound",
    "livres": "livre",
    "degrees": "degree",
    "degrés": "degré",
}
ORDINALS = {
    "en": frozenset({"st", "nd", "rd", "th"}),
    "fr": frozenset({"er", "re", "e", "ème", "eme", "ère", "nd", "nde"}),
}
DAY_HALVES = {"am": "a.m.", "pm": "p.m.", "a.m": "a.m.", "p.m": "p.m.", "a.m.": "a.m.", "p.m.": "p.m."}
DECIMAL_COMMA = frozenset({"bg", "ca", "cs", "da", "de", "el", "es", "fi", "fr", "hr", "hu", "is", "it", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk"})  # fmt: skip
POINT = {"en": "point", "fr": "virgule", "de": "komma"}


def has_numeral(token: str) -> bool:
    """Whether a digit stands in `token`."""
    return any("0" <= one <= "9" for one in token)


def symbol_words(sign: str, language: str) -> tuple[str, ...]:
    """What is said for a sign standing alone, in the languages that are known; nothing for all others."""
    return tuple(SIGNS.get(language, {}).get(sign, "").split()) if sign not in "./" else ()


def numeral_readings(token: str, language: str, letters: Callable[[str], Sequence[Reading]]) -> Iterator[Reading]:
    """The ways to speak `token`, which holds digits, the likeliest first.

    Args:
        token: In Unicode form NFKC.
        language: Two letters; one whose numbers nobody here can say gives `token` itself.
        letters: The readings of the letters in it.
    """
    try:
        parts = [readings for readings in spoken_parts(token, language, letters) if readings]
    except NotImplementedError:
        yield (token.lower(),)
        return
    for choice in product(*parts):
        yield tuple(word for reading in choice for word in reading)


def spoken_parts(token: str, language: str, letters: Callable[[str], Sequence[Reading]]) -> Iterator[Sequence[Reading]]:
    """For each piece of `token` in the order of speaking, its readings."""
    pieces = [(found.lastgroup or "", found[0]) for found in PIECE.finditer(token)]
    at = 0
    while at < len(pieces):
        kind, text = pieces[at]
        after = pieces[at + 1] if at + 1 < len(pieces) else ("", "")
        if kind == "sign" and text in CURRENCIES and after[0] == "number":
            yield money(after[1], symbol_words(text, language), language)
            at += 1
        elif kind == "sign":
            yield sign_readings(text, pieces, at, language)
        elif kind == "letters":
            yield letters(text)
        elif kind == "clock":
            yield list(clock_readings(text, language))
            if after[1].lower() in DAY_HALVES and language == "en":
                yield [(DAY_HALVES[after[1].lower()],)]
                at += 1
        elif kind == "fraction":
            yield list(fraction_readings(text, language))
        elif after[0] == "letters" and after[1].lower() in ORDINALS.get(language, ()):
            yield [said(int_of(text), language, "ordinal")]
            at += 1
        elif after == ("letters", "s") and language == "en":
            yield [plural(reading) for reading in number_readings(text, language)]
            at += 1
        else:
            yield number_readings(text, language)
        at += 1


def sign_readings(sign: str, pieces: Sequence[tuple[str, str]], at: int, language: str) -> list[Reading]:
    """What is said for a sign amid numbers; an empty list where it is not spoken."""
    before = pieces[at - 1][0] if at else ""
    after = pieces[at + 1][0] if at + 1 < len(pieces) else ""
    if sign == "-" and after == "number":
        if not before:
            return [("minus",), ()] if language in {"en", "fr", "de"} else []
        return [(), ("to",)] if language == "en" and before == "number" else []
    if sign in CURRENCIES and before == "number" and number_value(pieces[at - 1][1], language) == 1:
        return [tuple(SINGULAR.get(word, word) for word in symbol_words(sign, language))]
    words = symbol_words(sign, language)
    return [words] if words else []


def number_readings(text: str, language: str) -> list[Reading]:
    """The ways to speak a number as it is written; digit by digit where it is too long or begins with 0."""
    digits = re.sub(r"\D", "", text)
    value = number_value(text, language)
    if value is None or len(digits) > MAX_DIGITS:
        return [spelled(digits, language)]
    if value != int(value) or (re.search(r"[.,]", text) and str(int(value)) != digits):
        return decimal_readings(text, language)
    number = int(value)
    if digits != str(number):  # it begins with 0
        return distinct([spelled(digits, language), ohs(digits, language), said(number, language)])
    is_bare = digits == text
    readings = [said(number, language, "year")] if is_bare and 1100 <= number <= 2099 and number % 1000 else []
    readings += cardinals(number, language)
    if is_bare and len(digits) == 3 and language == "en" and number % 100:
        readings.append(hundreds(number))
    if is_bare and len(digits) > 1:
        readings += [spelled(digits, language), ohs(digits, language)]
    return distinct(readings)


def number_value(text: str, language: str) -> Decimal | None:
    """The value of a number in the notation of `language`; None where it is none (1.2.3, an IP address)."""
    point, comma = (",", ".") if language in DECIMAL_COMMA else (".", ",")
    whole, _, rest = text.partition(point)
    groups = whole.split(comma)
    if len(groups) > 1 and (any(len(group) != 3 for group in groups[1:]) or len(groups[0]) > 3):
        if len(groups) == 2 and not rest and point not in text:
            whole, rest = groups  # 3,5 in English, 3.5 in German: nobody means thousands
        else:
            return None
    else:
        whole = "".join(groups)
    return Decimal(f"{whole}.{rest or 0}") if rest.isdigit() or not rest else None


def decimal_readings(text: str, language: str) -> list[Reading]:
    """A number with decimals: before the point as a number, after it digit by digit, or as a number."""
    whole, _, rest = re.sub(r"[.,](?=.*[.,])", "", text).replace(",", ".").partition(".")
    point = POINT.get(language)
    if point is None:
        return [said(Decimal(f"{whole}.{rest}"), language)]
    before = said(int_of(whole), language)
    readings = [(*before, point, *spelled(rest, language)), (*before, *said(int_of(rest), language))]
    if not rest.startswith("0") and len(rest) > 1:
        readings.insert(1, (*before, point, *said(int_of(rest), language)))
    return distinct(readings)


def cardinals(number: int, language: str) -> list[Reading]:
    """`number` as a number, in English first without the "and" that Britons say."""
    full = said(number, language)
    return distinct([tuple(word for word in full if word != "and"), full]) if language == "en" else [full]


def hundreds(number: int) -> Reading:
    """A number of three digits as Americans say those of rooms and flights: seven forty seven, one oh one."""
    rest = number % 100
    return (*said(number // 100, "en"), *(("oh",) if rest < 10 else ()), *said(rest, "en"))


def money(text: str, unit: Reading, language: str) -> list[Reading]:
    """An amount with its currency: five dollars, five dollars fifty, five fifty."""
    value = number_value(text, language)
    if not unit or value is None:
        return number_readings(text, language)
    one = tuple(SINGULAR.get(word, word) for word in unit)
    whole, cents = int(value), int(value * 100) % 100
    if not cents:
        name = one if value == 1 else unit
        amounts = [
            reading for reading in number_readings(str(whole), language) if not is_year(reading, whole, language)
        ]
        return distinct([*((*amount, *name) for amount in amounts), *amounts])
    before, after = cardinals(whole, language)[0], said(cents, language)
    name = one if whole == 1 else unit
    readings = [(*before, *name, *after), (*before, *after)]
    if language == "en":
        readings.insert(0, (*before, *name, "and", *after, "cent" if cents == 1 else "cents"))
    return distinct(readings)


def is_year(reading: Reading, number: int, language: str) -> bool:
    """Whether `reading` is that of a year: amounts of money are not spoken so."""
    return 1100 <= number <= 2099 and reading == said(number, language, "year") != said(number, language)


def clock_readings(text: str, language: str) -> Iterator[Reading]:
    """A time of day: three thirty, three oh five, three o'clock; in French with its "heures"."""
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    hour = said(hours, language)
    minute: Reading = () if not minutes and not seconds else said(minutes, language)
    rest = tuple(word for second in seconds for word in said(second, language))
    if language == "fr":
        yield (*("une" if word == "un" else word for word in hour), "heure" if hours == 1 else "heures", *minute, *rest)
    elif language == "de":
        yield (*hour, "uhr", *minute, *rest)
    elif language == "en" and not minute and not rest:
        yield (*hour, "o'clock")
    elif language == "en" and minutes < 10:
        yield (*hour, "oh", *minute, *rest)
    yield (*hour, *minute, *rest)


def fraction_readings(text: str, language: str) -> Iterator[Reading]:
    """A fraction: one half, three quarters, five sixteenths, or twenty four seven."""
    top, bottom = (int(part) for part in re.split("[/⁄]", text))
    above, below = said(top, language), said(bottom, language)
    if language == "en" and 0 < top < bottom:
        names = {2: ("half",), 4: ("quarter",)}
        name = names.get(bottom) or said(bottom, language, "ordinal")
        yield (*above, *(name if top == 1 else plural(name)))
        yield (*above, "over", *below)
    elif language == "fr":
        yield (*above, "sur", *below)
    yield (*above, *below)


def plural(reading: Reading) -> Reading:
    """The last word of `reading` in its plural: eighties, halves, quarters, nineteen hundreds."""
    if not reading:
        return reading
    last = reading[-1]
    if last == "half":
        return (*reading[:-1], "halves")
    if last.endswith("y"):
        return (*reading[:-1], last[:-1] + "ies")
    return (*reading[:-1], last + ("es" if last.endswith("x") else "s"))


def spelled(digits: str, language: str) -> Reading:
    """`digits` one by one, at most the first 60."""
    return tuple(word for digit in digits[:MAX_SPELLED] for word in said(int(digit), language))


def ohs(digits: str, language: str) -> Reading:
    """As `spelled`, with the "oh" that English says for zero."""
    return tuple("oh" if word == "zero" else word for word in spelled(digits, language)) if language == "en" else ()


def said(number: int | Decimal, language: str, form: str = "cardinal") -> Reading:
    """The words of a number. Raises NotImplementedError for a language without numbers here."""
    try:
        text = num2words(number, lang=language, to=form)
    except NotImplementedError:
        if form == "cardinal":
            raise
        text = num2words(number, lang=language)
    return tuple(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower()))


def int_of(text: str) -> int:
    return int(re.sub(r"\D", "", text)[:MAX_DIGITS] or 0)


def distinct(readings: Sequence[Reading]) -> list[Reading]:
    """`readings` without empty ones and without repetitions."""
    return [reading for reading in dict.fromkeys(readings) if reading]
