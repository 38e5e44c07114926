import io
import random
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from results.bundle import Bundle, Entry
from results.checksums import Checksums
from results.zip_records import Record, central_header, end_record, local_header
from storage.local.blob import LocalBlob
from tests.results.result_harness import MADE_AT, sha256

GIB = 1024**3


def entry(folder: Path, name: str, content: bytes, made_at: datetime = MADE_AT) -> Entry:
    path = folder / sha256(content)
    path.write_bytes(content)
    return Entry(name, LocalBlob(path, len(content)), f"file-of-{name}", sha256(content), made_at)


def bundle_of(*entries: Entry) -> Bundle:
    return Bundle(entries, Checksums())


async def read(bundle: Bundle, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([part async for part in bundle.read(start, bundle.size if end is None else end)])


@pytest.fixture
def three(tmp_path: Path) -> Bundle:
    return bundle_of(
        entry(tmp_path, "inputs/räw data.csv", b"name\nAda\n"),
        entry(tmp_path, "results/empty.txt", b""),
        entry(tmp_path, "items/結果.bin", random.Random(1).randbytes(3_000_000)),
    )


async def test_python_opens_it_and_every_checksum_is_right(three: Bundle) -> None:
    with zipfile.ZipFile(io.BytesIO(await read(three))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["inputs/räw data.csv", "results/empty.txt", "items/結果.bin"]
        assert archive.read("inputs/räw data.csv") == b"name\nAda\n"
        assert [info.compress_type for info in archive.infolist()] == [zipfile.ZIP_STORED] * 3


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
async def test_unzip_opens_it(three: Bundle, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(await read(three))
    done = subprocess.run(["unzip", "-t", tmp_path / "a.zip"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0, f"No errors detected in compressed data of {tmp_path / 'a.zip'}.",
    )  # fmt: skip


async def test_its_size_is_known_before_anything_is_read(three: Bundle) -> None:
    assert three.size == len(await read(three))


async def test_any_range_is_that_part_of_the_whole(three: Bundle) -> None:
    whole = await read(three)
    places = random.Random(2)
    edges = sorted({0, 1, three.size - 1, three.size, *three._starts, *(start + 1 for start in three._starts[:-1])})
    pairs = [(a, b) for a in edges for b in edges if a <= b and b - a < 5_000]
    pairs += [sorted((places.randrange(three.size), places.randrange(three.size))) for _ in range(20)]  # type: ignore[misc]
    for start, end in pairs:
        assert await read(three, start, end) == whole[start:end], (start, end)


async def test_a_range_within_one_file_reads_no_other_and_computes_no_checksum(tmp_path: Path) -> None:
    first, second = entry(tmp_path, "a", b"first file"), entry(tmp_path, "b", b"second file")
    bundle = bundle_of(first, second)
    (tmp_path / first.sha256).unlink()
    start = bundle._starts[3]
    assert await read(bundle, start, start + 6) == b"second"
    assert not bundle._checksums._known


async def test_equal_entries_give_equal_bytes_and_an_equal_tag(tmp_path: Path) -> None:
    one, two = (bundle_of(entry(tmp_path, "a.txt", b"text")) for _ in range(2))
    assert (one.etag, await read(one)) == (two.etag, await read(two))
    assert one.etag[0] == one.etag[-1] == '"'


@pytest.mark.parametrize(
    ("name", "content", "made_at"),
    [("b.txt", b"text", MADE_AT), ("a.txt", b"TEXT", MADE_AT), ("a.txt", b"text", MADE_AT + timedelta(seconds=2))],
)
def test_another_name_content_or_moment_gives_another_tag(
    tmp_path: Path, name: str, content: bytes, made_at: datetime
) -> None:
    plain = bundle_of(entry(tmp_path, "a.txt", b"text"))
    assert bundle_of(entry(tmp_path, name, content, made_at)).etag != plain.etag


async def test_entries_carry_the_moment_in_utc_and_plain_rights(tmp_path: Path) -> None:
    moment = datetime(2025, 8, 7, 23, 35, 29, tzinfo=timezone(timedelta(hours=-3)))
    whole = await read(bundle_of(entry(tmp_path, "a", b"", moment)))
    (info,) = zipfile.ZipFile(io.BytesIO(whole)).infolist()
    assert (info.date_time, info.create_system, info.external_attr >> 16) == ((2025, 8, 8, 2, 35, 28), 3, 0o100644)


@pytest.mark.parametrize("year", [1970, 2108])
def test_a_moment_that_dos_does_not_know_is_its_first(year: int) -> None:
    header = local_header(Record("a", 0, datetime(year, 1, 1, tzinfo=UTC)), 0)
    assert header[10:14] == b"\0\0\x21\0"


async def test_a_bundle_of_nothing_is_an_empty_zip() -> None:
    whole = await read(bundle_of())
    assert (len(whole), zipfile.ZipFile(io.BytesIO(whole)).namelist()) == (22, [])


async def test_entries_beyond_4_gib_can_be_opened(tmp_path: Path) -> None:
    """Written with holes, so that it takes no space: a file of 5 GiB, then one that begins beyond 4 GiB."""
    large = Entry("large", LocalBlob(tmp_path / "gap", 5 * GIB), "file-1", "1", MADE_AT)
    bundle = bundle_of(large, entry(tmp_path, "after", b"beyond"))
    bundle._checksums._known["file-1:1"] = 0
    whole, data = tmp_path / "large.zip", bundle._starts[1]
    with whole.open("wb") as file:
        file.write(await read(bundle, 0, data))
        file.seek(data + 5 * GIB)
        file.write(await read(bundle, data + 5 * GIB))
    assert whole.stat().st_size == bundle.size
    with zipfile.ZipFile(whole) as archive:
        assert [(info.filename, info.file_size) for info in archive.infolist()] == [("large", 5 * GIB), ("after", 6)]
        assert archive.read("after") == b"beyond"
        with archive.open("large") as content:
            assert content.read(10) == bytes(10)


@pytest.mark.parametrize("size", [2**32 - 2, 2**32 - 1, 2**32])
def test_a_size_from_4_gib_less_one_goes_to_the_long_field(size: int) -> None:
    record = Record("a", size, MADE_AT)
    is_long = size >= 2**32 - 1
    assert len(local_header(record, 0)) == 31 + 20 * is_long
    assert len(central_header(record, 0, 0)) == 47 + 20 * is_long
    assert len(central_header(record, 0, size)) == 47 + 28 * is_long


@pytest.mark.parametrize(("count", "is_long"), [(65_534, False), (65_535, True)])
def test_the_end_has_long_numbers_only_where_they_are_needed(count: int, is_long: bool) -> None:
    assert len(end_record(count, 10, 10)) == (98 if is_long else 22)


async def test_more_than_65535_entries_can_be_opened(tmp_path: Path) -> None:
    stored = entry(tmp_path, "x", b"x")
    entries = [Entry(f"items/{n}", stored.file, stored.file_id, stored.sha256, MADE_AT) for n in range(65_600)]
    bundle = bundle_of(*entries)
    directory = bundle._starts[2 * len(entries)]
    whole = bytes(directory) + await read(bundle, directory)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        infos = archive.infolist()
    assert (len(infos), infos[-1].filename, infos[-1].header_offset) == (
        65_600,
        "items/65599",
        bundle._starts[2 * 65_599],
    )
