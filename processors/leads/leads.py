"""One row to one lead: every field cleaned by its own rules, and what could not be used set aside, not lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from processors.leads.countries import find_country
from processors.leads.email_addresses import email_domain
from processors.leads.emails import FoundEmails, read_emails
from processors.leads.fields import PROFILE, Field
from processors.leads.mapping import Mapping, NameOrder
from processors.leads.names import PersonName, read_name, whole_name
from processors.leads.phone_numbers import country_of_calling_code, has_phone_region
from processors.leads.phones import FoundPhone, read_phones
from processors.leads.websites import FoundWebsite, read_website
from processors.tables.text import LINE_BREAK, fold, one_line

Cells = Sequence[str | None]
NameCells = tuple[str | None, str | None, str | None, NameOrder | None]

ASIDE = (
    *(one.value for one in (Field.NAME, Field.EMAIL, Field.PHONE)),
    PROFILE,
    *(one.value for one in (Field.WEBSITE, Field.COUNTRY)),
)
"""What things are set aside under."""
NO_EMAIL, NO_PHONE = FoundEmails(), FoundPhone()


@dataclass(slots=True)
class Lead:
    """What is known about one person; None where nothing is.

    Attributes:
        email: Normalised; the domain in lower case.
        phone: E.164.
        website: A host.
        country: As it stands in the file; `country_code` is its ISO 3166-1 alpha-2 code, where it is known.
        extra: The other columns by heading, without the empty ones.
        set_aside: By field, what stood in its column and is not its value: an invalid number, a second address; and by
            `PROFILE`, a page in a network that stood as website.
    """

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    phone_extension: str | None = None
    company: str | None = None
    website: str | None = None
    country: str | None = None
    country_code: str | None = None
    notes: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    set_aside: dict[str, str] = field(default_factory=dict)

    @property
    def is_reachable(self) -> bool:
        """Whether there is any way to reach the person."""
        return self.email is not None or self.phone is not None


class FoundCountry(NamedTuple):
    """The country of a row as written, its ISO 3166-1 alpha-2 code, and what is to be set aside; each None if not there."""

    name: str | None = None
    code: str | None = None
    aside: str | None = None


class LeadReader:
    """Reads rows of one table: knows where its columns are. `country` is the default region of phone numbers.

    A field is read from its columns in their order: from the first one that gives something usable. What else stands in
    the first column is set aside; the other columns stay extra columns, and show all that is in them.
    """

    def __init__(self, mapping: Mapping, country: str | None) -> None:
        self.default_region = country
        self.sources = {one: mapping.sources(one) for one in Field}
        self.emails = self.sources[Field.EMAIL]
        self.phones = self.sources[Field.PHONE]
        self.extras = tuple((column.index, column.heading) for column in mapping.extras())
        shown = frozenset(index for index, _ in self.extras)
        self.columns = {one: tuple((i, i in shown) for i in indices) for one, indices in self.sources.items()}
        self.orders = {column.index: column.order for column in mapping.columns}

    def values(self, cells: Cells, indices: Iterable[int]) -> list[str]:
        """What stands in several columns, line breaks and all, without the empty ones."""
        return [value for index in indices if index < len(cells) and (value := cells[index])]

    def value(self, cells: Cells, one: Field) -> str | None:
        """What stands in the first column of a field that is not empty, as one line."""
        for index in self.sources[one]:
            if index < len(cells) and (value := cells[index]):
                return one_line(value)
        return None

    def given(self, cells: Cells, one: Field) -> list[tuple[str, bool]]:
        """What stands in the columns of a field, and whether it is an extra column as well."""
        return [(v, is_shown) for index, is_shown in self.columns[one] if index < len(cells) and (v := cells[index])]

    def country(self, cells: Cells) -> FoundCountry:
        """The first known country of a row, else what stands in the first column for it."""
        return first_country(tuple(self.given(cells, Field.COUNTRY)))

    def region(self, cells: Cells) -> str | None:
        """Where the phone numbers of a row without a country code are: its country, else the default; None if unknown."""
        return region_of(self.country(cells).name, self.default_region)

    def email(self, cells: Cells) -> FoundEmails:
        """The first valid address of a row, the name that stands with it, and what is to be set aside."""
        rest = None
        for value, is_shown in self.given(cells, Field.EMAIL):
            found = read_emails(value)
            rest = rest if is_shown else found.rest
            if found.address:
                return found if rest == found.rest else found._replace(rest=rest)
        return FoundEmails(rest=rest) if rest else NO_EMAIL

    def phone(self, cells: Cells, region: str | None) -> FoundPhone:
        """The first valid number of a row, and what is to be set aside; `region` as `region` tells it."""
        rest = None
        for value, is_shown in self.given(cells, Field.PHONE):
            found = cached_phones(value, region)
            rest = rest if is_shown else found.rest
            if found.phone:
                return found if rest == found.rest else found._replace(rest=rest)
        return FoundPhone(rest=rest) if rest else NO_PHONE

    def website(self, cells: Cells, email: str | None) -> FoundWebsite:
        """The first website of a row and the first profile, and what is to be set aside."""
        host = profile = rest = None
        own_domain = email_domain(email) if email else ""
        for value, is_shown in self.given(cells, Field.WEBSITE):
            found = cached_website(value)
            if found.host is None and own_domain and own_domain in value.lower():
                found = read_website(value, own_domain)
            profile = profile or (None if is_shown else found.profile)
            rest = rest if is_shown else found.rest
            host = found.host
            if host:
                break
        return FoundWebsite(host, profile, rest)

    def name_cells(self, cells: Cells) -> NameCells:
        """What `read_name` and `whole_name` are given for a row: a name, a first and a last one, and their order."""
        first, last = self.value(cells, Field.FIRST_NAME), self.value(cells, Field.LAST_NAME)
        for index in self.sources[Field.NAME]:
            if index < len(cells) and (value := cells[index]):
                return one_line(value), first, last, self.orders[index]
        return None, first, last, None

    def whole_name(self, cells: Cells) -> str:
        """The full name of a row apart from its casing; empty where there is none."""
        return whole_name(*self.name_cells(cells)) or whole_name(self.email(cells).name, None, None)

    def read(self, cells: Cells) -> Lead:
        """The lead of a row of clean cells."""
        email, country = self.email(cells), self.country(cells)
        phone = self.phone(cells, region_of(country.name, self.default_region))
        site = self.website(cells, email.address)
        name = read_name(*self.name_cells(cells))
        beside = email.name
        if not name.full and beside:
            name, beside = read_name(beside, None, None), None
        other_name = beside if beside and not is_same_name(beside, name) else None
        aside = (name.aside, join_rest(other_name, email.rest), phone.rest, site.profile, site.rest, country.aside)
        return Lead(
            name=name.full,
            first_name=name.first,
            last_name=name.last,
            email=email.address,
            phone=phone.phone.e164 if phone.phone else None,
            phone_extension=phone.phone.extension if phone.phone else None,
            company=self.value(cells, Field.COMPANY),
            website=site.host,
            country=country.name,
            country_code=country.code,
            notes=self.value(cells, Field.NOTES),
            extra={
                heading: value.replace(LINE_BREAK, " ")
                for index, heading in self.extras
                if index < len(cells) and (value := cells[index])
            },
            set_aside={key: one_line(value) for key, value in zip(ASIDE, aside, strict=True) if value}
            if any(aside)
            else {},
        )


cached_phones = lru_cache(maxsize=8192)(read_phones)
cached_website = lru_cache(maxsize=8192)(read_website)


def join_rest(*parts: str | None) -> str | None:
    """Several things that are set aside."""
    return "; ".join(part for part in parts if part) or None


def is_same_name(beside: str, name: PersonName) -> bool:
    """Whether the name beside an address tells nothing that the name of the lead does not."""
    return set(fold(beside).split()) <= set(fold(name.full or "").split())


@lru_cache(maxsize=4096)
def first_country(given: tuple[tuple[str, bool], ...]) -> FoundCountry:
    """The first known country of what is given, else the first one; each with whether it is an extra column as well."""
    if not given:
        return FoundCountry()
    known = next((place for place, (value, _) in enumerate(given) if country_code(value)), 0)
    country = one_line(given[known][0])
    aside = [one_line(value) for value, is_shown in given[:known] if not is_shown]
    return FoundCountry(country, country_code(country), "; ".join(aside) or None)


@lru_cache(maxsize=4096)
def country_code(country: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country as written, or as it is dialled; None where it is not known."""
    return find_country(country) or country_of_calling_code(country)


@lru_cache(maxsize=4096)
def region_of(country: str | None, default: str | None) -> str | None:
    """The region for phone numbers of a country as written, else `default`; None where neither has numbering rules."""
    region = (country_code(country) if country else None) or default
    return region if region and has_phone_region(region) else None
