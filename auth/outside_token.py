"""Token of an outside issuer that was checked."""

from dataclasses import dataclass
from datetime import datetime

from base.words import Role


@dataclass(frozen=True, slots=True)
class OutsideToken:
    """What a good token says. `role` is None where no claim is to tell it."""

    issuer: str
    subject: str
    role: Role | None
    issued_at: datetime
    expires_at: datetime
