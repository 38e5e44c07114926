"""Websites to their host: `https://www.Example.com/shop?a=1` is `example.com`."""

import re
import unicodedata

SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
ADDRESS_END = re.compile(r"[/?#\\\s]")
LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
HOST = re.compile(rf"(?:{LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[a-z0-9-]{{2,59}})")
IP_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)", re.ASCII)
MAX_HOST = 253


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
