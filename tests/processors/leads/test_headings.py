"""Reading headings: fields and how plainly, other people, numbers, nothing."""

import pytest

from processors.leads import vocabulary
from processors.leads.fields import Field
from processors.leads.headings import COMPANIES, FIRSTS, HEADS, KNOWN, LASTS, Tier, correct, heading_words, read_heading
from processors.leads.mapping import NameOrder

PLAIN = {
    Field.EMAIL: """Email|E-Mail|e_mail|EMAIL ADDRESS|EmailAddress|E-Mail-Adresse|Company Email|Work e-mail|E-mail 1 - Value
        |Contact email|2nd email|Mail|Adresse e-mail|Courriel|Correo electrónico|E-mailadres|Endereço de e-mail
        |Indirizzo e-mail|Posta elettronica|Ihre E-Mail|Email *|E-mail (work)|What is your e-mail address?
        |Wie lautet Ihre E-Mail-Adresse?|Person - Email - Home|E-Mail 2: Adresse|Geschäftsmail|E-Mail des Kunden
        |Primäre E-Mail-Adresse|email_address_2|Invitee Email|EMAIL;INTERNET|Correo del cliente|emails[0].value""",
    Field.PHONE: """Phone|Tel.|Mobile|Phone Number|phone_number|PhoneNumber|Telephone No.|Company Phone|Mobile Phone Number
        |Telefon|Handy-Nr.|Telefon (geschäftlich)|Téléphone|N° de téléphone|Teléfono|Móvil|Telefoon|Telefone/Celular
        |Cellulare|Phone 2|WhatsApp|Phone #|Tel. privat|Mobil-Tel.-Nr.|Person - Telefon - Arbeit|Haupttelefon|Weiteres Telefon
        |TEL;TYPE=CELL|Firmentelefon|Diensthandy|Contact number|Téléphone portable|Work : Phone|Phone 1 - Value|Mobilfunk""",
    Field.NAME: """Name|Full Name|Contact|Contact person|Your name|Ansprechpartner|Nom complet|Nombre y apellidos|Naam
        |Nome completo|Billing Name|Attendee name|Kundenname|Name des Kunden|Person - Name|Company contact name|FN
        |Interlocuteur|Contact Full Name|Anzeigename|Nombre del contacto|Shipping: Name|Name der Kontaktperson""",
    Field.FIRST_NAME: """First Name|first_name|FirstName|FIRST_NAME|Given name|Vorname|Prénom|Primer nombre|Voornaam
        |Contact First Name|Name (First)|Vorname des Teilnehmers|Billing First Name|FNAME|contact.firstName|Contact First""",
    Field.LAST_NAME: """Last Name|lastName|Surname|Family name|Nachname|Nom de famille|Apellidos|Achternaam|Cognome|Sobrenome
        |Customer last name|name_last|Nachname (Kunde)""",
    Field.COMPANY: """Company|Company Name|Organisation|Organization|Account Name|Firma|Unternehmen|Société|Raison sociale
        |Empresa|Bedrijf|Azienda|Name of company|Company / Account|Associated Company|Default Address Company
        |Person - Organization|Organization - Name|Organization 1 - Name|Name der Organisation|Firma / Account|Billing Company
        |Nom de l'entreprise du contact|Name (company)|Nombre comercial|What company do you work for?|Customer company|Firmenname|Primäres zugeordnetes Unternehmen
        |Kontakt: Firma|Razón social""",
    Field.WEBSITE: """Website|Web site|URL|Homepage|Company Website|Webseite|Site internet|Página web|Sito Web|Company domain
        |Web Page 1|Website 1 - Value|Home Page|Webseite der Firma""",
    Field.COUNTRY: """Country|Country/Region|Country Code|Billing Country|Company Country|Pays|País|Paese|Home Country
        |Business Country/Region|Land/Region geschäftlich|Weiteres/e Land/Region|Privat: Land|Address 1 - Country
        |Default Address Country Code|Phone Country Code|Country of residence|Rechnungsland|Mailing Country|Ländercode (ISO)
        |Land der Firma|Länderkürzel|País de residencia|Landesvorwahl""",
    Field.NOTES: """Notes|Comments|Remarks|Bemerkungen|Commentaires|Observaciones|Opmerkingen|Note|Observações|Customer note
        |Notizen zum Kontakt""",
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "field"), [(heading.strip(), field) for field, all_ in PLAIN.items() for heading in all_.split("|")]
)
def test_headings_are_known_in_seven_languages_and_many_spellings(heading: str, field: Field) -> None:
    reading = read_heading(heading)
    assert reading.field is field
    assert reading.tier <= Tier.QUALIFIED or field is Field.COUNTRY


@pytest.mark.parametrize(
    "heading",
    [
        "Job Title", "Email opt-in", "Email status", "Phone type", "County", "Contract", "Company size", "Fax number",
        "LinkedIn URL", "Number of employees", "Lead source", "Title", "Address", "Mailing address", "Company address",
        "Adresse der Firma", "Adresse de la société", "Email domain", "Mobile app", "Nationality", "Region", "Call notes",
        "Date", "City", "Zip", "Do not call", "Domain rating", "form_name", "Event name", "Product Name", "Ad name",
        "Stadt", "Start", "Straat", "State", "Stand", "Station", "Statut", "Lands", "Mall", "Main", "Phase", "Photo",
        "Paid", "Reference", "Referenz", "Notice", "Contrat", "Courrier", "Attended", "Employee", "Nachnahme", "Massage",
        "Prospekt", "E-mail Display Name", "E-Mail: Angezeigter Name", "Name Prefix", "Middle Name", "Nickname",
        "Zweiter Vorname", "Additional Name", "Geburtsname", "Username", "Benutzername", "Phonetic First Name",
        "Organization Title", "Phone 1 - Label", "Bundesland/Kanton privat", "Previous company", "Ehemaliger Arbeitgeber",
        "Landing page", "Deutschland", "Hotelname", "x" * 200, "???", "2024", "#",
    ],
)  # fmt: skip
def test_headings_about_something_else_say_no_field(heading: str) -> None:
    assert read_heading(heading).field is None


@pytest.mark.parametrize(
    "heading",
    [
        "Owner", "Contact owner", "Assigned to", "Sales rep", "Rep Email", "Betreuer", "Created by", "Last Modified By",
        "Verkäufer", "Account manager", "Referred by", "Empfohlen von", "Erstellt von", "Créé par", "Creado por",
        "Aangemaakt door", "Person - Owner", "Lead-Inhaber", "Assistant's Phone", "Telefon Assistent", "Manager's Name",
        "Name des/der Vorgesetzten", "Spouse", "Für den Kontakt zuständiger Mitarbeiter", "E-mail (owner)", "Kundenbetreuer",
        "Telefon des Beraters", "Vendedor", "Commercial", "Salesperson e-mail", "Email du commercial", "Propietario",
        "Eigenaar", "Proprietario", "Interner Ansprechpartner", "Internal contact", "Modificato da", "Bearbeitet durch", "Team Lead",
        "Account Executive", "Vertriebspartner", "Zugewiesen an", "Sachbearbeiter", "Emergency contact phone",
    ],
)  # fmt: skip
def test_headings_of_another_person_are_not_the_lead(heading: str) -> None:
    reading = read_heading(heading)
    assert reading.field is None
    assert (reading.veto or "").startswith("speaks of another person")


@pytest.mark.parametrize(
    "heading",
    [
        "Customer #", "Customer number", "Customer No.", "Customer ID", "Company ID", "Company #", "CompanyID", "Attendee #",
        "Kundennummer", "Kunden-Nr.", "Firmennr.", "Firmennummer", "Teilnehmer-Nr.", "Contact key", "Account number",
        "Lead ID", "N° client", "Número de cliente", "Klantnummer", "Codice cliente ID", "Organisations-Nr.", "Person - ID",
        "Associated Company IDs", "Name code", "Customer reference", "Código cliente", "ID", "Nr.",
    ],
)  # fmt: skip
def test_headings_of_numbers_are_no_names_and_no_companies(heading: str) -> None:
    assert read_heading(heading).field in {None, Field.PHONE}
    assert read_heading(heading).tier is not Tier.QUALIFIED


@pytest.mark.parametrize(
    ("heading", "order"),
    [
        ("Nachname, Vorname", NameOrder.LAST_FIRST), ("Last Name, First Name", NameOrder.LAST_FIRST),
        ("Name, Vorname", NameOrder.LAST_FIRST), ("Nom et prénom", NameOrder.LAST_FIRST), ("Nom Prénom", NameOrder.LAST_FIRST),
        ("Apellidos y nombre", NameOrder.LAST_FIRST), ("Cognome e nome", NameOrder.LAST_FIRST),
        ("Name (Last, First)", NameOrder.LAST_FIRST), ("Achternaam, voornaam", NameOrder.LAST_FIRST),
        ("Surname/First name", NameOrder.LAST_FIRST), ("Kunde (Nachname, Vorname)", NameOrder.LAST_FIRST),
        ("Vor- und Nachname", NameOrder.FIRST_LAST), ("First and last name", NameOrder.FIRST_LAST),
        ("Vorname Nachname", NameOrder.FIRST_LAST), ("Vorname, Name", NameOrder.FIRST_LAST),
        ("Nombre y apellidos", NameOrder.FIRST_LAST), ("Nome e cognome", NameOrder.FIRST_LAST),
        ("Prénom et nom", NameOrder.FIRST_LAST), ("Nome e sobrenome", NameOrder.FIRST_LAST),
        ("Full name (first last)", NameOrder.FIRST_LAST), ("First/Last Name", NameOrder.FIRST_LAST),
        ("Full name", None), ("First name", None), ("Given name", None), ("Family name", None), ("Nom de famille", None),
    ],
)  # fmt: skip
def test_headings_of_both_names_tell_their_order(heading: str, order: NameOrder | None) -> None:
    reading = read_heading(heading)
    assert reading.order is order
    assert order is None or reading.field is Field.NAME


@pytest.mark.parametrize(
    ("plainer", "other"),
    [
        ("Country", "Country code"), ("Phone", "Work phone"), ("Phone", "Mobile"), ("E-mail", "Contact e-mail"),
        ("E-mail 1 - Value", "E-mail 2 - Value"), ("Work phone", "Company phone"), ("Home phone", "Other phone"),
        ("Primary e-mail", "Secondary e-mail"), ("Telefon geschäftlich", "Telefon geschäftlich 2"), ("Name", "Contact"),
        ("Company", "Billing company"), ("Telefon", "Telefon (privat 2)"), ("Home country", "Phone country code"),
        ("Land/Region privat", "Weiteres/e Land/Region"),
    ],
)  # fmt: skip
def test_fewer_qualifiers_go_first(plainer: str, other: str) -> None:
    first, second = read_heading(plainer), read_heading(other)
    assert first.field is second.field
    assert (first.tier, first.weight) < (second.tier, second.weight)


@pytest.mark.parametrize(
    "heading", ["Company phone", "Telefon Firma", "Company Main Phone", "Firmen-E-Mail", "Email société"]
)
def test_a_company_shares_its_number_and_its_address(heading: str) -> None:
    assert read_heading(heading).is_shared
    assert not read_heading("Work phone").is_shared


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Emial", Field.EMAIL), ("E-Mail Adress", Field.EMAIL), ("Telephon", Field.PHONE), ("Telefonnumer", Field.PHONE),
        ("Compnay", Field.COMPANY), ("Company Nmae", None), ("Fristname", Field.FIRST_NAME), ("Vornmae", Field.FIRST_NAME),
        ("Nachnme", Field.LAST_NAME), ("Unternehmn", Field.COMPANY), ("Contry", Field.COUNTRY), ("Websiet", Field.WEBSITE),
        ("Phone Nubmer", Field.PHONE), ("Work Telefhone", Field.PHONE),
    ],
)  # fmt: skip
def test_one_typing_error_is_a_doubtful_heading(heading: str, field: Field | None) -> None:
    reading = read_heading(heading)
    assert reading.field is field
    assert field is None or reading.tier is Tier.MISSPELT


@pytest.mark.parametrize("word", sorted(vocabulary.REAL_WORDS))
def test_real_words_are_no_slips(word: str) -> None:
    assert correct(word) is None
    assert word not in KNOWN


@pytest.mark.parametrize(
    "heading", ["Land", "Staat", "Portable", "Cell", "Site", "Domain", "Account", "First", "Vorwahl"]
)
def test_words_of_two_meanings_need_their_contents(heading: str) -> None:
    assert read_heading(heading).tier is Tier.MAYBE


def test_another_person_and_another_thing_are_no_deciding_words() -> None:
    deciding = frozenset().union(*HEADS.values(), vocabulary.MOBILE, vocabulary.PERSONS)
    assert not deciding & (vocabulary.OTHERS | vocabulary.ABOUT | vocabulary.NUMBERS | vocabulary.FUNCTION)
    assert not vocabulary.OTHERS & (vocabulary.KINDS | vocabulary.SECOND | vocabulary.MAIN | vocabulary.FUNCTION)
    assert not COMPANIES & (FIRSTS | LASTS | vocabulary.PERSONS)


@pytest.mark.parametrize(
    "word",
    sorted(
        word for table in (*HEADS.values(), vocabulary.OTHERS, vocabulary.ABOUT, vocabulary.PERSONS) for word in table
    ),
)
def test_the_vocabulary_is_written_as_headings_are_read(word: str) -> None:
    assert heading_words(word) == word


def test_spellings_are_made_alike() -> None:
    assert heading_words("E-Mail_Adresse*") == heading_words("emailAdresse") == "email adresse"
    assert heading_words("Straße") == "strasse"
    assert heading_words("Customer #") == "customer #"
    assert heading_words("Email #2") == "email 2"
