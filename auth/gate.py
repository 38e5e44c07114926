"""What signing in and knowing callers takes, in one value that the program builds at start."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from auth.keys import Keys
from auth.outside import OutsideIssuer
from auth.throttle import Throttle

OnChange = Callable[[str], Awaitable[None]]
"""Told a user's id after the commit that ended one of their tokens or changed their role; it must not raise."""


async def tell_nobody(_user_id: str) -> None:
    """For programs without sockets."""


@dataclass(frozen=True)
class Gate:
    """Everything that the functions of this room work with.

    Attributes:
        keys: Sign our own tokens.
        is_anonymous_allowed: Whether `open_anonymous_session` works.
        issuer: Whose tokens are taken besides our own.
    """

    keys: Keys
    on_change: OnChange = tell_nobody
    is_anonymous_allowed: bool = False
    throttle: Throttle = field(default_factory=Throttle)
    issuer: OutsideIssuer | None = None
