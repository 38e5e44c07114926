"""Automatic persisted queries: a text that was sent once is known by its SHA-256 from then on."""

import asyncio
import hashlib
from collections import OrderedDict
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from strawberry.http import GraphQLRequestData

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from web.requests import hash_in

log = log_for(__name__)

MAX_TEXTS = 1_000
MAX_TEXT_BYTES = 64 * 1024
"""Longer texts are sent each time: a caller must not fill the memory with them."""
MAX_BYTES = 16 * 2**20
TTL_SECONDS = 24 * 3_600
"""In Redis, from the last time that a process without the text asked for it."""
_PATIENCE_SECONDS = 0.5


class PersistedQueries:
    """Keeps the texts used last in memory, and where there is a Redis, for the other processes there.

    Redis is a convenience: while it does not answer, clients are asked for their texts once more.

    Source: Apollo, automatic persisted queries.
    """

    def __init__(self, redis: "Redis | None" = None, prefix: str = "waybill") -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0
        self._redis = redis
        self._prefix = prefix

    async def completed(self, data: GraphQLRequestData) -> GraphQLRequestData:
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

    async def keep(self, data: GraphQLRequestData) -> None:
        """Remember the text of a completed request that has a hash; call it once the text is known to be valid."""
        hash_, text = hash_in(data.extensions), data.query
        if hash_ is None or text is None or hash_ in self._texts or len(text.encode()) > MAX_TEXT_BYTES:
            return
        self._remember(hash_, text)
        if self._redis is not None:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._redis.set(self._key(hash_), text, ex=TTL_SECONDS)
            except (RedisError, OSError) as error:
                log.warning("redis did not take a persisted query", reason=type(error).__name__)

    async def _find(self, hash_: str) -> str | None:
        if hash_ in self._texts:
            self._texts.move_to_end(hash_)
            return self._texts[hash_]
        if self._redis is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found: Any = await self._redis.getex(self._key(hash_), ex=TTL_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("redis was not asked for a persisted query", reason=type(error).__name__)
            return None
        # Others may write to that Redis, too.
        if found is None or hashlib.sha256(found).hexdigest() != hash_:
            return None
        text = str(found, "utf-8")
        self._remember(hash_, text)
        return text

    def _remember(self, hash_: str, text: str) -> None:
        self._texts[hash_] = text
        self._bytes += len(text.encode())
        while len(self._texts) > MAX_TEXTS or self._bytes > MAX_BYTES:
            _, oldest = self._texts.popitem(last=False)
            self._bytes -= len(oldest.encode())

    def _key(self, hash_: str) -> str:
        return f"{self._prefix}:query:{hash_}"
