"""An outside issuer's tokens before services that note what they tell."""

import aiohttp
import pytest

from auth.callers import find_viewer
from auth.outside import OutsideIssuer
from auth.outside_keys import FETCH_SECONDS, OutsideKeys, fetching
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from tests.auth.issuer_for_tests import AUDIENCE, Issuer
from tests.auth.people_for_tests import KEYS


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Told:
    """Services that take the issuer's tokens, and note whose access is said to have changed."""

    def __init__(
        self,
        issuer: Issuer,
        clock: Clock,
        session: aiohttp.ClientSession,
        role_claim: str = "",
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self.user_ids: list[str] = []
        keys = OutsideKeys(issuer.url, fetching(session, fetch_seconds), clock)
        self.auth = AuthServices(KEYS, self.note, issuer=OutsideIssuer(issuer.url, AUDIENCE, role_claim, keys))

    async def note(self, user_id: str) -> None:
        self.user_ids.append(user_id)

    async def viewer(self, token: str) -> Viewer:
        viewer = await find_viewer(self.auth, f"Bearer {token}")
        assert viewer is not None
        return viewer

    async def code(self, token: str) -> ErrorCode:
        with pytest.raises(Refusal) as caught:
            await self.viewer(token)
        return caught.value.code
