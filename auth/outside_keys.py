"""The public keys of an outside issuer.

They are found by discovery, kept for a while, and fetched anew when an unknown one is named.

Source: OpenID Connect Discovery 1.0, sections 3 and 4; RFC 7517.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import orjson
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.settings_checks import is_trustworthy

log = log_for(__name__)

ALGORITHMS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}
"""Those that are taken, with the kind of key and the curve that each needs: asymmetric ones, and few."""
FRESH_SECONDS = 600.0
"""Keys that are older are fetched anew: one that the issuer has dropped is good no longer than this …"""
STALE_SECONDS = 3_600.0
"""… unless the issuer cannot be reached: then so long."""
PAUSE_SECONDS = 10.0
"""Between two fetches, whatever callers send."""
FETCH_SECONDS = 5.0
_MAX_BYTES = 256 * 1024
_MIN_RSA_BITS = 2_048

Fetch = Callable[[str], Awaitable[bytes]]


class OutsideKeys:
    """The keys of `issuer` by id and algorithm."""

    def __init__(self, issuer: str, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys: list[PyJWK] = []
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._is_reachable = True
        self._turn = asyncio.Lock()

    async def find(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        """The key that a token names, or the only one that fits where it names none; None where there is none.

        Raises:
            Refusal: SERVICE_UNAVAILABLE where the issuer's keys cannot be had.
        """
        if self._age() > FRESH_SECONDS or self._pick(key_id, algorithm) is None:
            async with self._turn:
                if self._age() > FRESH_SECONDS or self._pick(key_id, algorithm) is None:
                    await self._refresh()
        key = self._pick(key_id, algorithm) if self._age() <= STALE_SECONDS else None
        if key is None and not self._is_reachable:
            message = "The issuer of this token cannot be asked for its keys now; try again."
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=PAUSE_SECONDS)
        return key

    async def _refresh(self) -> None:
        moment = self._clock()
        if self._tried_at is not None and moment - self._tried_at < PAUSE_SECONDS:
            return
        self._tried_at = moment
        try:
            self._keys = await self._fetch_keys()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning(
                "the keys of the outside issuer could not be fetched", reason=f"{type(error).__name__}: {error}"
            )
            self._is_reachable = False
        else:
            self._fetched_at, self._is_reachable = moment, True

    async def _fetch_keys(self) -> list[PyJWK]:
        document = _object_in(await self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"))
        if document.get("issuer") != self._issuer:
            # OpenID Connect Discovery 1.0, section 4.3: it must be the very same text.
            raise ValueError("the discovery document is that of another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_trustworthy(address):
            raise ValueError("the discovery document names no https address of keys")
        listed = _object_in(await self._fetch(address)).get("keys")
        if not isinstance(listed, list):
            raise ValueError("there is no list of keys at the address of keys")  # noqa: TRY004  see `_object_in`
        return [key for entry in listed if (key := _key_of(entry)) is not None]

    def _pick(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        fitting = [key for key in self._keys if key.algorithm_name == algorithm]
        if key_id is not None:
            return next((key for key in fitting if key.key_id == key_id), None)
        return fitting[0] if len(fitting) == 1 else None

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at


def fetching(session: aiohttp.ClientSession, seconds: float = FETCH_SECONDS) -> Fetch:
    """Fetches small documents within bounds: `seconds`, 256 KiB, no redirects."""
    timeout = aiohttp.ClientTimeout(total=seconds)

    async def fetch(url: str) -> bytes:
        async with session.get(url, timeout=timeout, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"{url} answered {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise ValueError(f"{url} answered more than {_MAX_BYTES} bytes")
            return bytes(body)

    return fetch


def _key_of(entry: Any) -> PyJWK | None:
    """The key, if it is one for signatures of an algorithm that is taken; others may stand beside it.

    Source: RFC 7517, section 5: what is not understood is ignored.
    """
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    for algorithm, (type_, curve) in ALGORITHMS.items():
        if entry.get("kty") == type_ and entry.get("crv") == curve and entry.get("alg", algorithm) == algorithm:
            return _read_key(entry, algorithm)
    return None


def _read_key(entry: Mapping[str, Any], algorithm: str) -> PyJWK | None:
    public = {
        name: entry[name] for name in ("kty", "kid", "crv", "x", "y", "n", "e") if isinstance(entry.get(name), str)
    }
    try:
        key = PyJWK(public, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if algorithm == "RS256" and key.key.key_size < _MIN_RSA_BITS else key


def _object_in(text: bytes) -> dict[str, Any]:
    document = orjson.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  what came is wrong, not a program
    return document
