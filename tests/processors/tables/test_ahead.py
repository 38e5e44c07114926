"""Reading and writing in a thread."""

import errno
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.tables.ahead import WriteAhead, read_ahead


class SlowFile(io.BytesIO):
    """Writes when it is let, and counts what it was asked to write; what is in `full` finds no room."""

    def __init__(self, full: bytes = b"") -> None:
        super().__init__()
        self.may_write = threading.Event()
        self.full = full
        self.content = b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        assert self.may_write.wait(30)
        if data == self.full:
            raise OSError(errno.ENOSPC, "full")
        self.content += data
        return len(data)


def test_the_next_chunk_is_made_while_the_last_is_looked_at() -> None:
    made = [threading.Event() for _ in range(3)]

    def chunks() -> Iterator[bytes]:
        for number, event in enumerate(made):
            event.set()
            yield b"%d" % number

    seen = []
    for chunk in read_ahead(chunks()):
        seen.append(chunk)
        assert made[min(len(seen), 2)].wait(30)
    assert seen == [b"0", b"1", b"2"]


def test_what_fails_while_reading_ahead_is_told_after_what_came_before() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise ValueError("broken")

    reading = read_ahead(chunks())
    assert next(reading) == b"a"
    with pytest.raises(ValueError, match="broken"):
        next(reading)


def test_a_reader_that_stops_early_leaves_no_thread() -> None:
    before = threading.active_count()
    reading = read_ahead(b"%d" % number for number in range(9))
    assert next(reading) == b"0"
    reading.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_all_is_written_in_order_before_it_is_closed(tmp_path: Path) -> None:
    ahead = WriteAhead((tmp_path / "file").open("wb"))
    for number in range(1_000):
        ahead.write(b"%d " % number)
    ahead.close()
    assert (tmp_path / "file").read_bytes() == b"".join(b"%d " % number for number in range(1_000))
    assert ahead.file.closed


def test_who_writes_goes_on_meanwhile_but_not_far() -> None:
    file = SlowFile()
    ahead = WriteAhead(file, ahead=2)
    ahead.write(b"a")
    ahead.write(b"b")
    assert file.content == b""
    third = threading.Thread(target=ahead.write, args=(b"c",))
    third.start()
    third.join(0.05)
    assert third.is_alive()
    file.may_write.set()
    third.join(30)
    ahead.close()
    assert file.content == b"abc"


@pytest.mark.parametrize("is_told", ["by the next writes", "at the end"])
def test_a_write_that_fails_is_told_and_the_file_closed(is_told: str) -> None:
    file = SlowFile(full=b"b")
    file.may_write.set()
    ahead = WriteAhead(file, ahead=1)
    ahead.write(b"a")
    ahead.write(b"b")
    if is_told == "by the next writes":
        with pytest.raises(OSError, match="full"):
            ahead.write(b"c")
        ahead.close()
    else:
        with pytest.raises(OSError, match="full"):
            ahead.close()
    assert file.closed
