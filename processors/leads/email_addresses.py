"""E-mail addresses, one at a time: checked and normalised, without asking the DNS; and whose domain it is."""

import re
import unicodedata

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from processors.tables.text import word_set

PLAIN_ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}))"
)
"""Addresses that need no closer look: what matches is valid by RFC 5321 unless its domain is reserved or too long."""
MAX_PLAIN_LENGTH = 254
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´′＇", "'"))
RESERVED_ENDS = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)

ROLE_NAMES = word_set(
    """
    abuse accounting accounts admin administracion administration administrator anfrage assistance atendimento
    billing biuro booking bookings buchhaltung buero ciao comercial comercio commercial compta comptabilite contact
    contacto contato contatti customercare customerservice direction einkauf enquiries enquiry finance friends geral
    hallo hello help helpdesk hi hostmaster hr hola info infos information inkoop inquiries invoice invoices jobs
    kantoor karriere kontakt kundenservice legal mail mailbox marketing media no-reply noc noreply office orders
    personal post postmaster presse press privacy purchasing receptie reception recruiting rechnung rh root sales
    salut secretariat security segreteria service shop soporte staff studio support team tech ufficio vendas vendite
    ventas verkauf verkoop vertrieb web webmaster welcome zentrale
    """
)
"""Local parts that a post is read by, not a person."""

FREE_DOMAINS = word_set(
    """
    126.com 163.com aim.com aliyun.com alice.it aol.com arcor.de att.net bbox.fr bell.net bellsouth.net bigpond.com
    bluewin.ch bol.com.br bt.com btinternet.com chello.at comcast.net cox.net daum.net email.com email.cz email.it
    eircom.net fastmail.com fastmail.fm foxmail.com free.fr freemail.hu freenet.de gmail.com gmx.at gmx.ch gmx.com
    gmx.de gmx.fr gmx.net googlemail.com hanmail.net home.nl hotmail.be hotmail.ca hotmail.co.uk hotmail.com
    hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hotmail.se hushmail.com icloud.com ig.com.br inbox.com
    inbox.lv inbox.ru interia.pl kpnmail.nl laposte.net libero.it list.ru live.ca live.co.uk live.com live.de
    live.fr live.it live.nl live.se mac.com mail.com mail.de mail.ru me.com msn.com naver.com neuf.fr ntlworld.com
    o2.pl online.de online.no onet.pl optonline.net optusnet.com.au orange.es orange.fr outlook.at outlook.be
    outlook.com outlook.com.br outlook.de outlook.es outlook.fr outlook.it outlook.pt planet.nl pm.me posteo.de
    post.cz proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com rogers.com
    sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com skynet.be sohu.com sympatico.ca t-online.de
    talktalk.net telefonica.net telenet.be telia.com terra.com.br terra.es tin.it tiscali.co.uk tiscali.it tuta.com
    tutanota.com ukr.net uol.com.br verizon.net virgilio.it virgin.net virginmedia.com wanadoo.fr web.de wp.pl
    xs4all.nl xtra.co.nz yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au
    yahoo.com.br yahoo.com.mx yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com
    zeelandnet.nl ziggo.nl zoho.com zonnet.nl
    """
)
"""Domains where anybody can have an address: they tell nothing about a company."""

DISPOSABLE_DOMAINS = word_set(
    """
    10minutemail.com burnermail.io discard.email dispostable.com emailondeck.com fakeinbox.com getairmail.com
    getnada.com guerrillamail.com guerrillamail.info guerrillamail.net guerrillamail.org maildrop.cc mailinator.com
    mailnesia.com mintemail.com mohmal.com mytemp.email sharklasers.com spamgourmet.com temp-mail.org tempail.com
    tempmail.com throwawaymail.com trashmail.com trashmail.de wegwerfmail.de yopmail.com yopmail.fr
    """
)
"""Domains of addresses that are made to be thrown away."""


def check_email(part: str) -> str | None:
    """One address, normalised: the domain in lower case, the local part as it stands. None where it is not valid.

    Typographic apostrophes are apostrophes; of other signs and scripts, only letters and digits may stand in it.
    Source: RFC 5321 and 6531, as email-validator reads them; `check_deliverability` (DNS) stays off.
    """
    plain = plain_email(part)
    if plain or len(part) > MAX_PLAIN_LENGTH:
        return plain
    part = unicodedata.normalize("NFKC", part.translate(APOSTROPHES))
    if not all(one.isascii() or unicodedata.category(one)[0] in "LMN" for one in part):
        return None
    try:
        return validate_email(part, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        return None


def plain_email(text: str) -> str | None:
    """`text` normalised if all of it is an address of the plain kind, which most are; None says nothing."""
    if len(text) > MAX_PLAIN_LENGTH:
        return None
    match = PLAIN_ADDRESS.fullmatch(text)
    if match is None or match[2].lower() in RESERVED_ENDS or "--" in match[1]:
        return None
    return text[: match.start(1)] + match[1].lower()


def email_key(address: str) -> str:
    """What two addresses have in common when they are the same: all of it, case folded."""
    return address.casefold()


def is_role(address: str) -> bool:
    """Whether a department reads this address, not a person: info@, sales@."""
    local = address.partition("@")[0].lower()
    return local in ROLE_NAMES or local.rstrip("0123456789") in ROLE_NAMES


def email_domain(address: str) -> str:
    """What follows the @."""
    return address.rpartition("@")[2]
