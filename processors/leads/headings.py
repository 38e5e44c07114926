"""What a heading says a column holds: exact names in seven languages, then words with qualifiers, then one typo."""

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import OSA

from processors.leads.fields import Field
from processors.leads.text import word_set

# Phrases as `heading_words` writes them: lower case, no accents, single spaces; divided by commas.
PHRASES = {
    Field.EMAIL: """
        email, emails, mail, email address, emailaddress, mail address, email id, emailid,
        mailadresse, email adresse, emailadresse, courriel, adresse email, adresse mail, adresse courriel,
        adresse electronique, mel, correo, correo electronico, direccion de correo, direccion de correo electronico,
        direccion email, emailadres, mailadres, email adres, endereco de email, endereco email, correio eletronico,
        correio electronico, posta elettronica, indirizzo email, indirizzo mail, indirizzo di posta elettronica
    """,
    Field.PHONE: """
        phone, phones, phone number, phone no, phonenumber, phone nr, telephone, telephone number, tel, tel no, tel nr,
        tel number, mobile, mobile number, mobile phone, mobile no, mobil, cell, cell phone, cellphone, cell number,
        gsm, contact number, contact no, landline, direct line, direct dial, whatsapp, whatsapp number,
        telefon, telefonnummer, telefonnr, telefon nr, rufnummer, handy, handynummer, mobilnummer, mobiltelefon,
        mobilfunk, mobilfunknummer, festnetz, durchwahl, telephone portable, portable, numero de telephone,
        no de telephone, telephone fixe, telephone mobile, fixe, telefono, telefonos, telefono movil, movil, celular,
        numero de telefono, numero de telefono movil, telefono celular, telefono fijo, telefoon, telefoonnummer,
        telefoonnr, mobiel, mobiel nummer, mobiele telefoon, telefone, telemovel, telefones, numero de telefone,
        numero telefone, telefone celular, cellulare, numero di telefono, recapito telefonico, telefono cellulare
    """,
    Field.NAME: """
        name, full name, fullname, names, contact, contact name, contactname, contact person, contact full name,
        your name, ihr name, votre nom, tu nombre, uw naam, il tuo nome, person, person name, lead, lead name, customer, customer name, client, client name, prospect, prospect name,
        display name, attendee, attendee name, participant, participant name, ansprechpartner, ansprechpartnerin,
        kontakt, kontaktperson, kontaktname, kunde, kundenname, voller name, vollstandiger name, vor und nachname,
        vorname nachname, nom complet, nom et prenom, prenom et nom, nom prenom, prenom nom, interlocuteur,
        nom du contact, nom, nombre completo, nombre y apellidos, nombre y apellido, nombre del contacto,
        nombre de contacto, contacto, persona de contacto, cliente, nombre, naam, volledige naam, contactpersoon,
        naam contactpersoon, klant, klantnaam, nome completo, nome do contato, nome do contacto, contato, nome,
        nome e cognome, nominativo, contatto, referente, persona di riferimento
    """,
    Field.FIRST_NAME: """
        first name, firstname, fname, given name, givenname, given names, forename, forenames, first, christian name,
        vorname, vornamen, rufname, prenom, prenoms, primer nombre, nombre de pila, nombres, voornaam, roepnaam,
        primeiro nome, nome proprio, nome di battesimo
    """,
    Field.LAST_NAME: """
        last name, lastname, lname, surname, family name, familyname, last, second name, nachname, familienname,
        zuname, nom de famille, nom famille, apellido, apellidos, primer apellido, achternaam, familienaam, sobrenome,
        apelido, apelidos, ultimo nome, cognome
    """,
    Field.COMPANY: """
        company, company name, companyname, companies, organisation, organization, organisation name,
        organization name, org, org name, business, business name, employer, account, account name, firm, firm name,
        company organization, company organisation, workplace, legal name, trading name, name of company, name of organisation,
        firma, firmenname, unternehmen, unternehmensname, gesellschaft, betrieb, name der firma, arbeitgeber,
        societe, entreprise, raison sociale, nom de l entreprise, nom de la societe, nom entreprise, nom societe,
        compagnie, organisme, empresa, nombre de la empresa, nombre empresa, compania, razon social, sociedad,
        organizacion, bedrijf, bedrijfsnaam, naam bedrijf, organisatie, onderneming, werkgever, nome da empresa,
        nome empresa, companhia, razao social, organizacao, azienda, ditta, nome azienda, nome dell azienda,
        ragione sociale, societa, impresa, organizzazione
    """,
    Field.WEBSITE: """
        website, web site, websites, web, url, urls, homepage, home page, web page, webpage, web address, webaddress,
        site, domain, domain name, company website, website url, site url, web url, company url, internet,
        webseite, internetseite, internetadresse, internetauftritt, webadresse, site web, site internet,
        adresse web, adresse internet, page web, sitio, sitio web, pagina web, pagina de internet, direccion web,
        dominio, internetpagina, webpagina, webadres, site da empresa, pagina na internet, sito, sito web,
        sito internet, indirizzo web
    """,
    Field.COUNTRY: """
        country, countries, country name, country code, country region, country or region, country iso, nation,
        country iso code, iso country, iso country code, land, landeskennzeichen, landercode, staat, pays, nom du pays,
        pais, codigo de pais, landcode, landnaam, paese, nazione, stato, codigo do pais
    """,
    Field.NOTES: """
        notes, note, comment, comments, remark, remarks, memo, annotation, annotations, additional information,
        additional info, further information, message,
        notiz, notizen, bemerkung, bemerkungen, kommentar, kommentare, anmerkung, anmerkungen, hinweis, hinweise,
        nachricht, remarque, remarques, commentaire, commentaires, observation, observations, nota, notas, comentario,
        comentarios, observaciones, observacion, mensaje, notitie, notities, opmerking, opmerkingen, commentaar,
        observacoes, observacao, anotacoes, mensagem, commento, commenti, osservazioni, annotazioni, messaggio
    """,
}

EXACT = {phrase.strip(): field for field, phrases in PHRASES.items() for phrase in phrases.split(",")}
COMPACT = {phrase.replace(" ", ""): field for phrase, field in EXACT.items()}

VETOES = word_set(
    """
    active age allowed anrede avatar birth birthday bounce bounced campaign category channel checked clicked
    confirmed consent contract count county created date datum day description dob double employees extension fax
    faxnummer facebook fecha format frequency geburtsdatum gdpr group hash hour identifier image ind industry
    instagram job kind label language level linkedin list logo mailing mailchimp manager marketing modified monat
    month newsletter not occupation opens opened opt optin optout optout owner password photo picture plz position
    postal postcode preference preferred prefix priority privacy quality rank rating reason registered revenue role
    salutation score segment sent size skype slack source stage state status subject subscribed subscription suffix
    tag tags telefax telex template time timezone titel title twitter type typ unsubscribe unsubscribed updated user
    username valid validated validation verified vat xing year yes zip zipcode
    """
)
"""A heading with one of these words is about the thing, not the thing: "E-mail status", "Phone type"."""

QUALIFIERS = word_set(
    """
    1 1st 2 2nd 3 4 a address alternate alternative and bedrijf best billing biz business buro business client
    clients company companys contact contacts corporate customer customers da de del della der des des di direct do
    du e empresa entreprise firma firmen for full geschaftlich geschaftliche haupt home hq i ihr ihre il in la lead
    leads legal main mein mine my no nr number numero nummer of office official optional or other our persona
    personal personale personlich primary principal prive privat private professional professionnel registered
    required reference represented s secondary societe su team the to trabajo tu tuo unternehmens uw value votre
    work y you your zakelijk
    """
)
"""Words that narrow a heading without changing what the column holds: "Work e-mail", "Primary phone 2"."""

HEADS = (
    (Field.EMAIL, frozenset({"email", "emails", "emailaddress", "emailadresse", "emailadres", "courriel"})),
    (
        Field.PHONE,
        word_set(
            """
    phone phones telephone tel mobile cell cellphone cellular telefon telefonnummer handy mobil mobilnummer telefono
    movil celular telefoon telefoonnummer mobiel telefone telemovel cellulare portable landline whatsapp gsm
    phonenumber
    """
        ),
    ),
    (Field.WEBSITE, word_set("website homepage url webseite webpage domain site web")),
    (Field.COUNTRY, word_set("country land pays pais paese")),
    (
        Field.COMPANY,
        word_set(
            """
    company organisation organization firma unternehmen entreprise empresa azienda
    """
        ),
    ),
    (Field.FIRST_NAME, word_set("firstname vorname prenom voornaam forename")),
    (Field.LAST_NAME, word_set("lastname surname nachname achternaam apellido apellidos cognome sobrenome")),
)
"""The word that decides where others only qualify it, the strongest first: "Company e-mail" is an e-mail address."""

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NOT_WORD = re.compile(r"[\W_]+")
EMAIL_WORD = re.compile(r"\be[ ]?mail(s?)\b")
IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
NUMBERED = re.compile(r" \d{1,2}$")
MAX_HEADING = 80
ONE_TYPO_FROM, TWO_TYPOS_FROM = 6, 11


def heading_words(heading: str) -> str:
    """`heading` as the tables above are written: "E-Mail_Adresse*" and "emailAdresse" are "email adresse"."""
    plain = unicodedata.normalize("NFKD", CAMEL.sub(" ", heading.replace("ß", "ss")))
    plain = "".join(one for one in plain if not unicodedata.combining(one)).casefold()
    words = " ".join(NOT_WORD.sub(" ", plain).split())
    return EMAIL_WORD.sub(r"email\1", words)


@lru_cache(maxsize=4096)
def match_heading(heading: str) -> Field | None:
    """The field that `heading` names, or None where it names none for certain."""
    if len(heading) > MAX_HEADING:
        return None
    for variant in (heading, IN_BRACKETS.sub(" ", heading)):
        words = NUMBERED.sub("", heading_words(variant))
        field = EXACT.get(words) or COMPACT.get(words.replace(" ", ""))
        if field:
            return field
    if is_vetoed(heading):
        return None
    return match_qualified(words) or match_typo(words)


@lru_cache(maxsize=4096)
def is_vetoed(heading: str) -> bool:
    """Whether `heading` says that the column holds something about a field, or no field at all."""
    return not VETOES.isdisjoint(heading_words(heading).split())


def match_qualified(words: str) -> Field | None:
    """The field of a heading whose words are one deciding word and qualifiers."""
    present = set(words.replace("first name", "firstname").replace("last name", "lastname").split())
    for field, heads in HEADS:
        found = present & heads
        if found and present - found <= QUALIFIERS:
            return field
    return None


def match_typo(words: str) -> Field | None:
    """The field of a phrase that differs by one typing error, or by two where it is long."""
    if len(words) < ONE_TYPO_FROM - 1:
        return None
    allowed = 1 if len(words) < TWO_TYPOS_FROM else 2
    best = min(
        (
            (OSA.distance(words, phrase, score_cutoff=allowed), phrase)
            for phrase in TYPO_PHRASES
            if phrase[0] == words[0]
        ),
        default=(allowed + 1, ""),
    )
    return EXACT[best[1]] if best[0] <= allowed else None


TYPO_PHRASES = tuple(sorted(phrase for phrase in EXACT if len(phrase) >= ONE_TYPO_FROM - 1))
