"""The viewer: who is calling, as every room sees them."""

from dataclasses import dataclass
from datetime import datetime

from base.words import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in caller.

    Attributes:
        session_id: The session whose access token came along; empty for API tokens and tokens of the outside issuer.
        expires_at: When the token ends; None for an API token that does not end by itself.
        api_token_id: The API token that came along; empty for all others.
        quota_key: For whom limits are counted, where that is not the user; see `auth.quotas`.
    """

    user_id: str
    role: Role
    session_id: str
    expires_at: datetime | None
    api_token_id: str = ""
    quota_key: str | None = None

    @property
    def is_admin(self) -> bool:
        """Reaches everybody's objects."""
        return self.role is Role.ADMIN

    def may_see(self, owner_id: str) -> bool:
        """Whether an object of `owner_id` exists for this viewer."""
        return self.is_admin or owner_id == self.user_id
