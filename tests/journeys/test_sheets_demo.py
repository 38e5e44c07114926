"""The demo's answer sheets, on a running server."""

from pathlib import Path

import pytest

from client.api import Waybill
from client.demo_sheets import ARCHIVE, read_and_watch
from client.terminal import Screen

SMALL_BYTES = 1_000_000


async def test_twenty_sheets_of_the_demo_are_scored_and_one_asks_for_a_person(
    waybill: Waybill, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results").mkdir()
    await read_and_watch(waybill, tmp_path, Screen())

    said = capsys.readouterr().out
    assert "20 of 20 sheets" in said
    assert "12345678, from the QR code of the first sheet" in said
    assert "To look at  sheet7.png: q12 reads BD" in said
    assert [line.split() for line in said.splitlines() if "sheet1.png" in line] == [
        ["sheet1.png", "100001", "47", "of", "60"]
    ]
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"answers.csv", "annotated.pdf"}
    assert ARCHIVE.stat().st_size < SMALL_BYTES
