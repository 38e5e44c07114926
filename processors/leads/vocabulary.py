"""The words of table headings in seven languages: English, German, French, Spanish, Dutch, Portuguese, Italian.

All words are written as `headings.heading_words` makes them: lower case, without accents, `e-mail` as `email`. Where a
heading is not one of the phrases, each of its words must belong to a class, and the classes decide.
"""

from processors.leads.fields import Field
from processors.tables.text import word_set

PHRASES = {
    Field.EMAIL: """
        email, emails, mail, email address, emailaddress, mail address, email id, emailid, mailadresse, email adresse,
        emailadresse, courriel, adresse email, adresse mail, adresse courriel, adresse electronique, mel, correo,
        correo electronico, direccion de correo, direccion de correo electronico, direccion email, emailadres,
        mailadres, email adres, endereco de email, endereco email, correio eletronico, correio electronico,
        posta elettronica, indirizzo email, indirizzo mail, indirizzo di posta elettronica
    """,
    Field.PHONE: """
        phone, phones, phone number, phone no, phonenumber, phone nr, phone num, telephone, telephone number, tel,
        tel no, tel nr, tel number, contact number, contact no, telefon, telefonnummer, telefonnr, telefon nr,
        rufnummer, telefonanschluss, numero de telephone, no de telephone, telefono, telefonos, numero de telefono,
        telefoon, telefoonnummer, telefoonnr, telefone, telefones, numero de telefone, numero telefone,
        numero di telefono, recapito telefonico
    """,
    Field.NAME: """
        name, full name, fullname, names, fn, your name, ihr name, votre nom, tu nombre, uw naam, il tuo nome,
        voller name, vollstandiger name, nom complet, nombre completo, naam, volledige naam, nome completo, nominativo,
        nom, nombre, nome
    """,
    Field.FIRST_NAME: """
        first name, firstname, fname, given name, givenname, given names, forename, forenames, christian name,
        vorname, vornamen, rufname, prenom, prenoms, primer nombre, nombre de pila, nombres, voornaam, roepnaam,
        primeiro nome, nome proprio, nome di battesimo
    """,
    Field.LAST_NAME: """
        last name, lastname, lname, surname, surnames, family name, familyname, nachname, familienname, zuname,
        nom de famille, nom famille, apellido, apellidos, primer apellido, achternaam, familienaam, sobrenome,
        apelido, apelidos, ultimo nome, cognome
    """,
    Field.COMPANY: """
        company, company name, companyname, companies, organisation, organization, organisation name,
        organization name, org, org name, business name, employer, account name, firm, firm name, workplace,
        legal name, trading name, name of company, name of organisation, firma, firmenname, unternehmen,
        unternehmensname, gesellschaft, name der firma, arbeitgeber, societe, entreprise, raison sociale, nom commercial, nombre comercial,
        nome comercial, nome commerciale, commercial name, handelsnaam, denominazione sociale,
        nom de l entreprise, nom de la societe, nom entreprise, nom societe, compagnie, organisme, empresa,
        nombre de la empresa, nombre empresa, compania, razon social, sociedad, organizacion, bedrijf, bedrijfsnaam,
        naam bedrijf, organisatie, onderneming, werkgever, nome da empresa, nome empresa, companhia, razao social,
        organizacao, azienda, ditta, nome azienda, nome dell azienda, ragione sociale, societa, impresa,
        organizzazione
    """,
    Field.WEBSITE: """
        website, web site, websites, web, url, urls, homepage, home page, web page, webpage, web address, webaddress,
        domain name, website url, site url, web url, webseite, internetseite, internetadresse, internetauftritt,
        webadresse, site web, site internet, adresse web, adresse internet, page web, sitio web, pagina web,
        pagina de internet, direccion web, internetpagina, webpagina, webadres, pagina na internet, sito web,
        sito internet, indirizzo web
    """,
    Field.COUNTRY: """
        country, countries, country name, country region, country or region, nation, pays, nom du pays, pais, paese,
        landnaam, nazione
    """,
    Field.NOTES: """
        notes, note, comment, comments, remark, remarks, memo, annotation, annotations, additional information,
        additional info, further information, message, notiz, notizen, bemerkung, bemerkungen, kommentar, kommentare,
        anmerkung, anmerkungen, hinweis, hinweise, nachricht, remarque, remarques, commentaire, commentaires,
        observation, observations, nota, notas, comentario, comentarios, observaciones, observacion, mensaje,
        notitie, notities, opmerking, opmerkingen, commentaar, observacoes, observacao, anotacoes, mensagem, commento,
        commenti, osservazioni, annotazioni, messaggio
    """,
}
"""Headings that say a field and nothing else; divided by commas."""

MAYBE = {
    Field.PHONE: """
        portable, cell, fixe, direct, number, nummer, numero, work number, home number, office number,
        direct number, daytime number, evening number, vast nummer
    """,
    Field.COUNTRY: """
        land, staat, stato, cc, iso, iso code, dial code, dialing code, calling code, phone code, vorwahl, indicatif,
        prefijo, prefisso, internationale vorwahl, landercode, landcode
    """,
    Field.WEBSITE: "site, domain, domaine, internet, sitio, dominio, sito, page, pagina",
    Field.COMPANY: "account, business, betrieb, institution, agency, agentur, school, schule, university, universitat, hochschule, kanzlei, brand, verein",
    Field.FIRST_NAME: "first",
    Field.LAST_NAME: "last, second name",
}
"""Headings that say a field only where the contents say the same."""

HEADS = {
    Field.EMAIL: "email emails mail emailaddress emailadresse emailadres courriel correo mailadresse mailadres",
    Field.PHONE: """
        phone phones phonenumber telephone tel telefon telefonnummer telefonnr rufnummer telefono telefonos telefoon
        telefoonnummer telefone telefones
    """,
    Field.WEBSITE: """
        website websites homepage url urls webseite webpage webadresse webadres domain domaine site web internet
        internetseite internetadresse sito sitio webpagina weblink
    """,
    Field.COUNTRY: "country countries land lander landes pays pais paese nation nazione landercode",
    Field.FIRST_NAME: "firstname vorname vornamen prenom voornaam forename givenname fname",
    Field.LAST_NAME: """
        lastname surname nachname familienname achternaam apellido apellidos cognome sobrenome apelido familyname
        zuname lname
    """,
    Field.COMPANY: """
        company companies organisation organization org firm firma firmen firmenname unternehmen unternehmens
        unternehmensname gesellschaft employer arbeitgeber entreprise societe empresa compania companhia bedrijf
        bedrijfs bedrijfsnaam organisatie werkgever organizacion organizacao azienda aziendale ditta societa impresa
        organizzazione account accounts employeur institution companyname
    """,
    Field.NAME: "name names fullname naam nom nombre nome names kundenname kontaktname",
    Field.NOTES: "notes note comment comments remarks remark notiz notizen bemerkung bemerkungen kommentar message",
}
"""Words that decide, the strongest field first, where all others only narrow it: "Company e-mail" is an e-mail address."""

MOBILE = word_set(
    """
    mobile mobil cell cellphone cellular mobilephone mobiltelefon mobilfunk mobilfunknummer handy handynummer
    mobilnummer mobilnr natel gsm whatsapp celular movil telemovel mobiel cellulare portable landline festnetz durchwahl
    direktwahl fixe fijo cellnumber
    """
)
"""Kinds of phone: they say phone by themselves, but less plainly than "Phone"."""

PERSONS = word_set(
    """
    contact contacts contactperson contactpersoon person persons people lead leads customer customers client clients
    prospect prospects attendee attendees participant participants invitee registrant respondent recipient guest guests
    member members student patient donor subscriber applicant candidate buyer ansprechpartner ansprechpartnerin
    ansprechperson kontakt kontakte kontaktperson kunde kunden kundin teilnehmer teilnehmerin interessent interessenten
    besteller mitglied gast bewerber patienten interlocuteur participante acheteur inscrit membre persona cliente
    clientes contacto contactos asistente inscrito klant klanten deelnemer gast lid contato contatos pessoa
    participantes contatto contatti referente partecipante iscritto
    """
)
"""Whom the table is about. Alone they say a name: "Contact", "Kunde"."""

FULL = word_set("full complete whole voller volle vollstandiger complet completo volledige display anzeige formatted")
"""Words that a whole name may have."""

FUNCTION = word_set(
    """
    a an the of s your my our their his her is what whats which please enter provide give fill in if any to for and or
    optional required mandatory pflichtfeld pflicht freiwillig bitte geben sie ein wie lautet ist ihr ihre ihren ihrer
    dein deine mein meine unser der die das des dem den im und oder er es r le la les l de du d et ou votre vos mon ma
    notre quel quelle est el los las del y o e su sus tu mi cual het een van uw je jouw mijn en of wat os as do da dos
    das seu sua meu minha qual il lo i gli di della dell dello dei degli suo tuo mio quale do you we who are can have heisst nenne fur zum zur vom beim am als at with value values wert
    werte valeur valor waarde valore text field feld
    """
)
"""Small words, and those of forms and exports; they change nothing."""

GENITIVES = word_set("of de du des d del della dell dello dei degli di do da dos das der van von l")
"""After them stands whose thing it is: "Nom de l'entreprise du contact" is the name of the company."""

INTERNAL = word_set("intern interne interner internes internal interno interna")
"""Of us: "Interner Ansprechpartner" is a colleague."""
MAIN = word_set(
    "primary main principal principale primare primarer primares haupt hoofd preferred default standard best current"
)
KINDS = word_set(
    """
    work business office home private privat private privates personal personale personlich personlicher corporate
    professional professionnel professionnelle direct direkt voice pref headquarters hq geschaftlich geschaftliche
    geschaftlicher geschafts dienstlich dienstliche dienst arbeit arbeits buro beruflich berufliche bureau travail
    domicile perso trabajo casa oficina particular zakelijk prive kantoor thuis werk trabalho escritorio ufficio lavoro
    daytime evening tags tagsuber abends registered associated zugeordnetes zugeordnete zugeordneter verknupftes
    residence residencia residenza residentie wohnsitz wohn heimat pro local lokale legal international intern interne interner
    internal interno interna
    """
)
SECOND = word_set(
    """
    other others alternate alternative alternativ alternativer secondary second 2nd third additional another more weitere
    weiterer weiteres weiteren sekundare sekundarer zweite zweites zweiter autre autres secondaire otro otra secundario
    ander andere tweede outro outra altro altra secondario backup extra car auto
    """
)
ADDRESS = word_set(
    """
    address addresses adresse adressen anschrift direccion adres endereco indirizzo billing shipping mailing delivery
    postal invoice rechnung rechnungs liefer lieferung versand post facturation livraison facturacion envio factuur
    verzend faturamento faturacao entrega fatturazione spedizione
    """
)
"""Where it belongs: "Billing country", "Default Address Company"; but "Company address" is no company."""

NUMBERS = word_set(
    """
    # no nr num number numbers nummer nummern numero numeros number id ids uid uuid guid code codes key schlussel kennung
    kennziffer ref refnr matricule registro codigo codice reference referenz referencia
    """
)
"""Words of a number or code."""
COUNTRY_WORDS = word_set("code codes iso iso2 iso3 alpha region kurzel kennzeichen calling dial dialing vorwahl prefix")
"""What a country's heading may say beside."""

OTHERS = word_set(
    """
    owner owners owned assigned assignee assignment rep reps representative salesperson salesman seller sales agent
    advisor adviser consultant manager managers supervisor boss assistant asst secretary spouse wife husband
    emergency referrer referred referral creator editor modifier
    handler recruiter coach closer setter introducer witness betreuer betreuerin kundenbetreuer kundenberater berater
    beraterin bearbeiter sachbearbeiter verkaufer verkauferin vertreter vertrieb vertriebler vertriebs vertriebsmitarbeiter
    aussendienst innendienst zustandig zustandiger zustandige verantwortlich verantwortlicher verantwortliche inhaber
    eigentumer besitzer assistent assistentin assistenz vorgesetzter vorgesetzte vorgesetzten ehepartner ehefrau ehemann
    mitarbeiter kollege empfohlen empfehlung geworben vermittler ersteller zugewiesen responsable proprietaire commercial
    vendeur conseiller gestionnaire conjoint assigne attribue parrain assistante propietario vendedor asesor gestor
    asignado conyuge comercial referido eigenaar verkoper vertegenwoordiger accountmanager behandelaar adviseur
    toegewezen verantwoordelijke proprietario responsavel corretor atribuido indicado proprietaria venditore agente
    consulente assegnato responsabile coniuge kam csm sdr bdr ae executive teamlead teamleiter makler broker empfehlungsgeber host organizer
    """
)
"""Somebody else than the lead: our own people, and relatives."""
AGENTS = word_set("by von durch par por door da")
"""As a last word they name who did it: "Created by", "Empfohlen von"."""

ABOUT = word_set(
    """
    active age allowed amount anrede avatar ban birth birthday bounce bounced bundesland kanton campaign category channel
    checked clicked city ort stadt ville ciudad plaats cidade citta confirmed consent contract count county created date
    datum day department abteilung description dob double employees extension fax faxnummer facebook fecha file
    format frequency former alter ehemaliger previous old geburtsdatum geburts gender geschlecht gdpr group gruppe hash
    hour image ind industry branche initials instagram job kind art label labels language sprache level linkedin list
    login logo maiden middle mobility month monat modified nickname nick spitz newsletter not occupation opens opened opt
    optin optout order password phonetic photo picture plz position preference privacy province priority profil profile
    quality quantity rank rating reason region revenue role salutation score screen segment sent size grosse skype slack
    source stage start state status street strasse subject subscribed subscription suffix namenssuffix prefix
    namensprafix tag tags tax telefax telex template time timezone titel title twitter type typ tipo types unsubscribe
    unsubscribed updated username benutzer valid validated validation verified vat ust xing year yes yomi youtube tiktok github pinterest telegram signal zip
    zipcode pager isdn angezeigter attribute attributes
    """
)
"""Words of a thing about the field, not the field: "E-mail status", "Phone type"."""

MERGED = {
    "firstname": """
        first name, given name, given names, christian name, name first, primer nombre, nombre de pila, primeiro nome,
        nome proprio, nome di battesimo, contact first, customer first, person first, lead first
    """,
    "lastname": """
        last name, family name, name last, nom de famille, nom famille, primer apellido, ultimo nome, contact last,
        customer last, person last, lead last
    """,
    "societe": "raison sociale, razon social, razao social, ragione sociale, business name, legal name, trading name",
    "contactperson": "contact person, persona de contacto, persona di riferimento, pessoa de contato",
    "mobilephone": "cell phone, mobile phone, mobile number, cell number, telephone portable, numero de portable",
    "email": "correo electronico, correio eletronico, correio electronico, posta elettronica, adresse electronique",
    "whatsapp": "whats app",
    "linkedin": "linked in",
    "teamlead": "team lead, team leader",
    "vertrieb": "vertriebspartner, sales partner",
    "youtube": "you tube, tik tok, git hub",
    "optional": "not required, if applicable, falls vorhanden, si possible",
}
"""Words that say one thing together."""

OFTEN_MISSPELT = word_set(
    "address adresse number nummer contact kontakt ansprechpartner contactperson kontaktperson customer business"
)
"""Words beside those of the fields in which a typing error is looked for."""

REAL_WORDS = word_set(
    """
    adressee adresser agresse apresse atienda campania celula celulas cellar cellula commen commend commends commenta
    commente commet contant contacta contacte corre correa correct corrego correr correto corro counties courrier
    demain domani domine empress empresta emprega employe employed employee employers employes employez
    expresa farmen filmen firemen firmer formen impress impresse imprese impreso imprensa internes internen
    internat kontrakt kundennahe landmine massage massages messaged messager mobel nachnahme nimmer nobre nommer notigen
    notion novizen numbed numer paene pease peones phenom phonies pones portale potable pronom remar society societal
    suriname telephonie telephony unternahmen unternehmer unternehmern vernamen vorkamen vornahme vornahmen zunahme
    """
)
"""Words of the seven languages that one typing error divides from a word above."""
