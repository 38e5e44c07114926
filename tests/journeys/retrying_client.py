"""A client that retries: it turns to the next server when one is away, and remembers the codes it was told."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp

from client.api import LOGIN

IS_AWAY = (aiohttp.ClientError, ConnectionError, TimeoutError)
PAUSE_SECONDS = 0.2
TRANSIENT = {"SERVICE_UNAVAILABLE", "TIMED_OUT", "LOCKED"}
"""Codes after which the same request may succeed."""


@dataclass
class RetryingClient:
    """Somebody who asks at `urls`.

    Attributes:
        told: How often each code was the answer.
    """

    urls: list[str]
    told: Counter[str] = field(default_factory=Counter)
    headers: dict[str, str] = field(default_factory=dict)
    _turn: int = 0

    async def __aenter__(self) -> Self:
        patience = aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=10)
        self.session = aiohttp.ClientSession(timeout=patience)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def login(self, username: str, password: str) -> None:
        session = await self.ask(LOGIN, username=username, password=password)
        self.headers = {"Authorization": f"Bearer {session['login']['accessToken']}"}

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that may be done twice: it is sent again until it is answered."""
        while True:
            answer = await self._asked(query, variables)
            if answer is not None:
                return answer
            await asyncio.sleep(PAUSE_SECONDS)

    def next_url(self) -> str:
        """The address of the server whose turn it is."""
        self._turn += 1
        return self.urls[self._turn % len(self.urls)]

    async def _asked(self, query: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        body = {"query": query, "variables": variables}
        try:
            async with self.session.post(f"{self.next_url()}/graphql", json=body, headers=self.headers) as response:
                answer = await response.json(content_type=None)
        except IS_AWAY:
            return None
        if not (errors := answer.get("errors")):
            return dict(answer["data"])
        code = errors[0]["extensions"]["code"]
        self.told[code] += 1
        assert code in TRANSIENT, errors
        return None
