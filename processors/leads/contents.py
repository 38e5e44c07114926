"""What the values of a column say about it, where its heading says nothing."""

import re
from collections.abc import Callable, Sequence

from processors.leads.countries import find_country
from processors.leads.emails import read_emails
from processors.leads.fields import Field
from processors.leads.phones import has_phone_region, read_phone
from processors.leads.websites import read_host

Rows = Sequence[Sequence[str | None]]

CERTAIN = 0.6
FEW_COUNTRIES = 0.8
SOME = 0.15
PHONE_LIKE = re.compile(r"(?:tel:)?[+(]?[\d(][\d\s().\-/]{5,24}(?:\s*(?:x|ext\.?|#)\s*\d{1,6})?", re.IGNORECASE)
NO_PHONE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{5}-\d{4}|\d+\.\d+")
"""Dates, American ZIP codes and decimal numbers, which may look like phone numbers."""
MIN_PHONE_DIGITS, MAX_PHONE_DIGITS = 7, 16
COMPANY_FORMS = re.compile(
    r"\b(?:gmbh|ag|kg|ohg|ug|e\.?v|inc|llc|llp|ltd|limited|plc|corp|corporation|co|company|s\.?a\.?s?|s\.?a\.?r\.?l|"
    r"s\.?r\.?l|s\.?p\.?a|s\.?l\.?u?|b\.?v|n\.?v|lda|ltda|oy|ab|as|a/s|aps|pty|group|holding|partners|services)\b\.?$",
    re.IGNORECASE,
)
WORD = r"[^\W\d_][^\W\d_'’.\-]*(?:['’.\-][^\W\d_]*)*"
ONE_WORD = re.compile(WORD)
TWO_OR_MORE = re.compile(rf"{WORD}(?:,? {WORD}){{1,4}}")


def column_values(rows: Rows, column: int) -> list[str]:
    """The values of one column, without the empty ones."""
    return [value for row in rows if column < len(row) and (value := row[column])]


def share(values: Sequence[str], is_such: Callable[[str], object]) -> float:
    """How many of `values` the predicate `is_such` accepts, from 0 to 1; 0 where there are none."""
    if not values:
        return 0.0
    return sum(1 for value in values if is_such(value)) / len(values)


def is_email(value: str) -> bool:
    """Whether an e-mail address can be read from `value`."""
    return read_emails(value).address is not None


def is_phone(value: str) -> bool:
    """Whether `value` looks like a phone number that says so: with a +, a leading zero, or divided into groups."""
    digits = sum(one.isdigit() for one in value)
    if (
        not PHONE_LIKE.fullmatch(value)
        or not MIN_PHONE_DIGITS <= digits <= MAX_PHONE_DIGITS
        or NO_PHONE.fullmatch(value)
    ):
        return False
    return value[0] in "+0(t" or digits < len(value)


def is_number_of(region: str | None) -> Callable[[str], bool]:
    """A predicate: whether a value is a valid phone number of `region`, or an international one."""
    known = region if region and has_phone_region(region) else None
    return lambda value: not NO_PHONE.fullmatch(value) and read_phone(value, known) is not None


def is_website(value: str) -> bool:
    """Whether `value` is a host or a web address."""
    return "@" not in value and read_host(value) is not None


def is_country(value: str) -> bool:
    """Whether `value` is a known country."""
    return find_country(value) is not None


def is_certain(field: Field, values: Sequence[str], region: str | None) -> bool:
    """Whether a column with these values can hold nothing but `field` (e-mail, phone, website or country)."""
    if field is Field.EMAIL:
        return share(values, is_email) >= CERTAIN
    if field is Field.PHONE:
        return share(values, is_phone) >= CERTAIN or share(values, is_number_of(region)) >= CERTAIN
    if field is Field.WEBSITE:
        return share(values, is_website) >= CERTAIN
    return share(values, is_country) >= FEW_COUNTRIES


def guess_columns(rows: Rows, width: int, region: str | None) -> dict[int, Field]:
    """Which column of a table without headings holds what.

    E-mail addresses, hosts, countries and phone numbers are certain; names and companies are guessed among the rest.
    """
    values = [column_values(rows, column) for column in range(width)]
    found: dict[int, Field] = {}
    for field in (Field.EMAIL, Field.WEBSITE, Field.COUNTRY, Field.PHONE):
        for column in range(width):
            if column not in found and is_certain(field, values[column], region):
                found[column] = field
                break
    texts = [column for column in range(width) if column not in found and is_worded(values[column])]
    company = guess_company(values, texts, rows, found)
    if company is not None:
        found[company] = Field.COMPANY
        texts.remove(company)
    return found | guess_names(values, texts)


def is_worded(values: Sequence[str]) -> bool:
    """Whether a column holds words, and not numbers, dates, codes or addresses."""
    return share(values, lambda value: any(one.isalpha() for one in value) and not is_email(value)) >= CERTAIN


def guess_company(
    values: Sequence[Sequence[str]], texts: Sequence[int], rows: Rows, found: dict[int, Field]
) -> int | None:
    """The column whose values end in Ltd, GmbH and the like, or stand in the domain of the row's e-mail address."""
    for column in texts:
        if share(values[column], COMPANY_FORMS.search) >= SOME:
            return column
    email = next((column for column, field in found.items() if field is Field.EMAIL), None)
    if email is None:
        return None
    for column in texts:
        pairs = [(row[column], row[email]) for row in rows if column < len(row) and email < len(row)]
        if sum(stands_in_domain(text, address) for text, address in pairs) >= 2 * SOME * len(pairs):
            return column
    return None


def stands_in_domain(text: str | None, address: str | None) -> bool:
    """Whether the letters of `text` stand in the domain of `address`: Acme Tools, anna@acmetools.com."""
    if not text or not address:
        return False
    letters = "".join(one for one in text.casefold() if one.isalnum())
    domain = address.rpartition("@")[2].casefold().replace("-", "")
    return len(letters) > 2 and letters in domain


def guess_names(values: Sequence[Sequence[str]], texts: Sequence[int]) -> dict[int, Field]:
    """A column of two words or more as the name; else two columns of one word side by side as first and last name."""
    for column in texts:
        if share(values[column], TWO_OR_MORE.fullmatch) >= CERTAIN:
            return {column: Field.NAME}
    single = [column for column in texts if share(values[column], ONE_WORD.fullmatch) >= CERTAIN]
    for column in single:
        if column + 1 in single:
            return {column: Field.FIRST_NAME, column + 1: Field.LAST_NAME}
    return {single[0]: Field.NAME} if single else {}
