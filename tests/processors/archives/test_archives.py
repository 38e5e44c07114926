"""Archives of strangers: hostile ones are small, and the limits lowered instead."""

import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from processors.archives.directory import read_directory
from processors.archives.member import Member
from processors.archives.names import natural_key
from processors.archives.rules import ArchiveRules
from tests.processors.archives.zip_writer import Entry, write_zip

RULES = ArchiveRules()
LIMIT = 2**20


def only(path: Path, rules: ArchiveRules = RULES) -> Member:
    (member,) = read_directory(path, rules)
    return member


def refusal_of(path: Path, rules: ArchiveRules = RULES, limit: int = LIMIT) -> Refusal:
    """Why the archive, or its only member, is refused."""
    with pytest.raises(Refusal) as caught:
        only(path, rules).read(limit)
    return caught.value


@pytest.mark.parametrize("method", [0, 8])
def test_a_member_is_read_in_place(tmp_path: Path, method: int) -> None:
    data = bytes(range(256)) * 9000
    path = write_zip(tmp_path / "a.zip", [Entry(b"a", b"first", method), Entry(b"b", data, method)])

    assert [member.read(3 * LIMIT) for member in read_directory(path, RULES)] == [b"first", data]
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"../a.png", "climbs out of its folder"),
        (b"x/../../a.png", "climbs out of its folder"),
        (b"x\\..\\a.png", "climbs out of its folder"),
        (b"/etc/a.png", "is absolute"),
        (b"\\\\server\\a.png", "is absolute"),
        (b"C:\\a.png", "begins with a drive"),
        (b"c:a.png", "begins with a drive"),
        (b"a.png\0.txt", "holds a NUL character"),
    ],
)
def test_a_dangerous_name_is_refused_and_shown(tmp_path: Path, name: bytes, why: str) -> None:
    refusal = refusal_of(write_zip(tmp_path / "a.zip", [Entry(name, b"x")]))

    assert refusal.code is ErrorCode.UNSAFE_ARCHIVE
    shown = name.decode().replace("\0", "\ufffd")
    assert refusal.message.startswith(f"The archive has an entry, “{shown}”, that has a name that {why}.")


@pytest.mark.parametrize(
    ("entry", "code", "why"),
    [
        (Entry(b"a", b"/etc/passwd", attributes=0o120777 << 16), ErrorCode.UNSAFE_ARCHIVE, "is a link"),
        (Entry(b"a", b"x", flags=0x801), ErrorCode.CORRUPT_FILE, "is encrypted"),
        (Entry(b"", b"x", method=99, flags=0x801), ErrorCode.CORRUPT_FILE, "is encrypted"),
        (Entry(b"a", b"x", method=9), ErrorCode.CORRUPT_FILE, "is packed by method 9"),
        (Entry(b"a", b"x", method=77), ErrorCode.CORRUPT_FILE, "is packed by method 77"),
        (Entry(b"in.zip", b"PK"), ErrorCode.UNSAFE_ARCHIVE, "is an archive in the archive"),
        (Entry(b"in.TAR.GZ", b"x"), ErrorCode.UNSAFE_ARCHIVE, "is an archive in the archive"),
        (Entry(b"a", b"xyz", checksum=1), ErrorCode.CORRUPT_FILE, "checksum does not match"),
        (Entry(b"a", b"xyz", method=8, checksum=1), ErrorCode.CORRUPT_FILE, "checksum does not match"),
        (Entry(b"a", b"xyz", declared_size=4), ErrorCode.CORRUPT_FILE, "checksum does not match"),
        (Entry(b"a", b"x" * 90, method=8, declared_size=9), ErrorCode.UNSAFE_ARCHIVE, "more than it declares"),
        (Entry(b"a", b"x", declared_size=LIMIT + 1), ErrorCode.UNSAFE_ARCHIVE, "would unpack to 1 MiB; at most 1 MiB"),
        (Entry(b"a", b"x", method=8, packed=b"\xff\xff"), ErrorCode.CORRUPT_FILE, "broken or cut off"),
        (Entry(b"a", b"x" * 9, method=8, packed=b"\x4b"), ErrorCode.CORRUPT_FILE, "broken or cut off"),
    ],
)
def test_a_member_that_lies_is_refused_by_name(tmp_path: Path, entry: Entry, code: ErrorCode, why: str) -> None:
    refusal = refusal_of(write_zip(tmp_path / "a.zip", [entry]))

    assert refusal.code is code
    assert f"“{entry.name.decode()}”" in refusal.message
    assert why in refusal.message


def test_a_member_that_is_refused_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Entry(b"../a", b"x"), Entry(b"b", b"fine"), Entry(b"c", b"x", checksum=1)])
    first, second, third = read_directory(path, RULES)

    for broken in (first, third):
        with pytest.raises(Refusal):
            broken.read(LIMIT)
    assert second.read(LIMIT) == b"fine"


@pytest.mark.parametrize("overlap", [0, 5])
def test_members_that_lie_over_one_another_refuse_the_archive(tmp_path: Path, overlap: int) -> None:
    entries = [Entry(b"a", b"x" * 50), Entry(b"b", b"x" * 50, offset=overlap)]
    refusal = refusal_of(write_zip(tmp_path / "a.zip", entries))

    assert refusal.code is ErrorCode.UNSAFE_ARCHIVE
    assert refusal.message.startswith("The archive has entries that lie over one another: “a” and “b”.")


def test_a_member_that_runs_into_the_directory_refuses_the_archive(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Entry(b"a", b"x" * 50)])
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + 20
    data[place : place + 4] = (90).to_bytes(4, "little")
    path.write_bytes(data)

    assert "runs into its directory: “a”" in refusal_of(path).message


def test_a_ratio_above_200_is_refused_for_one_member_and_for_all(tmp_path: Path) -> None:
    lowered = replace(RULES, ratio_from_bytes=1000)
    bomb = Entry(b"a", bytes(60_000), 8)
    alone = refusal_of(write_zip(tmp_path / "a.zip", [bomb]), lowered)
    beside = write_zip(tmp_path / "b.zip", [bomb, Entry(b"b", bytes(1000))])

    assert alone.code is ErrorCode.UNSAFE_ARCHIVE
    assert "at most 200 times" in alone.message
    with pytest.raises(Refusal, match=r"“a”, that would unpack to .* times its size; at most 200 times is read"):
        read_directory(beside, lowered)[0].read(LIMIT)


def test_what_unpacks_to_too_much_in_all_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Entry(b"a", declared_size=2**31), Entry(b"b", declared_size=2**31)])

    refusal = refusal_of(path, replace(RULES, max_unpacked_bytes=2**30, max_ratio=2**40))
    assert "would unpack to 4.0 GiB; at most 1 GiB are opened" in refusal.message


def test_too_many_entries_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [Entry(b"%d" % number) for number in range(11)])

    assert "has 11 entries; at most 10 are opened" in refusal_of(path, replace(RULES, max_members=10)).message
    assert len(read_directory(path, replace(RULES, max_members=11))) == 11


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_archive_is_refused(tmp_path: Path, keep: float) -> None:
    path = write_zip(tmp_path / "a.zip", [Entry(b"a", b"x" * 5000), Entry(b"b", b"y" * 5000)])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])

    refusal = refusal_of(path)
    assert refusal.code is ErrorCode.CORRUPT_FILE
    assert refusal.message == "The archive is damaged or was not uploaded completely."


def test_a_directory_of_two_gibibytes_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        file.truncate(2**31)
        file.seek(2**31)
        file.write(b"PK\x05\x06" + bytes(4) + b"\x01\0\x01\0" + (2**31 - 1).to_bytes(4, "little") + bytes(6))

    assert "has a directory of 2,147,483,647 bytes" in refusal_of(path).message


@pytest.mark.parametrize(
    ("raw", "flags", "shown"),
    [
        ("Müller.png".encode("cp437"), 0, "Müller.png"),
        ("Müller.png".encode(), 0, "Müller.png"),
        ("Müller.png".encode(), 0x800, "Müller.png"),
        ("答案用紙.png".encode("cp932"), 0, "答案用紙.png"),
        (b"a\x1b[31m\nb.png", 0x800, "a\ufffd[31m\ufffdb.png"),
        ("a\u202egnp.exe".encode(), 0x800, "a\ufffdgnp.exe"),
    ],
)
def test_names_are_shown_as_text(tmp_path: Path, raw: bytes, flags: int, shown: str) -> None:
    assert only(write_zip(tmp_path / "a.zip", [Entry(raw, flags=flags)])).name == shown


def test_a_long_name_is_cut_for_people(tmp_path: Path) -> None:
    name = only(write_zip(tmp_path / "a.zip", [Entry(b"x" * 5000 + b".png")])).name
    assert (len(name), name[:2], name[-5:]) == (200, "…x", "x.png")


def test_what_systems_add_is_not_wanted(tmp_path: Path) -> None:
    names = [b"__MACOSX/._a.png", b"x/._a.png", b"x/.DS_Store", b"Thumbs.db", b"x/desktop.ini", b"x/", b"x/a.png"]
    members = read_directory(write_zip(tmp_path / "a.zip", [Entry(name) for name in names]), RULES)

    assert [member.name for member in members if member.is_wanted] == ["x/a.png"]


def test_names_sort_naturally() -> None:
    names = ["b/1.png", "a/page10.png", "a/page2.png", "a/Page1.png", "a/page02.png", "a.png"]
    assert sorted(names, key=natural_key) == [
        "a/Page1.png", "a/page02.png", "a/page2.png", "a/page10.png", "a.png", "b/1.png",
    ]  # fmt: skip


def test_a_name_of_digits_alone_sorts_without_end(tmp_path: Path) -> None:
    names = ["9" * 60_000, "1" * 60_000]
    assert sorted(names, key=natural_key) == names[::-1]


def test_five_gigabytes_of_two_thousand_entries_open_in_little_time_and_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("wb") as raw, zipfile.ZipFile(raw, "w") as archive:
        for number in range(2_000):
            raw.seek(2_700_000, 1)  # a hole: it takes no room on the disk
            archive.start_dir = raw.tell()
            archive.writestr(f"page{number}.png", b"x" * 1000)
    assert path.stat().st_size > 5e9
    program = f"""
import time
from pathlib import Path
from benchmarks.machine import peak_bytes
from processors.archives.directory import read_directory
from processors.archives.rules import ArchiveRules
before = peak_bytes()
started = time.process_time()
members = read_directory(Path({str(path)!r}), ArchiveRules())
opened = time.process_time() - started
assert all(member.read(2000) == b"x" * 1000 for member in members)
print(opened, peak_bytes() - before)
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert float(output[0]) < 0.5  # 0.03 on a free machine
    assert int(output[1]) < 100_000_000
