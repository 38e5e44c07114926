"""Resuming: which answers to a request for the rest of a file can be trusted.

Bytes of two versions of a file are never joined. Six of fourteen servers answer 206 although the file has changed, so an
answer counts only if everything in it is what the first one said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from downloads.representation import Representation, parse_content_range


class Verdict(Enum):
    """What to do with an answer to a request for the rest.

    APPEND: its body goes on where we stand. REPLACE: its body is the whole file, from the start. ASK_PLAINLY: ask again
    without If-Range, to which the server may not hold. RESTART: ask again for the whole file.
    """

    APPEND = "append"
    REPLACE = "replace"
    ASK_PLAINLY = "ask plainly"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class RangeRequest:
    """Everything from byte `start` on, of the file that `known` describes; `is_conditional`: with If-Range."""

    start: int
    known: Representation
    is_conditional: bool = True

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Range": f"bytes={self.start}-"}
        if self.is_conditional and self.known.if_range is not None:
            headers["If-Range"] = self.known.if_range
        return headers


def judge(asked: RangeRequest, status: int, headers: Mapping[str, str], now: Representation) -> Verdict:
    """What an answer of 200, 206 or 416 to `asked` is good for.

    Args:
        asked: What was asked.
        status: Of the answer.
        headers: Of the answer.
        now: What the answer says of the file.
    """
    if status == 206:
        return Verdict.APPEND if _is_the_rest(asked, headers, now) else Verdict.RESTART
    if status != 200:
        return Verdict.RESTART
    if asked.is_conditional and asked.known.is_same_file(now):
        return Verdict.ASK_PLAINLY
    is_tail = now.total is not None and now.total == (asked.known.total or 0) - asked.start
    return Verdict.RESTART if is_tail else Verdict.REPLACE


def _is_the_rest(asked: RangeRequest, headers: Mapping[str, str], now: Representation) -> bool:
    part = parse_content_range(headers.get("Content-Range"))
    if part is None or (now.content_type or "").startswith("multipart/"):
        return False
    is_whole_rest = part.start == asked.start and part.end == part.total - 1
    length = headers.get("Content-Length", "").strip()
    is_long_enough = not length or length == str(part.total - part.start)
    return is_whole_rest and is_long_enough and asked.known.is_same_file(now)
