"""Checks of single settings.

Each raises ValueError with the end of a sentence that begins with the setting's name.
"""

import ipaddress
import re
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr, ValidationInfo

from base.addresses import check_port

MIN_KEY_CHARACTERS = 32
_DATABASE_OPTIONS = {
    "maxsize": re.compile(r"[1-9]\d{0,3}"),
    "sslmode": re.compile(r"disable|allow|prefer|require|verify-ca|verify-full"),
}
"""What may stand behind the ? of a PostgreSQL address: one that was passed over could be one that encrypts."""


def is_trustworthy(url: str) -> bool:
    """Whether what is fetched from `url` cannot be changed on its way: https, or this very machine."""
    parts = urlsplit(url)
    is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_here))


def check_public_url(value: str) -> str:
    """Refuse what is not an http address; a slash at its end goes."""
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
        msg = "is not an address: write for example https://files.example.com"
        raise ValueError(msg)
    return value.rstrip("/")


def check_issuer(value: str) -> str:
    """Refuse an issuer that is not asked over https."""
    if value and not is_trustworthy(value):
        msg = "is not an issuer: write its https address, for example https://login.example.com/realms/main"
        raise ValueError(msg)
    return value


def check_audience(value: str, info: ValidationInfo) -> str:
    """Refuse an issuer without an audience."""
    if info.data.get("oidc_issuer", "one that is wrong") and not value:
        msg = "is missing: without it, tokens that the issuer made for other programs would be taken"
        raise ValueError(msg)
    return value


def check_enrich_url(value: str) -> str:
    """Refuse what is not the base of an endpoint; the path that clients add goes, and so does a slash at the end."""
    parts = urlsplit(value)
    is_base = (
        parts.scheme in {"http", "https"} and parts.hostname and not (parts.username or parts.query or parts.fragment)
    )
    if value and not is_base:
        msg = "is not an endpoint: write its base as clients of OpenAI take it, for example https://api.openai.com/v1"
        raise ValueError(msg)
    return value.rstrip("/").removesuffix("/chat/completions")


def check_enrich_model(value: str, info: ValidationInfo) -> str:
    """Refuse an endpoint without a model."""
    if info.data.get("enrich_url") and not value.strip():
        msg = "is missing: name the model that the endpoint is asked for"
        raise ValueError(msg)
    return value.strip()


def check_database_url(value: str) -> str:
    """Refuse another database, and options that would be passed over."""
    if value and urlsplit(value).scheme not in {"postgres", "postgresql", "sqlite"}:
        msg = "is not a database: write postgres://user:password@host/name, or leave it empty for SQLite"
        raise ValueError(msg)
    check_port(value)
    if urlsplit(value).scheme == "sqlite":
        return value
    for name, option in parse_qsl(urlsplit(value).query, keep_blank_values=True):
        if name not in _DATABASE_OPTIONS or not _DATABASE_OPTIONS[name].fullmatch(option):
            is_name = re.fullmatch(r"\w{1,40}", name) and "@" not in urlsplit(value).query  # else half a password
            shown = f"{name}={option}" if name in _DATABASE_OPTIONS else name if is_name else "an option"
            msg = f"has {shown}: known are maxsize (of connections, from 1) and sslmode (as libpq has it)"
            raise ValueError(msg)
    return value


def check_redis_url(value: str) -> str:
    """Refuse what is not the address of a Redis."""
    if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        msg = "is not a Redis address: write redis://host:6379/0, or leave it empty"
        raise ValueError(msg)
    check_port(value)
    if urlsplit(value).scheme != "unix" and not re.fullmatch(r"(/\d*)?", urlsplit(value).path):
        msg = "has a path that is not the number of a database: write redis://host:6379/0"
        raise ValueError(msg)
    return value


def check_secret_key(value: SecretStr) -> SecretStr:
    """Refuse a key that is short or can be guessed."""
    if value.get_secret_value() and len(value.get_secret_value()) < MIN_KEY_CHARACTERS:
        msg = f"is too short: at least {MIN_KEY_CHARACTERS} characters (RFC 7518, section 3.2)"
        raise ValueError(msg)
    _check_is_no_single_letter(value)
    return value


def check_other_keys(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """Refuse keys of which one is short or can be guessed."""
    if any(len(key.get_secret_value()) < MIN_KEY_CHARACTERS for key in value):
        msg = f"has a key that is too short: at least {MIN_KEY_CHARACTERS} characters each, without commas"
        raise ValueError(msg)
    for key in value:
        _check_is_no_single_letter(key)
    return value


def check_origins(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is not an origin as browsers send it."""
    for text in value:
        parts = urlsplit(text)
        if text != "*" and (not parts.netloc or f"{parts.scheme}://{parts.netloc}" != text):
            msg = f"has {text!r}, which is not an origin: write for example https://app.example.com, without a path"
            raise ValueError(msg)
    return value


_PROXY = re.compile(r"(http|socks5)://([a-z0-9._-]+|\[[0-9a-f:.]+\]):\d{1,5}")


def check_proxies(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is neither an address nor a network, and the whole internet."""
    try:
        networks = [ipaddress.ip_network(text, strict=False) for text in value]
    except ValueError:
        msg = "has what is neither an address nor a network: write for example 10.0.0.10 or 10.0.0.0/24"
        raise ValueError(msg) from None
    four = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    six = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    widest = [network.prefixlen for network in ipaddress.collapse_addresses(four)]
    widest += [network.prefixlen for network in ipaddress.collapse_addresses(six)]
    if 0 in widest:
        msg = "is the whole internet, where anybody could pretend any address: name your proxies, such as 10.0.0.10"
        raise ValueError(msg)
    return value


def check_allowed_proxies(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no proxy of HTTP or SOCKS5 with its port; credentials are those of whoever names one."""
    if not all(_PROXY.fullmatch(text.lower()) for text in value):
        msg = "has what is no proxy: write http://host:port or socks5://host:port, without user and password"
        raise ValueError(msg)
    return tuple(text.lower() for text in value)


def _check_is_no_single_letter(key: SecretStr) -> None:
    if len(set(key.get_secret_value())) == 1:
        msg = "is one letter again and again, which anybody guesses: write what `openssl rand -base64 48` prints"
        raise ValueError(msg)
