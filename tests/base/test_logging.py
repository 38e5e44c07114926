"""Log lines: text or JSON, the request's id on each, and nothing that would let a reader in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging, sys
from base.logging import log_for, request_id, set_up_logging
set_up_logging(sys.argv[1], sys.argv[2])
log = log_for("our.module")
log.debug("hidden")
log.info("outside")
token = request_id.set("req-1")
log.warning("inside", path="/a\\nb", size=5)
logging.getLogger("other.library").warning("theirs %s", "too")
logging.getLogger("docket").info("chatter")
def fail(password="hush-hush"):
    raise RuntimeError("broken")
try:
    fail()
except RuntimeError as error:
    log.error("failed", exc_info=error)
request_id.reset(token)
log.info("after")
"""


def printed(format_: Literal["text", "json"], level: str = "info") -> str:
    command = [sys.executable, "-c", PROGRAM, format_, level]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def json_lines(level: str = "info") -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed("json", level).splitlines()]


def test_json_has_one_object_a_line_of_ours_and_of_libraries() -> None:
    lines = json_lines()

    assert [line["event"] for line in lines] == ["outside", "inside", "theirs too", "failed", "after"]
    assert [line["level"] for line in lines] == ["info", "warning", "warning", "error", "info"]
    assert {line["logger"] for line in lines} == {"our.module", "other.library"}
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert (lines[1]["path"], lines[1]["size"]) == ("/a\nb", 5)


def test_every_line_of_a_request_has_its_id_and_no_other_line_has() -> None:
    assert [line.get("request_id") for line in json_lines()] == [None, "req-1", "req-1", "req-1", None]


def test_text_has_the_same_lines_and_a_newline_in_a_value_begins_none() -> None:
    text = printed("text")

    assert text.count("request_id=req-1") == 3
    assert "\nb" not in text
    assert "\x1b[" not in text


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_traceback_shows_the_error_and_not_the_values_of_variables(format_: Literal["text", "json"]) -> None:
    text = printed(format_)

    assert "RuntimeError: broken" in text
    assert text.replace('password="hush-hush"', "").count("hush-hush") == 0


def test_the_level_decides() -> None:
    assert [line["event"] for line in json_lines("error")] == ["failed"]
    assert json_lines("debug")[0]["event"] == "hidden"


OUTAGES = """
import logging
from base.logging import log_for, set_up_logging
set_up_logging("json", "info", lambda error: isinstance(error, ConnectionError))
for number, error in enumerate([ConnectionError("away\\nfor long"), ExceptionGroup("g", [ConnectionError("away")]), ValueError("a bug")]):
    try:
        raise error
    except Exception:
        log_for("ours").exception("failed", number=number)
        logging.getLogger("theirs").exception("failed")
"""


def test_that_a_service_is_away_is_told_in_a_line_and_a_bug_with_its_trace() -> None:
    done = subprocess.run([sys.executable, "-c", OUTAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert [line.get("reason") for line in lines] == [
        "ConnectionError: away", "ConnectionError: away", "ConnectionError: away", "ConnectionError: away", None, None,
    ]  # fmt: skip
    assert ["Traceback" in line.get("exception", "") for line in lines] == [False] * 4 + [True] * 2
