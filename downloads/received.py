"""The bytes that had come before a connection broke."""

import aiohttp


def received_before_break(content: aiohttp.StreamReader, most: int) -> bytes:
    """Of a body that broke off or went silent, what came and was not read yet; b"" where nothing is left, or nothing broke.

    `StreamReader.read` of aiohttp (3.14.5) raises the error of the connection as soon as it has one, and keeps what it
    holds: up to twice its buffer, which a reader that is busy with a disk would lose. No public method gives these
    bytes, so this takes the same way as `read` does behind that check.

    Args:
        content: Of the answer.
        most: How many bytes are wanted at most.
    """
    return content._read_nowait(most) if content.exception() is not None else b""  # noqa: SLF001
