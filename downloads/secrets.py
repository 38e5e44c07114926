"""Secrets of a download: values of headers, user and password of its URL and its proxy.

They are sealed before they are stored, and opened where requests are made; nothing else sees them.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from auth.sealing import SealBroken, Sealer
from base.errors import ErrorCode, Refusal
from downloads.download_options import DownloadOptions
from downloads.own_headers import check_headers
from downloads.urls import parse_address, shown_url

PURPOSE = "download"


def seal_options(sealer: Sealer, options: dict[str, Any], field: str) -> dict[str, Any]:
    """Options as a client gave them, in the form in which they are stored.

    Args:
        sealer: For `PURPOSE`.
        options: Under the names of the API; their ranges are checked elsewhere.
        field: Where the client gave them.

    Raises:
        Refusal: URL_NOT_ALLOWED for another scheme than http and https; BAD_INPUT for what is no URL or no header, with the
            field.
    """
    given = [(str(header.get("name")), str(header.get("value"))) for header in options.get("headers") or ()]
    headers = [{"name": name, "value": sealer.seal(value)} for name, value in check_headers(given, f"{field}.headers")]
    url, credentials = _without_credentials(sealer, options["url"])
    sealed = {**options, "url": url, "urlCredentials": credentials, "headers": headers}
    if options.get("proxyUrl"):
        sealed["proxyUrl"], sealed["proxyCredentials"] = _parted(sealer, str(options["proxyUrl"]), f"{field}.proxyUrl")
    parse_address(str(options["url"]))
    return sealed


def seal_url(sealer: Sealer, url: str) -> dict[str, Any]:
    """The options that tell where a download begins, of a `url` that is one."""
    shown, credentials = _without_credentials(sealer, url)
    return {"url": shown, "urlCredentials": credentials}


def fresh_link(sealer: Sealer, url: str) -> dict[str, Any]:
    """The options that change with a fresh link to the file that was begun.

    Raises:
        Refusal: As `seal_options`.
    """
    parse_address(url)
    return {**seal_url(sealer, url), "isFreshLink": True}


def open_headers(sealer: Sealer, options: DownloadOptions) -> tuple[tuple[str, str], ...]:
    """The client's own headers as they are sent. Raises Refusal where the secret key has changed."""
    return tuple((header.name, _open(sealer, header.value)) for header in options.headers)


def open_url(sealer: Sealer, options: DownloadOptions) -> str:
    """The URL with its user and password. Raises Refusal where the secret key has changed."""
    return _joined(options.url, _open(sealer, options.url_credentials) if options.url_credentials else None)


def open_proxy_url(sealer: Sealer, options: DownloadOptions) -> str | None:
    """The proxy's URL with its user and password. Raises Refusal where the secret key has changed."""
    if options.proxy_url is None:
        return None
    return _joined(options.proxy_url, _open(sealer, options.proxy_credentials) if options.proxy_credentials else None)


def _without_credentials(sealer: Sealer, url: Any) -> tuple[str, str | None]:
    return _parted(sealer, str(url).strip(), None)


def _parted(sealer: Sealer, url: str, field: str | None) -> tuple[str, str | None]:
    """`url` without user and password, and these, sealed."""
    try:
        credentials, _, _ = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        message = "This is not a URL: write it as https://host/path."
        raise Refusal(ErrorCode.BAD_INPUT, message, field) from None
    return shown_url(url), sealer.seal(credentials) if credentials else None


def _joined(url: str, credentials: str | None) -> str:
    if credentials is None:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}"))


def _open(sealer: Sealer, sealed: str) -> str:
    try:
        return sealer.open(sealed)
    except SealBroken:
        message = (
            "The server's secret key has changed, and opens the headers and passwords no more: start a new download."
        )
        raise Refusal(ErrorCode.DOWNLOAD_FAILED, message) from None
