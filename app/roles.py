"""Roles of a program, which the settings decide."""

from enum import StrEnum

from base.errors import ErrorCode, Refusal
from base.settings import Settings
from models.database import is_sqlite


class Role(StrEnum):
    """What a program is to an installation.

    EMBEDDED is a server that is alone, with SQLite; SERVER and WORKER share a database with others.
    """

    EMBEDDED = "EMBEDDED"
    SERVER = "SERVER"
    WORKER = "WORKER"


def server_role(settings: Settings) -> Role:
    """The role of server.py."""
    return Role.EMBEDDED if is_sqlite(settings.database_url) else Role.SERVER


def worker_role(settings: Settings) -> Role:
    """The role of worker.py.

    Raises:
        Refusal: BAD_INPUT where the settings leave it nothing to share or nothing to do.
    """
    if is_sqlite(settings.database_url) or not settings.redis_url:
        message = (
            "A worker of its own needs a database and a Redis that it shares with the servers: set WAYBILL_DATABASE_URL and "
            "WAYBILL_REDIS_URL. A single server needs no worker: it has one inside."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)
    if not settings.workers:
        raise Refusal(ErrorCode.BAD_INPUT, "WAYBILL_WORKERS is 0: this worker would do nothing.")
    return Role.WORKER
