"""Automatic persisted queries, known by their SHA-256 once they were sent."""

import hashlib
from functools import partial
from typing import Any

from cachetools import LRUCache
from strawberry.http import GraphQLRequestData

from base.errors import ErrorCode, Refusal
from base.redis import Redis
from base.resilience import CircuitBreaker
from web.requests import hash_in

MAX_TEXTS = 1_000
MAX_TEXT_BYTES = 64 * 1024
MAX_BYTES = 16 * 2**20
TTL_SECONDS = 24 * 3_600
"""In Redis, from the last time that a process without the text asked for it."""


class PersistedQueries:
    """Keeps the texts used last in memory, and where there is a Redis, for the other processes there.

    Redis is a convenience: while it does not answer, clients are asked for their texts once more.

    Args:
        redis: Of all processes; None where each keeps its own.
        prefix: Of the keys of this installation.
        max_texts: In memory; short ones count as many bytes as leave room for so many.
        max_text_bytes: Longer texts are sent each time: a caller must not fill the memory with them.
        max_bytes: Of all texts in memory together.

    Source: Apollo, automatic persisted queries.
    """

    def __init__(
        self,
        redis: Redis | None = None,
        prefix: str = "waybill",
        max_texts: int = MAX_TEXTS,
        max_text_bytes: int = MAX_TEXT_BYTES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        least = max_bytes // max_texts
        self._texts: LRUCache[str, str] = LRUCache(max_bytes, getsizeof=lambda text: max(len(text.encode()), least))
        self._max_text_bytes = max_text_bytes
        self._redis = redis
        self._prefix = prefix
        self._breaker = CircuitBreaker("redis keeps no persisted queries; clients send their texts again")

    async def resolve(self, data: GraphQLRequestData) -> GraphQLRequestData:
        """`data` with its text, where a hash stands for it.

        Raises:
            Refusal: PERSISTED_QUERY_NOT_FOUND, in the words by which clients know that they must send the text; BAD_INPUT
                where the hash is not that of the text.
        """
        hash_ = hash_in(data.extensions)
        if hash_ is None:
            return data
        if data.query is None:
            text = await self._find(hash_)
            if text is None:
                raise Refusal(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
            data.query = text
        elif hashlib.sha256(data.query.encode()).hexdigest() != hash_:
            message = "sha256Hash is not the SHA-256 of the query."
            raise Refusal(ErrorCode.BAD_INPUT, message, "extensions.persistedQuery.sha256Hash")
        return data

    async def store(self, data: GraphQLRequestData) -> None:
        """Remember the text of a resolved request that has a hash; call it once the text is known to be valid."""
        hash_, text = hash_in(data.extensions), data.query
        if hash_ is None or text is None or hash_ in self._texts or len(text.encode()) > self._max_text_bytes:
            return
        self._texts[hash_] = text
        if self._redis is not None:
            await self._breaker.call(partial(self._redis.set, self._key(hash_), text, ex=TTL_SECONDS), None)

    async def _find(self, hash_: str) -> str | None:
        if (known := self._texts.get(hash_)) is not None or self._redis is None:
            return known
        found: Any = await self._breaker.call(partial(self._redis.getex, self._key(hash_), ex=TTL_SECONDS), None)
        # Others may write to that Redis, too.
        if found is None or hashlib.sha256(found).hexdigest() != hash_:
            return None
        text = str(found, "utf-8")
        self._texts[hash_] = text
        return text

    def _key(self, hash_: str) -> str:
        return f"{self._prefix}:query:{hash_}"
