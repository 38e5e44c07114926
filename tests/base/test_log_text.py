"""Log lines as text."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from base.log_text import TextRenderer

ROOT = Path(__file__).parents[2]
LINE = {
    "timestamp": "2026-11-30T03:14:38.000001Z",
    "level": "info",
    "logger": "web.access",
    "event": "request",
    "status": 204,
    "path": "/files/x",
}
MOST_CALLS = 150
"""Of Python's and of C's functions for the line of a request; structlog's own renderer makes 310."""
COUNTING = """
import sys
from base.logging import LogContext, log_for, set_up_logging

set_up_logging("text", "info")
log, context, calls = log_for("web.access"), LogContext("127.0.0.1", user="user-1"), 0

def say():
    log.info("request", method="PATCH", path="/files/upload-1~…", status=204, ms=3.2, **context.line())

def count(_frame, what, _argument):
    global calls
    calls += what in {"call", "c_call"}

say()
sys.setprofile(count)
say()
sys.setprofile(None)
print(calls)
"""


def test_a_line_says_when_how_bad_what_and_where_and_then_its_values_by_name() -> None:
    line = TextRenderer(has_colors=False)(None, "info", dict(LINE))

    assert line == (
        "2026-11-30T03:14:38.000001Z [info     ] request                        [web.access] path=/files/x status=204"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"), ("", ""), ("a b", "'a b'"), ("a=b", "'a=b'"), ('"', "'\"'"), ("a\nb", r"'a\nb'"),
        ("\x1b[31mred", r"'\x1b[31mred'"), ("Grüße", "Grüße"), (5, "5"), (None, "None"), (["a"], "['a']"),
    ],
)  # fmt: skip
def test_a_value_in_which_a_line_could_seem_to_go_on_stands_in_quotes(value: Any, shown: str) -> None:
    assert TextRenderer(has_colors=False)(None, "info", {**LINE, "name": value}).split(" name=")[1].startswith(shown)


def test_a_traceback_stands_below_its_line() -> None:
    first, *below = TextRenderer(has_colors=False)(None, "error", {**LINE, "exception": "Traceback:\n  here"}).split(
        "\n"
    )

    assert (first.endswith("status=204"), below) == (True, ["Traceback:", "  here"])


def test_at_a_terminal_the_same_has_colours() -> None:
    line = TextRenderer(has_colors=True)(None, "info", dict(LINE))

    assert "\x1b[36mstatus\x1b[0m=\x1b[35m204\x1b[0m" in line
    assert "\x1b[32minfo     \x1b[0m" in line


def test_the_line_of_a_request_takes_few_calls() -> None:
    counted = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True, cwd=ROOT)

    assert 0 < int(counted.stdout) <= MOST_CALLS
