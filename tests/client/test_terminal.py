"""The demo's drawing: plain lines where nobody can redraw, bars and tables as wide as the terminal elsewhere."""

import pytest

from client.terminal import Screen, size_text


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A screen that takes stdout for a terminal of 40 columns without colours."""
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen()
    screen.is_live = True
    return screen


def test_without_a_terminal_a_bar_is_a_line_at_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    for fraction in (0.0, 0.04, 0.1, 0.19, 0.55, 1.0, 1.0):
        screen.bar("Upload", fraction, "text")

    assert capsys.readouterr().out.splitlines() == [
        "  Upload        0 %  text",
        "  Upload       10 %  text",
        "  Upload       55 %  text",
        "  Upload      100 %  text",
    ]


def test_on_a_terminal_all_bars_are_drawn_again_in_their_place(
    live: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    live.bar("Upload", 1.0, "")
    live.bar("Processing", 0.5, "")
    capsys.readouterr()
    live.bar("Processing", 1.0, "")

    shown = capsys.readouterr().out
    assert shown.startswith("\033[2A\r\033[K  Upload ")
    assert shown.count("\n") == 2


def test_table_shows_the_columns_that_have_room_and_hold_something(
    live: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    live.table(
        [
            {"name": "Ann", "note": None, "city": "Oslo", "text": "x" * 60},
            {"name": "Bartholomew", "note": "", "city": "Rome", "text": ""},
        ]
    )

    assert capsys.readouterr().out.splitlines() == ["  NAME         CITY", "  Ann          Oslo", "  Bartholomew  Rome"]


def test_sizes_are_told_in_units_for_people() -> None:
    assert [size_text(size) for size in (0, 1023, 1536, 5 * 1024**2, 3 * 1024**3)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "5.0 MiB",
        "3.0 GiB",
    ]
