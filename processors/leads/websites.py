"""Websites to their host: `https://www.Example.com/shop?a=1` is `example.com`. Profiles of people are no websites."""

import re
import unicodedata
from typing import NamedTuple

from processors.leads.email_addresses import DISPOSABLE_DOMAINS, FREE_DOMAINS
from processors.tables.text import one_line, word_set

SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
ADDRESS_END = re.compile(r"[/?#\\\s]")
LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
HOST = re.compile(rf"(?:{LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[a-z0-9-]{{2,59}})")
IP_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)", re.ASCII)
MAX_HOST = 253
DIVIDERS = re.compile(r"[\s,;|<>]+|:::")
EDGES = "()[]{}\"'„“”«».,;:"
HYPERLINK = re.compile(r"([^#]*)#((?:https?|ftp)://[^#]*)#?", re.IGNORECASE)
"""How Access writes a link: what is shown, the address, and what follows."""
CERTAIN = re.compile(r"(?:https?:)?//|www\.", re.IGNORECASE)
PERSON = re.compile(r"^(?:[a-z]+:)?(?://)?[^/]+/@\w", re.IGNORECASE)
"""An address of a person on any network that writes them so (Mastodon, Medium, Threads …)."""

SHARED_HOSTS = word_set(
    """
    1drv.ms about.me academia.edu angel.co behance.net bit.ly bitbucket.org bsky.app calendly.com clubhouse.com
    codepen.io crunchbase.com discord.com discord.gg docs.google.com doodle.com dribbble.com drive.google.com
    dropbox.com eventbrite.co.uk eventbrite.com eventbrite.de facebook.com fb.com fb.me flickr.com forms.gle
    forms.office.com g.page gitlab.com github.com glassdoor.com goo.gl google.com gravatar.com instagram.com
    jotform.com kaggle.com keybase.io kununu.com line.me linkedin.cn linkedin.com linktr.ee lnkd.in m.me
    maps.google.com mastodon.social medium.com meetup.com messenger.com npmjs.com ok.ru onedrive.live.com orcid.org
    patreon.com pinterest.com pinterest.de quora.com reddit.com researchgate.net slideshare.net snapchat.com
    soundcloud.com stackoverflow.com surveymonkey.com t.co t.me telegram.me threads.com threads.net tiktok.com
    tinyurl.com trello.com twitch.tv twitter.com typeform.com viadeo.com vimeo.com vk.com wa.me wechat.com weibo.com
    wellfound.com whatsapp.com x.com xing.com xing.de yelp.com youtu.be youtube.com zoom.us
    """
)
"""Where many have a page of their own: networks of people, code, films and files, forms, short links."""


class FoundWebsite(NamedTuple):
    """What a website cell holds, each None where there is none.

    Attributes:
        host: The host of the first address that can be a company's own.
        profile: An address at a host that many share: a person's or a company's page in a network, a form.
        rest: What else stands in the cell.
    """

    host: str | None = None
    profile: str | None = None
    rest: str | None = None


def read_website(cell: str, own_domain: str | None = None) -> FoundWebsite:
    """The host, the profile and the rest of a cell; without the first two all of it is the rest.

    A shared host is a company's own website for who has an e-mail address there: `own_domain`.
    """
    hosts: list[str] = []
    profiles: list[str] = []
    rest: list[str] = []
    for token in split_links(cell):
        link = token.strip(EDGES)
        is_link = not (hosts or rest) or CERTAIN.match(link)
        host = read_host(link) if is_link else None
        if host and (is_shared(host, own_domain) or PERSON.match(link)):
            (profiles if has_path(link) and not profiles else rest).append(link)
        elif host and host not in hosts:
            (rest if hosts else hosts).append(link if hosts else host)
        elif host is None and any(map(str.isalnum, link)):
            rest.append(link)
    if not hosts and not profiles:
        return FoundWebsite(rest=one_line(cell))
    return FoundWebsite(next(iter(hosts), None), next(iter(profiles), None), " ".join(rest) or None)


def split_links(cell: str) -> list[str]:
    """The addresses and words of a cell."""
    link = HYPERLINK.fullmatch(cell)
    return [*DIVIDERS.split(link[1]), link[2]] if link else DIVIDERS.split(cell)


def is_shared(host: str, own_domain: str | None) -> bool:
    """Whether many have a page or a mailbox at `host`, or at a host above it, unless it is `own_domain`."""
    labels = host.split(".")
    above = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return any(one in SHARED_HOSTS or one in FREE_DOMAINS or one in DISPOSABLE_DOMAINS for one in above) and not (
        own_domain and own_domain not in FREE_DOMAINS and own_domain in {host, f"www.{host}"}
    )


def has_path(link: str) -> bool:
    """Whether `link` names more than a host."""
    return bool(SCHEME.sub("", link).partition("/")[2])


def read_host(cell: str) -> str | None:
    """The host that a cell names, in lower case, without `www.`, port, path and sign-in; None where it names none.

    A letter of any script may stand in it; IPv4 addresses are hosts too (RFC 3986, 3.2.2).
    """
    text = SCHEME.sub("", unicodedata.normalize("NFKC", cell).strip(" <>\"'"))
    text = ADDRESS_END.split(text, maxsplit=1)[0]
    if "@" in text and not SCHEME.match(cell):
        return None
    host = text.rpartition("@")[2].partition(":")[0].rstrip(".,;").lower()
    host = host.removeprefix("www.") if host.count(".") > 1 else host
    if len(host) > MAX_HOST or not (HOST.fullmatch(host) or IP_ADDRESS.fullmatch(host)):
        return None
    return host
