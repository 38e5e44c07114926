"""All columns of a table judged together."""

import pytest

from processors.leads.columns import find_layout
from processors.leads.fields import Field
from processors.leads.mapping import Column, Mapping, describe_columns
from processors.leads.options import LeadsOptions

Table = list[list[str | None]]

PEOPLE = (
    ("Mia Brandt", "mia@brandt-holz.de", "+49 30 9001234", "Brandt Holz GmbH"),
    ("Ole Petersen", "ole.petersen@nordlicht.de", "+49 40 9005678", "Nordlicht AG"),
    ("Ida Vogel", "ida@vogel.example.com", "+49 89 9009012", "Vogel & Co"),
    ("Tom Ahlers", "t.ahlers@werft.de", "+49 421 9003456", "Werft KG"),
)


def mapping_of(header: str, *rows: str, **options: object) -> Mapping:
    """The mapping of a table whose cells are divided by `|`."""
    table: Table = [[cell or None for cell in row.split("|")] for row in (header, *rows)]
    return find_layout(table, range(1, len(table) + 1), LeadsOptions.model_validate(options)).mapping


def fields_of(mapping: Mapping) -> dict[str, list[str]]:
    """The headings of the columns of each field, in order."""
    return {
        field: [column_at(mapping, at).heading for at in found] for field in Field if (found := mapping.sources(field))
    }


def column_at(mapping: Mapping, index: int) -> Column:
    """The column with this index."""
    return next(column for column in mapping.columns if column.index == index)


def with_column(heading: str, *values: str, country: str | None = None) -> Column:
    """How a column is judged beside names and e-mail addresses."""
    rows = [f"{name}|{email}|{value}" for (name, email, _, _), value in zip(PEOPLE, values, strict=False)]
    return column_at(mapping_of(f"Name|E-Mail|{heading}", *rows, country=country), 2)


NO_PHONES = {
    "dates": ("Termin", "2024-05-01", "2024-05-02", "2024-05-03"),
    "German dates": ("Termin", "01.05.2024", "02.05.2024", "03.05.2024"),
    "times": ("Stempel", "2024-05-01 10:22:33", "2024-05-02 10:22:33"),
    "IP addresses": ("Zugriff", "203.0.113.7", "198.51.100.23", "192.0.2.44"),
    "order numbers": ("Vorgang", "2025-100231", "2025-100232", "2025-100244"),
    "order numbers with a slash": ("Beleg", "2025/100231", "2025/100232", "2025/100244"),
    "running numbers": ("Akte", "0301000231", "0301000232", "0301000235", "0301000239"),
    "bare digits": ("Konto", "3012345678", "8923456789", "1712345678"),
    "tax numbers": ("Steuer", "12/345/67890", "12/346/67891", "12/347/67892"),
    "VAT numbers": ("Ustid", "DE136695976", "DE136695977"),
    "ZIP codes": ("Zustellung", "10115", "01067", "80331"),
    "ZIP+4 codes": ("Zustellung", "12345-6789", "10001-1234", "94105-0001"),
    "amounts": ("Umsatz", "1.234.567", "2.345.678", "3.456.789"),
    "decimals": ("Breite", "52.520008", "48.137154", "53.551086"),
    "article numbers": ("EAN", "4006381333931", "4006381333948", "4006381333955"),
    "versions": ("Stand", "10.20.30.40", "10.20.30.41"),
}


@pytest.mark.parametrize("country", ["DE", "US", "ES", None])
@pytest.mark.parametrize("kind", NO_PHONES)
def test_numbers_that_are_no_phones_are_not_taken_for_phones(kind: str, country: str | None) -> None:
    column = with_column(*NO_PHONES[kind], country=country)
    assert (column.field, column.found_by) == (None, None)
    assert column.reason


@pytest.mark.parametrize(
    ("values", "country"),
    [
        (("+358 40 1234567", "+358 50 7654321", "+46 8 123 456 78"), None),
        (("040 1234567", "050 7654321", "09 61234567"), "FI"),
        (("(201) 555-0123", "(212) 555-0199", "(415) 555-2671"), "US"),
        (("912 345 678", "934 567 890", "612 34 56 78"), "ES"),
        (("0049 30 9001234", "0049 40 9005678"), "DE"),
    ],
)
def test_phones_under_an_unknown_heading_are_told_by_their_numbering_plan(
    values: tuple[str, ...], country: str
) -> None:
    column = with_column("Puhelin", *values, country=country)
    assert (column.field, column.found_by, column.identifies) == (Field.PHONE, "contents", False)


def test_phones_are_judged_in_the_country_of_their_rows() -> None:
    rows = ["Mia|Germany|030 9001234", "Ole|Austria|0664 1234567", "Ida|United Kingdom|020 7946 0018"]
    assert fields_of(mapping_of("Name|Country|Numer", *rows))["phone"] == ["Numer"]
    assert "phone" not in fields_of(mapping_of("Name|Email|Numer", *[f"{n}|{n}@x.de|030 9" for n in ("a", "b", "c")]))


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Team", ("kim@haus.de", "kim@haus.de", "lee@haus.de", "lee@haus.de")),
        ("Zust.", ("kim@haus.de", "lee@haus.de", "jo@haus.de", "ann@haus.de")),
        ("Region Lead", ("kim@haus.de", "kim@haus.de", "kim@haus.de")),
    ],
)
def test_addresses_of_colleagues_are_not_those_of_the_people(heading: str, values: tuple[str, ...]) -> None:
    rows = [f"{name}|{phone}|{value}" for (name, _, phone, _), value in zip(PEOPLE, values, strict=False)]
    mapping = mapping_of(f"Name|Phone|{heading}", *rows)
    assert fields_of(mapping) == {"name": ["Name"], "phone": ["Phone"]}
    reason = column_at(mapping, 2).reason
    assert any(words in reason for words in ("repeat", "one domain", "something else"))


def test_addresses_of_one_company_belong_to_people_whose_names_they_have() -> None:
    rows = [f"{name}|+49 30 900123{at}|{name.split()[0].lower()}@haus.de" for at, (name, *_) in enumerate(PEOPLE)]
    mapping = mapping_of("Name|Phone|Sähköposti", *rows)
    assert mapping.sources(Field.EMAIL) == (2,)
    assert not column_at(mapping, 2).identifies


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Zugang", ("mia.brandt", "ole.li", "ida.co")),
        ("Anhang", ("brief.pdf", "brief.md", "bild.py")),
        ("Link", ("https://crm.example.com/lead/1", "https://crm.example.com/lead/2", "https://crm.example.com/lead/3", "https://crm.example.com/lead/4")),
    ],
)  # fmt: skip
def test_login_names_files_and_links_into_one_system_are_no_websites(heading: str, values: tuple[str, ...]) -> None:
    assert with_column(heading, *values).field is None


def test_websites_under_an_unknown_heading_are_found() -> None:
    assert with_column("Verkkosivu", "www.brandt.example", "https://nordlicht.de", "vogel.com").field is Field.WEBSITE


TOGETHER = [
    # what stands first does not decide: the plainest heading does
    ("Stadt|Land|E-Mail", "Berlin|Deutschland|a@x.de", {"country": ["Land"], "email": ["E-Mail"]}),
    ("Straat|Land|E-mail", "Dorpsweg 1|Nederland|a@x.nl", {"country": ["Land"], "email": ["E-mail"]}),
    ("Billing Country|Country|Email", "Chile|Peru|a@x.pe", {"country": ["Country", "Billing Country"], "email": ["Email"]}),
    ("Customer #|Customer|Email", "17|Mia Brandt|a@x.de", {"name": ["Customer"], "email": ["Email"]}),
    ("Referenz|Referent|Email", "R-17|Mia Brandt|a@x.de", {"email": ["Email"]}),
    ("ad_name|company_name|full_name|email", "Ad A|Holz AG|Mia Brandt|a@x.de",
     {"company": ["company_name"], "name": ["full_name"], "email": ["email"]}),
    ("Contry|Country|Email", "Chile|Peru|a@x.pe", {"country": ["Country"], "email": ["Email"]}),
    ("Contry|Email", "Chile|a@x.pe", {"country": ["Contry"], "email": ["Email"]}),
    ("Contry|Email", "09:00|a@x.pe", {"email": ["Email"]}),
    # contents speak against a heading
    ("Name|Billing name|Email", "#1001|Mia Brandt|a@x.de", {"name": ["Billing name"], "email": ["Email"]}),
    ("Contact|Name|Phone", "mia@holz.de|Mia|+49 30 9001234", {"name": ["Name"], "email": ["Contact"], "phone": ["Phone"]}),
    ("Land|Name|E-Mail", "Bayern|Mia|a@x.de", {"name": ["Name"], "email": ["E-Mail"]}),
    ("Cell|Name|Email", "B4|Mia|a@x.de", {"name": ["Name"], "email": ["Email"]}),
    ("Nom|Nombre|Courriel", "Brandt|12|a@x.fr", {"name": ["Nom"], "email": ["Courriel"]}),
    ("Name|Firma|Note|E-Mail", "Mia|Holz AG|2,3|a@x.de", {"name": ["Name"], "company": ["Firma"], "email": ["E-Mail"]}),
    ("Vorwahl|Rufnummer|Name", "030|9001234|Mia", {"name": ["Name"], "phone": ["Rufnummer"]}),
    ("Vorwahl|Rufnummer|Name", "+49|30 9001234|Mia", {"name": ["Name"], "phone": ["Rufnummer"], "country": ["Vorwahl"]}),
    ("Office #|Name|Email", "+49 30 9001234|Mia|a@x.de", {"name": ["Name"], "email": ["Email"], "phone": ["Office #"]}),
    # names beside each other
    ("Vorname|Name|E-Mail", "Mia|Brandt|a@x.de", {"firstName": ["Vorname"], "lastName": ["Name"], "email": ["E-Mail"]}),
    ("Nombre|Apellidos|Correo", "Mia|Brandt|a@x.es", {"firstName": ["Nombre"], "lastName": ["Apellidos"], "email": ["Correo"]}),
    ("First name|Name|Email", "Mia|Mia Brandt|a@x.de", {"firstName": ["First name"], "name": ["Name"], "email": ["Email"]}),
    ("First name|Full name|Email", "Mia|Mia B.|a@x.de", {"firstName": ["First name"], "name": ["Full name"], "email": ["Email"]}),
    ("Vorname|Nachname|Kunde|E-Mail", "Mia|Brandt|A-Kunde|a@x.de",
     {"firstName": ["Vorname"], "lastName": ["Nachname"], "email": ["E-Mail"]}),
    ("Kunde|Ansprechpartner|E-Mail", "Holz AG|Mia Brandt|a@x.de",
     {"company": ["Kunde"], "name": ["Ansprechpartner"], "email": ["E-Mail"]}),
    # second columns help out, however they were found
    ("Email|Phone|Mobile|Work email|Company|Account", "a@x.de|1|2|b@x.de|Holz AG|Holz",
     {"email": ["Email", "Work email"], "phone": ["Phone", "Mobile"], "company": ["Company", "Account"]}),
    ("Home Country|Work Country|Email", "|Chile|a@x.de", {"country": ["Home Country", "Work Country"], "email": ["Email"]}),
    ("Email|Vara", "a@x.de|b@y.de", {"email": ["Email", "Vara"]}),
    ("Company phone|Mobile|Phone", "1|2|3", {"phone": ["Phone", "Mobile", "Company phone"]}),
]  # fmt: skip


@pytest.mark.parametrize(("header", "row", "fields"), TOGETHER)
def test_columns_are_judged_together(header: str, row: str, fields: dict[str, list[str]]) -> None:
    assert fields_of(mapping_of(header, row)) == fields


EXPORTS = {
    "Google Contacts": (
        ("First Name|Middle Name|Last Name|Name Prefix|Nickname|File As|Organization Name|Organization Title|Notes|Labels|"
         "E-mail 1 - Label|E-mail 1 - Value|Phone 1 - Label|Phone 1 - Value|Address 1 - Street|Address 1 - Country|"
         "Website 1 - Label|Website 1 - Value"),
        {"firstName": "First Name", "lastName": "Last Name", "company": "Organization Name", "notes": "Notes",
         "email": "E-mail 1 - Value", "phone": "Phone 1 - Value", "country": "Address 1 - Country", "website": "Website 1 - Value"},
    ),
    "Google Contacts, before 2023": (
        ("Name|Given Name|Additional Name|Family Name|Yomi Name|Name Suffix|Notes|E-mail 1 - Type|E-mail 1 - Value|"
         "Phone 1 - Type|Phone 1 - Value|Organization 1 - Type|Organization 1 - Name|Organization 1 - Job Description"),
        {"name": "Name", "firstName": "Given Name", "lastName": "Family Name", "notes": "Notes", "email": "E-mail 1 - Value",
         "phone": "Phone 1 - Value", "company": "Organization 1 - Name"},
    ),
    "Outlook": (
        ("Title|First Name|Last Name|Company|Job Title|Business Street|Business Country/Region|Home Country/Region|"
         "Assistant's Phone|Business Fax|Business Phone|Company Main Phone|Mobile Phone|Pager|E-mail Address|E-mail Type|"
         "E-mail Display Name|E-mail 2 Address|Manager's Name|Notes|Referred By|Web Page"),
        {"firstName": "First Name", "lastName": "Last Name", "company": "Company", "country": "Business Country/Region",
         "phone": "Business Phone", "email": "E-mail Address", "notes": "Notes", "website": "Web Page"},
    ),
    "Outlook, German": (
        ("Anrede|Vorname|Weitere Vornamen|Nachname|Firma|Position|Ort geschäftlich|Land/Region geschäftlich|Land/Region privat|"
         "Telefon Assistent|Fax geschäftlich|Telefon geschäftlich|Telefon Firma|Mobiltelefon|E-Mail-Adresse|E-Mail-Typ|"
         "E-Mail: Angezeigter Name|Empfohlen von|Name Assistent|Notizen|Webseite"),
        {"firstName": "Vorname", "lastName": "Nachname", "company": "Firma", "country": "Land/Region geschäftlich",
         "phone": "Telefon geschäftlich", "email": "E-Mail-Adresse", "notes": "Notizen", "website": "Webseite"},
    ),
    "Salesforce": (
        "Lead Owner|Salutation|First Name|Last Name|Company / Account|Email|Phone|Mobile|Lead Source|Lead Status|Country|Created By",
        {"firstName": "First Name", "lastName": "Last Name", "company": "Company / Account", "email": "Email",
         "phone": "Phone", "country": "Country"},
    ),
    "Salesforce, German": (
        "Lead-Inhaber|Vorname|Nachname|Firma / Account|E-Mail|Telefon|Mobiltelefon|Lead-Quelle|Land|Erstellt von",
        {"firstName": "Vorname", "lastName": "Nachname", "company": "Firma / Account", "email": "E-Mail",
         "phone": "Telefon", "country": "Land"},
    ),
    "HubSpot": (
        "Record ID|First Name|Last Name|Email|Phone Number|Contact owner|Primary Associated Company|Lead Status|Associated Company IDs",
        {"firstName": "First Name", "lastName": "Last Name", "email": "Email", "phone": "Phone Number",
         "company": "Primary Associated Company"},
    ),
    "HubSpot, German": (
        "Datensatz-ID|Vorname|Nachname|E-Mail|Telefonnummer|Zuständiger Mitarbeiter|Zugeordnetes Unternehmen|Land/Region",
        {"firstName": "Vorname", "lastName": "Nachname", "email": "E-Mail", "phone": "Telefonnummer",
         "company": "Zugeordnetes Unternehmen", "country": "Land/Region"},
    ),
    "Pipedrive": (
        ("Person - ID|Person - Name|Person - Label|Person - Organization|Person - Email - Work|Person - Email - Other|"
         "Person - Phone - Work|Person - Phone - Mobile|Person - Owner|Organization - Address"),
        {"name": "Person - Name", "company": "Person - Organization", "email": "Person - Email - Work", "phone": "Person - Phone - Work"},
    ),
    "Shopify": (
        ("Customer ID|First Name|Last Name|Email|Accepts Email Marketing|Default Address Company|Default Address City|"
         "Default Address Country Code|Default Address Phone|Phone|Total Orders|Note|Tags"),
        {"firstName": "First Name", "lastName": "Last Name", "email": "Email", "company": "Default Address Company",
         "country": "Default Address Country Code", "phone": "Phone", "notes": "Note"},
    ),
    "Eventbrite": (
        "Order #|Order Date|First Name|Last Name|Email|Ticket Type|Attendee #|Attendee Status|Home Country|Cell Phone|Company|Job Title",
        {"firstName": "First Name", "lastName": "Last Name", "email": "Email", "country": "Home Country",
         "phone": "Cell Phone", "company": "Company"},
    ),
    "LinkedIn": (
        "First Name|Last Name|URL|Email Address|Company|Position|Connected On",
        {"firstName": "First Name", "lastName": "Last Name", "website": "URL", "email": "Email Address", "company": "Company"},
    ),
    "Meta lead ads": (
        "id|created_time|ad_name|campaign_name|form_name|platform|full_name|email|phone_number|company_name|country|lead_status",
        {"name": "full_name", "email": "email", "phone": "phone_number", "company": "company_name", "country": "country"},
    ),
    "Mailchimp": (
        "Email Address|First Name|Last Name|Address|Phone Number|Company|MEMBER_RATING|OPTIN_IP|CONFIRM_IP|CC|REGION|NOTES|TAGS",
        {"email": "Email Address", "firstName": "First Name", "lastName": "Last Name", "phone": "Phone Number",
         "company": "Company", "notes": "NOTES"},
    ),
    "Thunderbird": (
        ("First Name|Last Name|Display Name|Nickname|Primary Email|Secondary Email|Screen Name|Work Phone|Mobile Number|Home Country|"
         "Work Country|Job Title|Organization|Web Page 1|Notes"),
        {"firstName": "First Name", "lastName": "Last Name", "name": "Display Name", "email": "Primary Email",
         "phone": "Work Phone", "country": "Home Country", "company": "Organization", "website": "Web Page 1", "notes": "Notes"},
    ),
    "Thunderbird, German": (
        ("Vorname|Nachname|Anzeigename|Spitzname|Primäre E-Mail-Adresse|Sekundäre E-Mail-Adresse|Messenger-Name|Tel. dienstlich|"
         "Fax-Nummer|Mobil-Tel.-Nr.|Privat: Land|Dienstlich: Ort|Dienstlich: Land|Organisation|Webseite 1|Notizen"),
        {"firstName": "Vorname", "lastName": "Nachname", "name": "Anzeigename", "email": "Primäre E-Mail-Adresse",
         "phone": "Tel. dienstlich", "country": "Privat: Land", "company": "Organisation", "website": "Webseite 1", "notes": "Notizen"},
    ),
    "Zoho": (
        "Record Id|Lead Owner|Company|First Name|Last Name|Email|Secondary Email|Phone|Mobile|Website|Lead Source|Annual Revenue|Country",
        {"company": "Company", "firstName": "First Name", "lastName": "Last Name", "email": "Email", "phone": "Phone",
         "website": "Website", "country": "Country"},
    ),
    "Xing": (
        "Vorname|Nachname|Firma|Position|E-Mail geschäftlich|E-Mail privat|Telefon geschäftlich|Mobil privat|Land geschäftlich",
        {"firstName": "Vorname", "lastName": "Nachname", "company": "Firma", "email": "E-Mail geschäftlich",
         "phone": "Telefon geschäftlich", "country": "Land geschäftlich"},
    ),
    "vCard": (
        "FN|ORG|TITLE|EMAIL;INTERNET|TEL;TYPE=CELL|TEL;WORK|ADR|URL|NOTE",
        {"name": "FN", "company": "ORG", "email": "EMAIL;INTERNET", "phone": "TEL;TYPE=CELL", "website": "URL", "notes": "NOTE"},
    ),
    "ActiveCampaign": (
        "Contact ID|Email|First Name|Last Name|Phone|Account|Job Title|Date Created|Tags",
        {"email": "Email", "firstName": "First Name", "lastName": "Last Name", "phone": "Phone", "company": "Account"},
    ),
    "Calendly": (
        "Event Type Name|Invitee Name|Invitee First Name|Invitee Email|Text Reminder Number|Start Date & Time",
        {"name": "Invitee Name", "firstName": "Invitee First Name", "email": "Invitee Email"},
    ),
}  # fmt: skip
SAMPLE = {
    Field.NAME: "Mia Brandt", Field.FIRST_NAME: "Mia", Field.LAST_NAME: "Brandt", Field.EMAIL: "mia@brandt.de", Field.COMPANY: "Holz AG",
    Field.PHONE: "+49 30 9001234", Field.COUNTRY: "Germany", Field.WEBSITE: "brandt.de", Field.NOTES: "met at the fair",
}  # fmt: skip


@pytest.mark.parametrize("program", EXPORTS)
def test_exports_of_other_programs_are_understood(program: str) -> None:
    header, fields = EXPORTS[program]
    by_heading = {heading: SAMPLE[Field(field)] for field, heading in fields.items()}
    mapping = mapping_of(header, "|".join(by_heading.get(heading, "") for heading in header.split("|")))
    assert {field: headings[0] for field, headings in fields_of(mapping).items()} == fields


def test_an_option_goes_before_all_and_headings_help_out() -> None:
    mapping = mapping_of("Email|Private", "a@x.de|b@x.de", columns={"email": "Private"})
    assert fields_of(mapping) == {"email": ["Private", "Email"]}
    assert [column.found_by for column in mapping.columns] == ["heading", "option"]


def test_colleagues_are_taken_only_where_nobody_could_be_reached_else() -> None:
    rows = [f"{name}|kim@haus.de" for name, *_ in PEOPLE]
    assert fields_of(mapping_of("Name|Kontaktweg", *rows))["email"] == ["Kontaktweg"]
    assert "email" not in fields_of(mapping_of("Name|Kontaktweg|Phone", *[f"{row}|+49 30 9001234" for row in rows]))


def test_columns_that_identify_nobody_are_no_ground_for_duplicates() -> None:
    mapping = mapping_of("Name|Phone|Company phone|Vara", *[f"{n}|{p}|+49 30 1|{e}" for n, e, p, _ in PEOPLE])
    assert fields_of(mapping)["email"] == ["Vara"]
    assert fields_of(mapping.identifying()) == {"name": ["Name"], "phone": ["Phone"]}


def test_each_column_has_its_reason() -> None:
    rows = ["a@x.de|1|2|rep@y.de|17|Berlin", "b@x.de|1|2|rep@y.de|18|Bonn"]
    mapping = mapping_of("Email|Phone|Work phone|Owner|Customer #|Wohnort", *rows)
    assert [column.reason for column in mapping.columns] == [
        "Its heading says so.",
        "Its heading says so.",
        'Helps out where "Phone" gives nothing. Its heading says so, with other words (work).',
        "Its heading speaks of another person (owner).",
        "Its heading says a number or code (#).",
        "Its heading says something else (ort).",
    ]
    assert describe_columns(mapping) == (
        'Columns: E-mail from "Email"; Phone from "Phone", "Work phone". Kept as they are: '
        '"Owner": Its heading speaks of another person. "Customer #": Its heading says a number or code. '
        '"Wohnort": Its heading says something else.'
    )


def test_the_reason_of_a_guess_has_its_shares() -> None:
    column = with_column("Puhelin", *[phone for _, _, phone, _ in PEOPLE])
    assert column.reason == "100% of its values are valid phone numbers, 100% of these differ from each other."


def test_the_sentence_about_the_columns_is_short_however_many_there_are() -> None:
    header = "|".join(["Email", *(f"{'very ' * 20}long {number}{number}{number}" for number in range(400))])
    assert len(describe_columns(mapping_of(header, "|".join(["a@x.de", *["x"] * 400])))) < 2000
