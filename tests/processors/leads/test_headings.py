"""What headings say, and what they do not."""

import pytest

from processors.leads.fields import Field
from processors.leads.headings import heading_words, is_vetoed, match_heading

KNOWN = {
    Field.EMAIL: """Email|E-Mail|e_mail|EMAIL ADDRESS|EmailAddress|E-Mail-Adresse|Company Email|Work e-mail|E-mail 1 - Value
        |Contact email|2nd email|Mail|Adresse e-mail|Courriel|Correo electrónico|E-mailadres|Endereço de e-mail
        |Indirizzo e-mail|Posta elettronica|Ihre E-Mail|Email *|E-mail (work)|Emial""",
    Field.PHONE: """Phone|Tel.|Mobile|Phone Number|phone_number|PhoneNumber|Telephone No.|Company Phone|Mobile Phone Number
        |Telefon|Handy-Nr.|Telefon (geschäftlich)|Téléphone|N° de téléphone|Teléfono|Móvil|Telefoon|Telefone/Celular
        |Cellulare|Telephon|Phone 2|WhatsApp""",
    Field.NAME: """Name|Full Name|Contact|Contact person|Your name|Ansprechpartner|Nom complet|Nombre y apellidos|Naam
        |Nome completo""",
    Field.FIRST_NAME: "First Name|first_name|FirstName|FIRST_NAME|Given name|Vorname|Prénom|Primer nombre|Voornaam",
    Field.LAST_NAME: "Last Name|lastName|Surname|Family name|Nachname|Nom de famille|Apellidos|Achternaam|Cognome|Sobrenome",
    Field.COMPANY: """Company|Company Name|Organisation|Organization|Account Name|Firma|Unternehmen|Société|Raison sociale
        |Empresa|Bedrijf|Azienda|Compnay|Name of company""",
    Field.WEBSITE: "Website|Web site|URL|Homepage|Company Website|Webseite|Site internet|Página web|Sito Web|Company domain",
    Field.COUNTRY: "Country|Country/Region|Country Code|Billing Country|Company Country|Land|Pays|País|Paese",
    Field.NOTES: "Notes|Comments|Remarks|Bemerkungen|Commentaires|Observaciones|Opmerkingen|Note|Observações",
}


@pytest.mark.parametrize(
    ("heading", "field"), [(heading.strip(), field) for field, all_ in KNOWN.items() for heading in all_.split("|")]
)
def test_headings_are_known_in_seven_languages_and_many_spellings(heading: str, field: Field) -> None:
    assert match_heading(heading) is field


@pytest.mark.parametrize(
    "heading",
    [
        "Job Title", "Email opt-in", "Email status", "Phone type", "County", "Contract", "Company size", "Fax number",
        "LinkedIn URL", "Number of employees", "Customer ID", "Lead source", "Title", "Address", "Mailing address",
        "Email domain", "Contact owner", "Mobile app", "Nationality", "Region", "Call notes", "Date", "City", "Zip",
        "Do not call", "Domain rating", "x" * 200, "???",
    ],
)  # fmt: skip
def test_headings_about_something_else_are_not_taken(heading: str) -> None:
    assert match_heading(heading) is None


def test_headings_about_a_field_also_keep_its_contents_from_being_taken() -> None:
    assert is_vetoed("Fax number")
    assert is_vetoed("E-mail (verified)")
    assert not is_vetoed("Puhelin")


def test_spellings_are_made_alike() -> None:
    assert heading_words("E-Mail_Adresse*") == heading_words("emailAdresse") == "email adresse"
    assert heading_words("Straße") == "strasse"
