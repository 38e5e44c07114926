"""Services of this room, in one value that the program builds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.keys import Keys
from auth.login_throttle import LoginThrottle
from auth.rates import Rates, rate_storage

if TYPE_CHECKING:
    from auth.outside import OutsideIssuer

OnChange = Callable[[str], Awaitable[None]]
"""Told a user's id after the commit that ended one of their tokens or changed their role; it must not raise."""


async def ignore_change(_user_id: str) -> None:
    """For programs without sockets."""


@dataclass(frozen=True)
class AuthServices:
    """What the functions of this room work with.

    Attributes:
        keys: Sign our own tokens.
        is_anonymous_allowed: Whether `open_anonymous_session` works.
        issuer: Whose tokens are taken besides our own.
        anonymous_rates: How many anonymous sessions an address may begin.
    """

    keys: Keys
    on_change: OnChange = ignore_change
    is_anonymous_allowed: bool = False
    login_throttle: LoginThrottle = field(default_factory=LoginThrottle)
    issuer: "OutsideIssuer | None" = None
    anonymous_rates: Rates = field(default_factory=lambda: Rates(rate_storage(None, "")))
