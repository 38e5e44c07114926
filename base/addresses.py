"""Checks of settings that are an address, without showing passwords."""

import re
from urllib.parse import urlsplit

from base.logging import without_passwords

HIDDEN = "(hidden)"
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:(?P<who>.*)@)?"
    r"(?P<rest>(?:[^\s@:/?#\[\]]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?(?:/[^?#@]*)?(?:\?[^\s#@]*)?)",
    re.DOTALL,
)
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d{1,5})?(?:/[A-Za-z0-9._/-]*)?")
_USER = re.compile(r"([^:/?#\s]*):.*", re.DOTALL)
_FILES = {"sqlite", "unix"}
"""Schemes whose addresses are a path, in which white space is nothing strange."""


def shown_address(value: str) -> str:
    """The address without its password and secret parameters; all of it is hidden where one could stand anywhere."""
    if _HOST.fullmatch(value):
        return value
    found = _ADDRESS.fullmatch(value)
    if found is None:
        return HIDDEN if value else ""
    rest = without_passwords(found["scheme"] + found["rest"]).removeprefix(found["scheme"])
    return f"{found['scheme']}{_shown_user(found['who'])}{rest}"


def check_has_no_space(address: str) -> str:
    """Raises ValueError where white space stands in an address that is no path."""
    if re.search(r"\s", address) and urlsplit(address).scheme not in _FILES:
        msg = "has white space, which no address has: write it as %20 in a password, and take it away elsewhere"
        raise ValueError(msg)
    return address


def check_port(address: str) -> None:
    """Raises ValueError where the port of an address is none."""
    try:
        _ = urlsplit(address).port
    except ValueError:
        msg = "has a port that is not a number up to 65535 (in a password write / as %2F, ? as %3F, # as %23, @ as %40)"
        raise ValueError(msg) from None


def _shown_user(who: str | None) -> str:
    """What stands before the last @: a name is shown only before a password, for alone it could be one."""
    if who is None:
        return ""
    named = _USER.fullmatch(who)
    return f"{named[1]}:{HIDDEN}@" if named else f"{HIDDEN}@"
