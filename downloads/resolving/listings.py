"""Recognise the listings of folders that servers make, and their entries.

Sort links, parents, icons and the server's home page differ from server to server; entries are the same with all: one step
below the folder.
"""

import re
from urllib.parse import urlsplit

from downloads.resolving.page_links import PageLinks

_TITLE = re.compile(r"(index of|directory listing for|directory:) ?\S", re.IGNORECASE)
"""nginx, Apache and lighttpd; http.server, Tomcat; Jetty."""
_CADDY = "https://caddyserver.com"


def is_listing(found: PageLinks, url: str) -> bool:
    """Whether a page at `url` lists the files of its folder."""
    if not urlsplit(url).path.endswith("/"):
        return False
    is_caddys = found.has_listing_element and any(link.text.startswith(_CADDY) for link in found.links)
    return is_caddys or bool(_TITLE.match(found.title.strip()))


def is_entry(url: str, folder: str) -> bool:
    """Whether `url` is a file or folder directly in the listed `folder`, both without credentials."""
    entry, above = urlsplit(url), urlsplit(folder)
    if (entry.scheme, entry.netloc) != (above.scheme, above.netloc) or entry.query:
        return False
    name = entry.path.removeprefix(above.path)
    return entry.path.startswith(above.path) and bool(name.rstrip("/")) and "/" not in name.rstrip("/")


def is_folder(url: str) -> bool:
    return urlsplit(url).path.endswith("/")
