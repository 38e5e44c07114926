"""Lines that a claim adds to its job's log."""

from collections.abc import Sequence

from base.words import LogLevel
from jobs.history import add_lines
from jobs.outbox import Outbox, OutboxMessages
from jobs.scheduling.claims import Claim, hold_claim
from models.database import worker_transaction


async def record_lines(claim: Claim, lines: Sequence[tuple[LogLevel, str]], outbox: Outbox) -> None:
    """Write lines to the job's log.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with worker_transaction() as db:
        await add_lines(db, await hold_claim(db, claim), lines, messages)
    await outbox.send(messages)
