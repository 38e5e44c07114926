"""Settings that would be unsafe in production, each with what to do."""

import ipaddress
import math
import stat
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import SecretStr

from base.env_file import ENV_FILE, names_in
from base.settings import PREFIX, Settings
from base.settings_checks import is_trustworthy
from base.settings_fields import is_secret

_KEY_BITS = 90
"""What 32 random hexadecimal digits have at least, measured by how often each character occurs."""
_KEY_CHARACTERS = 8
"""Different ones that a key has at least: 32 random hexadecimal digits have fewer once in ten millions."""
_LONGEST_PIECE = 16
"""A key that repeats a piece of up to so many characters holds no more than that piece."""
_LARGEST_NETWORK = {4: 8, 6: 29}
"""Prefixes shorter than these are no proxies of anybody: 10.0.0.0/8 is the largest private network, a /29 the largest of IPv6
that a provider of proxies publishes."""
_HERE = {"127.0.0.1", "::1", "localhost"}


def unsafe_settings(settings: Settings, wrong: Collection[str] = ()) -> list[str]:
    """Sentences about what would be unsafe in production, each with what to do; none about fields that are `wrong`."""
    found = [
        *_unsafe_ways_in(settings),
        *_unsafe_secrets(settings),
        *_unsafe_choices(settings),
        *_unsafe_files(settings),
    ]
    unread = [PREFIX + name.upper() for name in wrong]
    return [sentence for sentence in found if not any(name in sentence for name in unread)]


def _unsafe_ways_in(settings: Settings) -> Iterator[str]:
    is_open = settings.host not in _HERE
    if is_open and not settings.public_url.startswith("https://"):
        yield (
            "The server can be reached from other machines (WAYBILL_HOST), and WAYBILL_PUBLIC_URL is not https: passwords and files "
            "would travel unencrypted. Put a proxy with TLS before it and name its address there, or listen on 127.0.0.1."
        )
    if settings.public_url.startswith("https://") and not settings.trusted_proxies:
        yield (
            "WAYBILL_PUBLIC_URL is that of a proxy, and WAYBILL_TRUSTED_PROXIES names none: all clients count as one address, for "
            "connections, rate limits and failed sign-ins. Name the proxy's address there."
        )
    for text in settings.trusted_proxies:
        network = ipaddress.ip_network(text, strict=False)
        if network.prefixlen < _LARGEST_NETWORK[network.version] and not network.is_private:
            yield (
                f"WAYBILL_TRUSTED_PROXIES has {network}, a large part of the internet: whoever is in it could pretend any address. "
                "Name the addresses of your proxies alone."
            )
    if is_open and "*" in settings.cors_origins:
        yield (
            "WAYBILL_CORS_ORIGINS is *: pages of any site may call this server (they still need a token). Name the origins of "
            "your pages."
        )
    if is_open and not (settings.rate_limit_per_minute and settings.rate_limit_per_second):
        yield "A rate limit is 0: passwords can be tried as fast as the server answers. Set WAYBILL_RATE_LIMIT_PER_MINUTE and _SECOND."
    if is_open and not settings.connections_per_address:
        yield "WAYBILL_CONNECTIONS_PER_ADDRESS is 0: one machine can take all connections. Set it to some hundred."


def _unsafe_secrets(settings: Settings) -> Iterator[str]:
    for name, keys in (("SECRET_KEY", (settings.secret_key,)), ("OTHER_SECRET_KEYS", settings.other_secret_keys)):
        if any(_is_guessable(key) for key in keys_of(keys) if key):
            yield (
                f"{PREFIX}{name} can be guessed: it repeats few characters or a short word, and whoever knows it signs in as anybody. Use what "
                "`openssl rand -base64 48` prints."
            )
    password = settings.admin_password.get_secret_value()
    if password and (len(password) < 12 or len(set(password)) < 5):
        yield "WAYBILL_ADMIN_PASSWORD has fewer than 12 characters, or the same few again and again. Take a longer one, or none to have one made."


def _unsafe_choices(settings: Settings) -> Iterator[str]:
    if settings.allow_anonymous:
        yield (
            "WAYBILL_ALLOW_ANONYMOUS is on: whoever reaches this server may upload and have it work, without an account. Turn it off, "
            "unless that is what it is for."
        )
    if settings.upload_fsync == "never":
        yield (
            "WAYBILL_UPLOAD_FSYNC is never: files that were told complete may be damaged after a power cut. Set it to always or finish."
        )
    if settings.download_allow_private:
        yield (
            "WAYBILL_DOWNLOAD_ALLOW_PRIVATE is on: users can fetch what lies on this machine and its network. Turn it off, unless you "
            "trust all of them."
        )
    if settings.enrich_url and not is_trustworthy(settings.enrich_url):
        yield (
            "WAYBILL_ENRICH_URL is not https: leads and the key travel unencrypted to that endpoint. Use its https address, or a model on "
            "this machine."
        )
    if settings.webhook_allow_private:
        yield (
            "WAYBILL_WEBHOOK_ALLOW_PRIVATE is on: users can have requests sent to this machine and its network. Turn it off, unless "
            "you trust all of them."
        )


def _unsafe_files(settings: Settings) -> Iterator[str]:
    """Folders and files that other users of the machine can read."""
    if _is_for_others(settings.data_dir):
        yield f"The data folder {settings.data_dir} can be read by other users of this machine: chmod 700 {settings.data_dir}"
    if _is_for_others(ENV_FILE) and any(
        is_secret(name) or "://" in str(getattr(settings, name)) for name in _fields_in_file()
    ):
        yield f"The file {ENV_FILE} holds secrets, and other users of this machine can read it: chmod 600 {ENV_FILE}"


def _is_for_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False


def _is_guessable(key: str) -> bool:
    repeats = any(key == (key[:length] * len(key))[: len(key)] for length in range(1, _LONGEST_PIECE + 1))
    return repeats or len(set(key)) < _KEY_CHARACTERS or _bits(key) < _KEY_BITS


def _bits(key: str) -> float:
    """An upper bound of what there is to guess: Shannon's entropy of the characters."""
    return -sum(count * math.log2(count / len(key)) for count in Counter(key).values())


def _fields_in_file() -> set[str]:
    names = {name.removeprefix(PREFIX).lower() for name in names_in(ENV_FILE) if name.startswith(PREFIX)}
    return names & set(Settings.model_fields)


def keys_of(value: SecretStr | tuple[SecretStr, ...]) -> list[str]:
    """The secrets of a setting in readable form."""
    return [key.get_secret_value() for key in (value if isinstance(value, tuple) else (value,))]
