"""Messages of a child leave by themselves, in whichever of its calls."""

import os
import select

from background.calls.ends import CallEnd
from background.child.frames import END, HEADER, LOG, PROGRESS
from background.child.writer import MessageWriter, Ticker
from base.words import LogLevel

DEADLINE_SECONDS = 10


def next_frame(channel: int) -> tuple[bytes, bytes]:
    """The letter and the body of what comes next."""
    readable, _, _ = select.select([channel], [], [], DEADLINE_SECONDS)
    assert readable, "nothing came"
    letter, size = HEADER.unpack(os.read(channel, HEADER.size))
    return letter, os.read(channel, size)


def test_what_waits_leaves_before_the_end_in_each_call_of_a_child() -> None:
    ticker = Ticker()
    reading, writing = os.pipe()
    try:
        for number in range(3):
            writer = MessageWriter(writing, ticker, is_careful=False)
            writer.add_line(LogLevel.INFO, f"line {number}")
            letter, body = next_frame(reading)
            assert (letter, f"line {number}".encode() in body) == (LOG, True)
            writer.set_progress(number, 3)
            assert next_frame(reading)[0] == PROGRESS
            writer.close(CallEnd("done"))
            assert next_frame(reading)[0] == END
    finally:
        os.close(reading)
        os.close(writing)
