"""The viewer: who is calling, as every room sees them."""

from dataclasses import dataclass
from datetime import datetime

from base.words import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in caller; `expires_at` is when the access token ends."""

    user_id: str
    role: Role
    session_id: str
    expires_at: datetime

    @property
    def is_admin(self) -> bool:
        """Reaches everybody's objects."""
        return self.role is Role.ADMIN

    def may_see(self, owner_id: str) -> bool:
        """Whether an object of `owner_id` exists for this viewer."""
        return self.is_admin or owner_id == self.user_id
