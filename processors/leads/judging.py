"""Judge all columns of a table together: which field each is, and why.

Options come first, then headings that say a field and nothing else, then headings with fewer qualifiers, then headings
that need their contents to agree, then contents alone. The first column of a field is the one that it is read from; the
others help out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from processors.leads import contents
from processors.leads.contents import CERTAIN, Evidence, Rows, column_values, share, values_with_regions
from processors.leads.fields import LABELS, Field
from processors.leads.headings import NOTHING, Reading, Tier, heading_words, read_heading
from processors.leads.mapping import Column, NameOrder
from processors.leads.vocabulary import PERSONS
from processors.tables.text import fold, word_set

REACHING = frozenset({Field.EMAIL, Field.PHONE})
TOLD_BY_CONTENTS = (Field.EMAIL, Field.PHONE, Field.WEBSITE)
WORDED = frozenset({Field.NAME, Field.FIRST_NAME, Field.LAST_NAME, Field.COMPANY})
CONTACTS = word_set(
    "contact contacts contactperson ansprechpartner ansprechpartnerin ansprechperson kontakt kontaktperson"
)
CUSTOMERS = word_set(
    "customer customers client clients kunde kunden cliente clientes klant klanten name names nom nombre"
)
BARE_NAMES = frozenset({"name", "nom", "nome", "nombre", "naam"})
"""Headings that mean the whole name, or the part of it that has no column of its own."""
SHOWN_WORDS, MOST_NAMES = 4, 3
HOLDS = {Field.EMAIL: "valid e-mail addresses", Field.PHONE: "valid phone numbers", Field.WEBSITE: "web addresses"}


@dataclass(frozen=True, slots=True)
class Claim:
    """That a column is for a field.

    Attributes:
        rank: Lower ones are heard first: by what it was found, how much its heading is narrowed, the column itself.
        reason: For people.
    """

    index: int
    field: Field
    found_by: str
    rank: tuple[int, int, int]
    reason: str
    order: NameOrder | None = None
    identifies: bool = True


class ColumnJudge:
    """Hears what the headings and the contents of all columns of a table say.

    Args:
        headings: A unique name for each column.
        given: The cells of the header; none where there is no header.
        rows: Those below it.
        chosen: The columns that the options name.
        default: The region of phone numbers where no column tells it.
    """

    def __init__(
        self, headings: Sequence[str], given: Sequence[str | None], rows: Rows, chosen: dict[int, Field],
        default: str | None,
    ) -> None:  # fmt: skip
        self.headings = headings
        self.rows = rows
        self.default = default
        self.values = [column_values(rows, index) for index in range(len(headings))]
        self.readings = [
            read_heading(heading) if heading else NOTHING
            for heading in (given[index] if index < len(given) else None for index in range(len(headings)))
        ]
        self.claims: dict[Field, list[Claim]] = {field: [] for field in Field}
        self.refusals: dict[int, str] = {}
        self.country: int | None = None
        for index, field in chosen.items():
            self.claims[field].append(Claim(index, field, "option", (0, 0, index), 'The option "columns" names it.'))

    def judge(self) -> list[Column]:
        """All columns, each with its field or the reason why it has none."""
        self.hear_headings()
        self.hear_contents()
        return list(self.assign())

    def open_columns(self) -> list[tuple[int, Reading]]:
        """The columns that nothing claims yet."""
        taken = {claim.index for claims in self.claims.values() for claim in claims}
        return [(index, reading) for index, reading in enumerate(self.readings) if index not in taken]

    def first(self, field: Field) -> Claim | None:
        """The claim on `field` that is heard first."""
        return min(self.claims[field], key=lambda one: one.rank, default=None)

    def hear_headings(self) -> None:
        """Claims of headings: first the plain ones, then those that only their contents can confirm."""
        for index, reading in self.open_columns():
            if reading.veto:
                self.refusals[index] = f"Its heading {reading.veto}."
            elif reading.field and reading.tier <= Tier.QUALIFIED:
                self.hear_plain(index, reading.field, reading)
        self.settle_names()
        doubtful = [(index, reading.field, reading) for index, reading in self.open_columns() if reading.field]
        doubtful = [one for one in doubtful if one[2].tier > Tier.QUALIFIED]
        for index, field, reading in sorted(doubtful, key=lambda one: one[1] is not Field.COUNTRY):
            if field is not Field.COUNTRY and self.country is None:
                self.find_country_column()
            self.hear_doubtful(index, field, reading)
        self.find_country_column()

    def find_country_column(self) -> None:
        """Keep the column that tells the country of a row."""
        claim = self.first(Field.COUNTRY)
        self.country = claim.index if claim else None

    def hear_plain(self, index: int, field: Field, reading: Reading) -> None:
        """A heading that says a field. Where that is of words, a column without any is none."""
        is_such = contents.is_worded if field in WORDED else contents.has_letters if field is Field.NOTES else None
        if is_such and self.values[index] and share(self.values[index], is_such) < CERTAIN:
            self.refusals[index] = f"Its heading says {label(field)}, but its contents are no words."
            return
        reason = "Its heading says so."
        if reading.more:
            reason = f"Its heading says so, with other words ({', '.join(reading.more[:SHOWN_WORDS])})."
        if reading.order:
            parts = "first name, last name" if reading.order is NameOrder.FIRST_LAST else "last name, first name"
            reason = f"Its heading names both parts: {parts}."
        rank = (reading.tier.value, reading.weight, index)
        identifies = not reading.is_shared
        self.claims[field].append(Claim(index, field, "heading", rank, reason, reading.order, identifies))

    def hear_doubtful(self, index: int, field: Field, reading: Reading) -> None:
        """A heading that may say a field or be a slip for it: the contents decide."""
        title = label(field)
        told = f"may be a slip for {title}" if reading.tier is Tier.MISSPELT else f"may say {title}"
        if reading.tier is Tier.MISSPELT and self.claims[field]:
            self.refusals[index] = f"Its heading {told}, but another heading says that plainly."
            return
        part = self.confirm(index, field)
        if part < (CERTAIN if field is not Field.COUNTRY else 0.5):
            self.refusals[index] = f"Its heading {told}, but its contents do not."
            return
        rank = (reading.tier.value, reading.weight, index)
        reason = f"Its heading {told}, and so do {part:.0%} of its values."
        claim = Claim(index, field, "heading", rank, reason, reading.order, not reading.is_shared)
        self.claims[field].append(claim)

    def confirm(self, index: int, field: Field) -> float:
        """The share of a column's values that can be `field`."""
        values = self.values[index]
        if field is Field.PHONE:
            pairs = values_with_regions(self.rows, index, self.country, self.default)
            return max(share(values, contents.is_phone), contents.find_phones(pairs, is_bare=True).share)
        checks = {
            Field.EMAIL: contents.is_email,
            Field.WEBSITE: contents.is_website,
            Field.COUNTRY: contents.is_country_or_code,
        }
        return share(values, checks.get(field, contents.is_worded))

    def settle_names(self) -> None:
        """What headings for names mean beside each other.

        Beside a column for the first name, "Name" is the last name (German, French), and the other way round; beside both,
        "Customer" is no name. Beside a contact person, a customer is a company.
        """
        first, last = self.first(Field.FIRST_NAME), self.first(Field.LAST_NAME)
        names = [claim for claim in self.claims[Field.NAME] if claim.found_by == "heading"]
        self.claims[Field.NAME] = [claim for claim in self.claims[Field.NAME] if claim.found_by == "option"]
        has_contact = any(not CONTACTS.isdisjoint(self.readings[claim.index].more) for claim in names)
        for claim in names:
            words = self.readings[claim.index].more
            is_bare = heading_words(self.headings[claim.index]) in BARE_NAMES
            if words and has_contact and CUSTOMERS.issuperset(words):
                reason = "A customer beside a column for the contact person is a company."
                self.claims[Field.COMPANY].append(replace(claim, field=Field.COMPANY, reason=reason))
            elif words and first and last and PERSONS.issuperset(words):
                self.refusals[claim.index] = "The first and the last name have columns of their own."
            elif is_bare and (part := first or last) and not (first and last) and not self.holds(claim, part):
                missing = Field.LAST_NAME if first else Field.FIRST_NAME
                reason = f'"Name" beside a column for the {label(part.field)} is the {label(missing)}.'
                self.claims[missing].append(replace(claim, field=missing, reason=reason))
            else:
                self.claims[Field.NAME].append(claim)

    def holds(self, whole: Claim, part: Claim) -> bool:
        """Whether the names of one column have those of another in them, and more."""
        pairs = [
            (set(fold(full).split()), set(fold(one).split()))
            for row in self.rows
            if max(whole.index, part.index) < len(row) and (full := row[whole.index]) and (one := row[part.index])
        ]
        return bool(pairs) and sum(one < full for full, one in pairs) >= CERTAIN * len(pairs)

    def hear_contents(self) -> None:
        """Claims of contents, for columns whose headings say nothing, or what cannot be.

        Doubtful ones count where nobody could be reached without them.
        """
        doubted: list[Claim] = []
        for index, reading in self.open_columns():
            if reading.veto or not self.values[index]:
                continue
            for field in TOLD_BY_CONTENTS:
                evidence = self.weigh(index, field)
                if evidence.share < CERTAIN and not evidence.objection:
                    continue
                reason = (
                    f"{evidence.share:.0%} of its values are {HOLDS[field]}, "
                    f"{evidence.differing:.0%} of these differ from each other."
                )
                claim = Claim(index, field, "contents", (len(Tier) + 1, 0, index), reason, None, identifies=False)
                if evidence.is_enough:
                    self.claims[field].append(claim)
                else:
                    self.refusals[index] = f"It {evidence.objection}."
                    doubted.append(claim)
                break
        if not any(self.claims[field] for field in REACHING):
            for claim in [one for one in doubted if one.field in REACHING][:1]:
                self.claims[claim.field].append(claim)

    def weigh(self, index: int, field: Field) -> Evidence:
        """What speaks for `field` in the values of a column, and whether they are those of the people in the rows."""
        if field is Field.WEBSITE:
            evidence = contents.find_websites(self.values[index])
            if evidence.is_enough and contents.is_of_first_names(self.values_and_names(index)):
                return replace(evidence, objection="holds the first names of its rows, as login names do")
            return evidence
        if field is Field.PHONE:
            return contents.find_phones(values_with_regions(self.rows, index, self.country, self.default))
        evidence = contents.find_emails(self.values[index])
        if evidence.is_enough and contents.is_of_colleagues(self.values_and_names(index)):
            objection = "holds addresses of one domain that have nothing of the names of their rows"
            return replace(evidence, objection=objection)
        return evidence

    def values_and_names(self, index: int) -> list[tuple[str, str]]:
        """The values of a column, each with the names and the company of its row."""
        named = [claim.index for field in Field if field in WORDED for claim in self.claims[field][:MOST_NAMES]]
        return [
            (value, " ".join(row[one] or "" for one in named if one < len(row)).strip())
            for row in self.rows
            if index < len(row) and (value := row[index])
        ]

    def assign(self) -> Iterator[Column]:
        """Each column with its claim and its place among those of its field."""
        counts = dict.fromkeys(Field, 0)
        placed: dict[int, Column] = {}
        first: dict[Field, str] = {}
        for claim in sorted(chain.from_iterable(self.claims.values()), key=lambda one: one.rank):
            place = counts[claim.field]
            heading = self.headings[claim.index]
            reason = f'Helps out where "{first[claim.field]}" gives nothing. {claim.reason}' if place else claim.reason
            first.setdefault(claim.field, heading)
            counts[claim.field] += 1
            placed[claim.index] = Column(
                claim.index, heading, claim.field, claim.found_by, place, claim.order, claim.identifies, reason
            )
        for index, heading in enumerate(self.headings):
            yield placed.get(index) or Column(index, heading, reason=self.refusals.get(index) or self.unknown(index))

    def unknown(self, index: int) -> str:
        """Why nothing claims a column."""
        if not self.values[index]:
            return "Its heading is not known, and it is empty in the first rows."
        return "Its heading is not known, and its contents are no e-mail addresses, phone numbers or websites."


def label(field: Field) -> str:
    """What a field is called within a sentence."""
    return LABELS[field][0].lower() + LABELS[field][1:]
