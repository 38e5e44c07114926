"""Admission of connections: so many at a time, altogether and from one address.

Whoever connects takes a file descriptor before saying a word. Those that the server needs itself (the database, files,
child processes, the log) are kept back, so that no number of connections makes its own work fail.
"""

import resource
import time
from collections import Counter
from collections.abc import Sequence

from auth.login_throttle import network_of
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from web.metrics import count_connection, count_refused_connection
from web.proxies import is_trusted

log = log_for(__name__)

CONNECTIONS = 8_000
CONNECTIONS_PER_ADDRESS = 1_024
OWN_DESCRIPTORS = 256
"""Kept back for the database, Redis, the log, webhooks and the data folder."""
DESCRIPTORS_PER_WORKER = 4
_FEWEST = 32
_LOG_EVERY_SECONDS = 10.0
_UNLIMITED = 2**31


class Admission:
    """Lets connections in, and counts them until they are gone.

    A trusted proxy is not limited as an address: its connections are those of all clients.
    """

    def __init__(
        self,
        total: int = CONNECTIONS,
        per_address: int = CONNECTIONS_PER_ADDRESS,
        trusted_proxies: Sequence[str] = (),
        descriptors: int = _UNLIMITED,
    ) -> None:
        """Set the limits.

        Args:
            total: Connections at a time.
            per_address: Of one address, or of one IPv6 network of /64, at a time; 0 = no limit.
            trusted_proxies: Addresses or networks.
            descriptors: A connection that is given this one, or a higher one, is refused. The kernel always gives the lowest
                free one (POSIX), so that at most so many are in use where it is lower.
        """
        self._total = total
        self._per_address = per_address
        self._trusted_proxies = trusted_proxies
        self._descriptors = descriptors
        self._open: Counter[str] = Counter()
        self._count = 0
        self._refused = 0
        self._log_again_at = 0.0

    def admit(self, client: tuple[str, int] | None, descriptor: int) -> str | None:
        """The key to `leave` with later; None where the connection is refused."""
        key = self._key_of(client)
        if descriptor >= self._descriptors or self._count >= self._total:
            self._refuse("full", key)
            return None
        if key and self._per_address and self._open[key] >= self._per_address:
            self._refuse("address", key)
            return None
        self._open[key] += 1
        self._count += 1
        count_connection(1)
        return key

    def leave(self, key: str) -> None:
        """The connection is gone."""
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]
        self._count -= 1
        count_connection(-1)

    def _key_of(self, client: tuple[str, int] | None) -> str:
        """Empty for what is not limited as an address."""
        return "" if client is None or is_trusted(client, self._trusted_proxies) else network_of(client[0])

    def _refuse(self, reason: str, key: str) -> None:
        """Count it, and log a line from time to time: a flood of connections must not become one of lines."""
        count_refused_connection(reason)
        self._refused += 1
        if time.monotonic() >= self._log_again_at:
            log.warning("connections refused", reason=reason, address=key, count=self._refused, security=True)
            self._refused, self._log_again_at = 0, time.monotonic() + _LOG_EVERY_SECONDS


def admission_for(total: int, per_address: int, trusted_proxies: Sequence[str], workers: int) -> Admission:
    """The admission of a server with so many child processes; its limit of open files is raised where that is allowed.

    Each connection is counted with the one file that it may have open: a socket and a file are two descriptors.

    Raises:
        Refusal: SERVICE_UNAVAILABLE where the system allows too few open files to work at all.
    """
    own = OWN_DESCRIPTORS + DESCRIPTORS_PER_WORKER * workers
    limit = _raised_limit(own + 2 * total)
    room = (limit - own) // 2
    if room < min(total, _FEWEST):
        message = (
            f"The system lets this process open {limit} files, and {own + 2 * _FEWEST} are needed: raise the limit "
            "(ulimit -n, LimitNOFILE of systemd)."
        )
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)
    if room < total:
        log.warning("fewer connections than WAYBILL_CONNECTIONS: raise the limit of open files", connections=room)
    return Admission(min(total, room), per_address, trusted_proxies, limit - own)


def _raised_limit(wanted: int) -> int:
    """How many descriptors this process may have, after asking for `wanted` where it had fewer."""
    soft, hard = (_UNLIMITED if limit == resource.RLIM_INFINITY else limit for limit in _limits())
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, _limits()[1]))
    return soft


def _limits() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_NOFILE)
