"""URLs as they go onto the wire: checked, quoted once, without credentials.

Existing quoting stays as it is written, because signed links break when `%28` becomes `(`.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from aiohttp import encode_basic_auth
from yarl import URL

from base.errors import ErrorCode, Refusal

MAX_CHARACTERS = 8_192
_SCHEMES = frozenset({"http", "https"})
_KEPT = "".join(map(chr, range(0x21, 0x7F)))
"""All that may stand in a URL unquoted, and the % of what is quoted."""
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f.]*:[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Address:
    """One URL that may be asked.

    Attributes:
        url: Without credentials and fragment.
        authorization: The header for the credentials that stood in it.
    """

    url: URL
    authorization: str | None = None

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Scheme, host and port (RFC 6454)."""
        return self.url.scheme, self.host, self.url.port

    @property
    def host(self) -> str:
        """The name of the host, without the dot that may end it."""
        return (self.url.raw_host or "").rstrip(".")


def parse_address(text: str) -> Address:
    """The address that `text` is.

    Raises:
        Refusal: URL_NOT_ALLOWED for another scheme than http and https; BAD_INPUT for what is no URL.
    """
    if len(text) > MAX_CHARACTERS:
        raise Refusal(ErrorCode.BAD_INPUT, f"This URL has more than {MAX_CHARACTERS:,} characters: use a shorter one.")
    try:
        parts = urlsplit(text.strip())
        scheme, host, port = parts.scheme.lower(), _wire_host(parts), parts.port
    except ValueError as error:
        raise _no_url() from error
    if scheme and scheme not in _SCHEMES:
        raise Refusal(ErrorCode.URL_NOT_ALLOWED, "Only URLs that begin with http:// or https:// can be fetched.")
    if not scheme or "\\" in parts.netloc or not _HOST.fullmatch(host):
        raise _no_url()
    place = f"[{host}]" if ":" in host else host
    netloc = place if port is None else f"{place}:{port}"
    path, query = quote(parts.path or "/", safe=_KEPT), quote(parts.query, safe=_KEPT)
    return Address(URL(urlunsplit((scheme, netloc, path, query, "")), encoded=True), _authorization(parts))


def follow(address: Address, location: str) -> Address:
    """Where a redirect from `address` leads to.

    Args:
        address: What was asked.
        location: The header Location as aiohttp hands it out: UTF-8, with surrogates for other bytes, which stay as they are.

    Raises:
        Refusal: As `parse_address`.
    """
    written = quote(location.strip().encode("utf-8", "surrogateescape"), safe=_KEPT)
    try:
        target = urljoin(str(address.url), written)
    except ValueError as error:
        raise _no_url() from error
    return parse_address(target)


def with_credentials(url: str, given: str) -> str:
    """`url` with the user and password of `given`, which is of the same origin, where that has any."""
    credentials, at, _ = urlsplit(given.strip()).netloc.rpartition("@")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}")) if at else url


def shown_url(text: str) -> str:
    """`text` without user and password, for rows and logs."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _wire_host(parts: SplitResult) -> str:
    """The host in ASCII, as browsers write it (UTS 46). Raises ValueError where there is none."""
    host = parts.hostname or ""
    return host if host.isascii() else URL.build(scheme="http", host=host).raw_host or ""


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None and parts.password is None:
        return None
    name = unquote(parts.username or "")
    if ":" in name:
        raise _no_url()
    return encode_basic_auth(name, unquote(parts.password or ""), "utf-8")


def _no_url() -> Refusal:
    return Refusal(ErrorCode.BAD_INPUT, "This is not a URL that can be fetched: write it as https://host/path.")
