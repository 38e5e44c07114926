"""Results of items as lines of text, the JSON of each untouched."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from base.errors import ErrorCode
from base.words import FileRole, ItemStatus
from processors.contract import FetchedBlob, ItemError, ItemResult, MadeFile, Summary

MAX_SUMMARY_BYTES = 256 * 1024
READ_BYTES = 2**18


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
    error = item.error and (item.error.code, item.error.message, item.error.is_retryable)
    files = [_file_values(made) for made in item.files]
    rest = (item.needs_review, files, item.name, item.size_bytes, item.processed_bytes, item.audio_seconds)
    head = orjson.dumps((item.index, item.status, error, item.skip_reason, *rest))
    return head + b"\t" + (item.result or b"")


def decode_result(line: bytes) -> ItemResult:
    """The item of `encode_result`. Raises ValueError, TypeError for anything else."""
    head, _, result = line.partition(b"\t")
    index, status, error, skip_reason, needs_review, files, name, *sizes = orjson.loads(head)
    return ItemResult(
        index,
        ItemStatus(status),
        result or None,
        ItemError(ErrorCode(error[0]), error[1], error[2]) if error else None,
        skip_reason,
        needs_review,
        [decode_file(*values) for values in files] if files else (),
        name,
        *sizes,
    )


def encode_results(items: Iterable[ItemResult]) -> bytes:
    """`items` as a `finish` call reads them, one line each."""
    return b"".join(encode_result(item) + b"\n" for item in items)


def read_results(path: Path) -> Iterator[ItemResult]:
    """The items of `encode_results` in a file or pipe, in the same order, one at a time; they are read once."""
    with path.open("rb", READ_BYTES) as file:
        for line in file:
            yield decode_result(line.removesuffix(b"\n"))
