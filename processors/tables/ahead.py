"""Reading and writing ahead in a thread, which packs and unpacks meanwhile."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

AHEAD = 4


def read_ahead(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same chunks, of which the next one is made while its reader looks at the last. Raises as `chunks` does."""
    coming = iter(chunks)
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, coming, None)
        while (chunk := following.result()) is not None:
            following = thread.submit(next, coming, None)
            yield chunk


class WriteAhead:
    """Writes to `file`, in order, beside its caller, who is at most `ahead` writes ahead; both are to be closed by `close`."""

    def __init__(self, file: IO[bytes], ahead: int = AHEAD) -> None:
        self.file = file
        self.ahead = ahead
        self.thread = ThreadPoolExecutor(1)
        self.waiting: deque[Future[int]] = deque()

    def write(self, data: bytes) -> None:
        """Write `data` soon. Raises what an earlier write failed with."""
        if len(self.waiting) >= self.ahead:
            self.waiting.popleft().result()
        self.waiting.append(self.thread.submit(self.file.write, data))

    def close(self) -> None:
        """Write what waits, and close. Raises what a write failed with; the file is closed also then."""
        try:
            while self.waiting:
                self.waiting.popleft().result()
        finally:
            self.thread.shutdown()
            self.file.close()
