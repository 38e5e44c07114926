"""Results of items as lines of text, the JSON of each untouched."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from base.errors import ErrorCode
from base.words import FileRole, ItemStatus
from processors.contract import FetchedBlob, ItemError, ItemResult, MadeFile, Summary

MAX_SUMMARY_BYTES = 256 * 1024
READ_BYTES = 2**18
_STATUSES = {str(status): status for status in ItemStatus}
_NOTHING_MORE = (None, None, False, None, None, None, 0.0)
"""Of most items: no error, no reason why they were skipped, no review, no name, no sizes, no sound."""


def encode_file(made: MadeFile) -> bytes:
    """`made` as a JSON array."""
    return orjson.dumps(_file_values(made))


def _file_values(made: MadeFile | FetchedBlob) -> tuple[str, str, str, str]:
    if isinstance(made, FetchedBlob):
        raise TypeError("only calls of executor async_io hand over files that are stored already")
    return str(made.path), made.name, made.content_type, made.role


def decode_file(path: str, name: str, content_type: str, role: str) -> MadeFile:
    """The file of `encode_file`. Raises ValueError for an unknown role."""
    return MadeFile(Path(path), name, content_type, FileRole(role))


def encode_summary(summary: Summary) -> bytes:
    """`summary` as a JSON object. Raises ValueError where it is longer than MAX_SUMMARY_BYTES."""
    body = orjson.dumps(summary.body)
    if len(body) > MAX_SUMMARY_BYTES:
        text = f"a summary of {len(body):,} bytes: at most {MAX_SUMMARY_BYTES:,} are kept"
        raise ValueError(text)
    return body


def encode_result(item: ItemResult) -> bytes:
    """`item` as one line without its end: a JSON array, a tab, and `item.result` untouched (it holds no line feed)."""
    more = (
        item.error,
        item.skip_reason,
        item.needs_review,
        item.name,
        item.size_bytes,
        item.processed_bytes,
        item.audio_seconds,
    )
    result = item.result or b""
    if more == _NOTHING_MORE and not item.files:
        return encode_plain(item.index, item.status, result)
    error = item.error and (item.error.code, item.error.message, item.error.is_retryable)
    files = [_file_values(made) for made in item.files]
    return orjson.dumps((item.index, item.status, files, error, *more[1:])) + b"\t" + result


def encode_plain(index: int, status: str, result: bytes) -> bytes:
    """As `encode_result`, of an item that has an end and a result, and nothing more."""
    return orjson.dumps((index, status)) + b"\t" + result


def decode_result(line: bytes) -> ItemResult:
    """The item of `encode_result`. Raises ValueError, TypeError, KeyError for anything else."""
    head, _, result = line.partition(b"\t")
    index, status, *more = orjson.loads(head)
    if not more:
        return ItemResult(index, _STATUSES[status], result or None)
    files, error, skip_reason, needs_review, *rest = more
    return ItemResult(
        index,
        _STATUSES[status],
        result or None,
        ItemError(ErrorCode(error[0]), error[1], error[2]) if error else None,
        skip_reason,
        needs_review,
        [decode_file(*values) for values in files] if files else (),
        *rest,
    )


def encode_results(items: Iterable[ItemResult]) -> bytes:
    """`items` as a `finish` call reads them, one line each."""
    return join_lines(map(encode_result, items))


def join_lines(lines: Iterable[bytes]) -> bytes:
    """What `encode_results` makes, of lines that are encoded already."""
    return b"".join([line + b"\n" for line in lines])


def read_results(path: Path) -> Iterator[ItemResult]:
    """The items of `encode_results` in a file or pipe, in the same order, one at a time; they are read once."""
    with path.open("rb", READ_BYTES) as file:
        for line in file:
            yield decode_result(line.removesuffix(b"\n"))
