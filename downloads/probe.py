"""Asking a server about a file, without its bytes."""

from dataclasses import replace

from downloads.budget import TimeBudget
from downloads.client import Client
from downloads.failures import answered
from downloads.options import FetchOptions
from downloads.representation import Representation
from downloads.retries import OnWait, pass_over_wait
from downloads.urls import Address

FIRST_BYTE = {"Range": "bytes=0-0"}


async def probe(
    client: Client, address: Address, options: FetchOptions, on_wait: OnWait = pass_over_wait
) -> Representation:
    """What the server says of the file, asked by GET for its first byte, never by HEAD.

    Raises:
        FetchFailed: There was no answer that describes a file.
        Refusal: URL_NOT_ALLOWED where a redirect leads to another scheme.
    """
    async with client.ask(address, options, TimeBudget(options.timeout_seconds), FIRST_BYTE, on_wait) as answer:
        if answer.status not in {200, 203, 206, 416}:
            raise answered(answer.status, is_resuming=False, retry_after=answer.retry_after)
        file = answer.describe()
    if answer.status == 416:  # an empty file has no first byte; what else the answer says is about itself
        return replace(file, total=file.total or 0, content_type=None, digests=())
    return file
