"""A server's start on an earlier one's data."""

from pathlib import Path

from tests.web_app import opened_app


async def test_what_a_killed_server_was_making_is_removed_at_the_next_start(
    tmp_path: Path, empty_database: Path
) -> None:
    for name in ("work/slice-1-1-process/deep/half.csv", "files/f3/file-1"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"1")
    async with opened_app(tmp_path, empty_database):
        assert not (tmp_path / "work").exists()
        assert (tmp_path / "files/f3/file-1").read_bytes() == b"1"
