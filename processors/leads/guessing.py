"""Guess the columns of a table that has no headings."""

import re
from collections.abc import Sequence

from processors.leads.contents import (
    CERTAIN,
    FEW_COUNTRIES,
    Rows,
    column_values,
    find_emails,
    find_phones,
    find_websites,
    is_country,
    is_email,
    is_phone,
    share,
    values_with_regions,
)
from processors.leads.fields import Field

SOME = 0.15
COMPANY_FORMS = re.compile(
    r"\b(?:gmbh|ag|kg|ohg|ug|e\.?v|inc|llc|llp|ltd|limited|plc|corp|corporation|co|company|s\.?a\.?s?|s\.?a\.?r\.?l|"
    r"s\.?r\.?l|s\.?p\.?a|s\.?l\.?u?|b\.?v|n\.?v|lda|ltda|oy|ab|as|a/s|aps|pty|group|holding|partners|services)\b\.?$",
    re.IGNORECASE,
)
WORD = r"[^\W\d_][^\W\d_'’.\-]*(?:['’.\-][^\W\d_]*)*"
ONE_WORD = re.compile(WORD)
TWO_OR_MORE = re.compile(rf"{WORD}(?:,? {WORD}){{1,4}}")


def guess_columns(rows: Rows, width: int, default: str | None) -> dict[int, Field]:
    """Which column holds what.

    E-mail addresses, hosts, countries and phone numbers are told by what they are, and by how they differ; names and
    companies are guessed among the rest. `default` is the region of phone numbers where no column tells it.
    """
    values = [column_values(rows, column) for column in range(width)]
    found: dict[int, Field] = {}

    def take(field: Field, fits: Sequence[bool]) -> None:
        column = next((one for one in range(width) if fits[one] and one not in found), None)
        if column is not None:
            found[column] = field

    take(Field.EMAIL, [find_emails(one).is_enough for one in values])
    take(Field.WEBSITE, [find_websites(one).is_enough for one in values])
    take(Field.COUNTRY, [share(one, is_country) >= FEW_COUNTRIES for one in values])
    take(Field.PHONE, [find_phones(one, is_bare=True).is_enough for one in with_regions(rows, width, found, default)])
    if not found.keys() & {Field.EMAIL, Field.PHONE}:
        take_any(found, values)
    texts = [column for column in range(width) if column not in found and holds_words(values[column])]
    company = guess_company(values, texts, rows, found)
    if company is not None:
        found[company] = Field.COMPANY
        texts.remove(company)
    return found | guess_names(values, texts)


def with_regions(
    rows: Rows, width: int, found: dict[int, Field], default: str | None
) -> list[list[tuple[str, str | None]]]:
    """The values of each column, each with the region of its row."""
    country = next((column for column, field in found.items() if field is Field.COUNTRY), None)
    return [values_with_regions(rows, column, country, default) for column in range(width)]


def take_any(found: dict[int, Field], values: Sequence[Sequence[str]]) -> None:
    """Take the first column of e-mail addresses or phone numbers even if they repeat: nobody could be reached else."""
    for field, is_such in ((Field.EMAIL, is_email), (Field.PHONE, is_phone)):
        column = next((one for one, all_ in enumerate(values) if share(all_, is_such) >= CERTAIN), None)
        if column is not None:
            found[column] = field
            return


def holds_words(values: Sequence[str]) -> bool:
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
