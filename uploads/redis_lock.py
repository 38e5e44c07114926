"""Locks of uploads across processes: an expiring key in Redis, release requests over pub/sub."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import anyio

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.redis import Redis, redis_failures
from events.messages import Event
from uploads.body import StopReason
from uploads.locks import LockHandle, in_use

log = log_for(__name__)

TTL_SECONDS = 10.0
"""After so long without renewal the lock is free: its holder is dead, or has noticed that it was cut off."""
RENEW_SECONDS = 3.0
MARGIN_SECONDS = 1.0
"""A holder that could not renew stops so long before the lock is free."""
RELEASE_TIMEOUT_SECONDS = 2.0
"""For so long servers are waited for that have heard a release request: one may hang, and keeps nobody out then."""
RELEASES = "uploads"
"""The channel of release requests, to which all servers listen and nobody else."""
_POLL_SECONDS = 0.02
_REQUEST_SECONDS = 0.5
_ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


class RedisLock:
    """One key per upload that is being touched; whoever waits for it requests release from its holder, wherever that is.

    What a holder that lost the lock without noticing still commits is kept out by the fencing token in the database.
    """

    def __init__(self, redis: Redis, prefix: str, ttl_seconds: float = TTL_SECONDS) -> None:
        self._redis = redis
        self._prefix = prefix
        self._ttl_seconds = ttl_seconds

    @asynccontextmanager
    async def held(
        self, upload_id: str, handle: LockHandle, until: float, *, requests_release: bool
    ) -> AsyncIterator[None]:
        """See `uploads.locks.SharedLock`."""
        key, token = f"{self._prefix}:upload:{upload_id}", secrets.token_hex(8)
        handle.token = token
        with _redis_needed():
            await self._acquire(key, token, upload_id, handle, until, requests_release=requests_release)
        renewing = asyncio.create_task(self._renew(key, token, handle))
        try:
            yield
        finally:
            renewing.cancel()
            with anyio.CancelScope(shield=True), suppress(*redis_failures()):  # it ends by itself
                await self._redis.eval(_RELEASE, 1, key, token)

    async def await_release(self, upload_id: str) -> None:
        """See `uploads.locks.SharedLock`."""
        reply = f"{self._prefix}:settled:{secrets.token_hex(8)}"
        until = time.monotonic() + RELEASE_TIMEOUT_SECONDS
        with _redis_needed():
            await self._redis.set(_waiting(reply), 1, px=int(RELEASE_TIMEOUT_SECONDS * 1000))
            for _ in range(await self._publish_request(upload_id, reply=reply)):
                seconds = until - time.monotonic()
                if seconds <= 0 or await self._redis.blpop([reply], seconds) is None:
                    log.warning("a server does not confirm that it has released an upload", upload_id=upload_id)
                    break
            await self._redis.delete(_waiting(reply))

    async def is_awaited(self, request: Event) -> bool:
        """See `uploads.locks.SharedLock`."""
        with suppress(*redis_failures()):
            return bool(await self._redis.exists(_waiting(request.row["reply"])))
        return False

    async def confirm(self, request: Event) -> None:
        """See `uploads.locks.SharedLock`."""
        with suppress(*redis_failures()):
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.rpush(request.row["reply"], "released")
                pipe.pexpire(request.row["reply"], int(RELEASE_TIMEOUT_SECONDS * 1000))
                await pipe.execute()

    async def _publish_request(self, upload_id: str, **more: str) -> int:
        """Request release from all servers, this one too; how many hear of it."""
        row = {"id": secrets.token_hex(8), "upload_id": upload_id, **more}
        return int(await self._redis.publish(f"{self._prefix}:{RELEASES}", Event("release", row).encode()))

    async def _acquire(
        self, key: str, token: str, upload_id: str, handle: LockHandle, until: float, *, requests_release: bool
    ) -> None:
        asked, ask_again_at = "", 0.0
        while True:
            began = time.monotonic()
            ttl_ms = str(int(self._ttl_seconds * 1000))
            holder = (await self._redis.eval(_ACQUIRE, 1, key, token, ttl_ms)).decode()
            if holder == token:
                self._extend(handle, began)
                return
            if began >= until:
                raise in_use()
            handle.check_wanted()
            if requests_release and (holder != asked or began >= ask_again_at):
                await self._publish_request(upload_id, holder=holder)
                asked, ask_again_at = holder, began + _REQUEST_SECONDS
            await asyncio.sleep(_POLL_SECONDS)

    async def _renew(self, key: str, token: str, handle: LockHandle) -> None:
        """Renew until cancelled; a lock that is lost, or may be soon, ends the work under it."""
        while not handle.has_ended:
            await asyncio.sleep(min(RENEW_SECONDS, self._ttl_seconds / 3))
            began = time.monotonic()
            try:
                is_ours = await self._redis.eval(_RENEW, 1, key, token, str(int(self._ttl_seconds * 1000)))
            except redis_failures() as error:
                log.warning("could not renew the lock of an upload", reason=type(error).__name__)
                continue
            if not is_ours:
                break
            self._extend(handle, began)
        handle.valid_until = min(handle.valid_until, time.monotonic())
        handle.request_release(StopReason.LOST)

    def _extend(self, handle: LockHandle, began: float) -> None:
        handle.valid_until = began + self._ttl_seconds - min(MARGIN_SECONDS, self._ttl_seconds / 4)


def _waiting(reply: str) -> str:
    """The key that is there while somebody waits for `reply`."""
    return f"{reply}:waiting"


@contextmanager
def _redis_needed() -> Iterator[None]:
    try:
        yield
    except redis_failures() as error:
        log.warning("redis is needed to lock an upload", reason=type(error).__name__)
        message = "The server cannot tell whether somebody else is using this upload; try again in a moment."
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=1) from error
