"""One row to one lead: every field cleaned by its own rules, and what could not be used set aside, not lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from processors.leads.countries import find_country
from processors.leads.emails import read_emails
from processors.leads.fields import Field
from processors.leads.mapping import Mapping
from processors.leads.names import read_name
from processors.leads.phones import Phone, has_phone_region, read_phone
from processors.leads.websites import read_host

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known about one person; None where nothing is.

    Attributes:
        email: Normalised; the domain in lower case.
        phone: E.164.
        website: A host.
        country: As it stands in the file; `country_code` is its ISO 3166-1 alpha-2 code, where it is known.
        extra: The other columns by heading, without the empty ones.
        set_aside: By field, what stood in its column and is not its value: an invalid number, a second address.
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


class LeadReader:
    """Reads rows of one table: knows where its columns are. `country` is the default region of phone numbers."""

    def __init__(self, mapping: Mapping, country: str | None) -> None:
        self.country = country
        self.emails = mapping.sources(Field.EMAIL)
        self.phones = mapping.sources(Field.PHONE)
        self.single = {one: next(iter(mapping.sources(one)), None) for one in Field}
        self.extras = tuple((column.index, column.heading) for column in mapping.extras())

    def value(self, cells: Cells, one: Field) -> str | None:
        """What stands in the column of a field."""
        index = self.single[one]
        return cells[index] if index is not None and index < len(cells) else None

    def values(self, cells: Cells, indices: Iterable[int]) -> list[str]:
        """What stands in several columns, without the empty ones."""
        return [value for index in indices if index < len(cells) and (value := cells[index])]

    def region(self, cells: Cells) -> str | None:
        """Where the phone numbers of a row without a country code are: its country, else the default; None if unknown."""
        country = self.value(cells, Field.COUNTRY)
        return region_of(country, self.country)

    def email(self, cells: Cells) -> tuple[str | None, str | None]:
        """The first valid address of a row, and what else stood in the columns for it."""
        rest: list[str] = []
        address = None
        for position, value in enumerate(self.values(cells, self.emails)):
            found = read_emails(value)
            if address is None and found.address:
                address = found.address
                rest += found.others
            elif position == 0:
                rest.append(value)
        return address, "; ".join(rest) or None

    def phone(self, cells: Cells) -> tuple[Phone | None, str | None]:
        """The first valid number of a row, and what stood in the first column for it and is none."""
        rest = None
        region = self.region(cells)
        for position, value in enumerate(self.values(cells, self.phones)):
            phone = cached_phone(value, region)
            if phone:
                return phone, rest
            rest = value if position == 0 else rest
        return None, rest

    def read(self, cells: Cells) -> Lead:
        """The lead of a row of clean cells."""
        name = read_name(*(self.value(cells, one) for one in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME)))
        email, other_emails = self.email(cells)
        phone, other_phone = self.phone(cells)
        site = self.value(cells, Field.WEBSITE)
        host = cached_host(site) if site else None
        country = self.value(cells, Field.COUNTRY)
        aside = {Field.EMAIL: other_emails, Field.PHONE: other_phone, Field.WEBSITE: None if host else site}
        return Lead(
            name=name.full,
            first_name=name.first,
            last_name=name.last,
            email=email,
            phone=phone.e164 if phone else None,
            phone_extension=phone.extension if phone else None,
            company=self.value(cells, Field.COMPANY),
            website=host,
            country=country,
            country_code=find_country(country) if country else None,
            notes=self.value(cells, Field.NOTES),
            extra={heading: value for index, heading in self.extras if index < len(cells) and (value := cells[index])},
            set_aside={one.value: value for one, value in aside.items() if value},
        )


cached_phone = lru_cache(maxsize=8192)(read_phone)
cached_host = lru_cache(maxsize=8192)(read_host)


@lru_cache(maxsize=4096)
def region_of(country: str | None, default: str | None) -> str | None:
    """The region for phone numbers of a country as written, else `default`; None where neither has numbering rules."""
    code = (find_country(country) if country else None) or default
    return code if code and has_phone_region(code) else None
