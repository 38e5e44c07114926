"""Log lines: text or JSON, the request's id on each, and nothing that would let a reader in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

from base.logging import MAX_TRACE_CHARACTERS, MAX_VALUES, MAX_WORD_CHARACTERS, without_passwords

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


LONG = """
import logging
from base.logging import log_for, set_up_logging
set_up_logging(__import__("sys").argv[1], "info")
log = log_for("ours")
log.info("request", path="/" + "x" * 200_000, names=["y" * 10_000] * 1_000, size=5)
logging.getLogger("theirs").warning("z" * 200_000)
try:
    raise RuntimeError("w" * 200_000 + " the end")
except RuntimeError:
    log.exception("failed")
log.warning("cannot reach postgres://way@bill:a@hush/?#@host/x?password=hush&sslmode=require", at="redis://:hush@host:6379/0")
try:
    raise RuntimeError("no answer from redis://host/0?password=hush")
except RuntimeError:
    log.exception("failed")
"""


def printed_long(format_: Literal["text", "json"]) -> str:
    done = subprocess.run([sys.executable, "-c", LONG, format_], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr


def test_no_value_takes_more_of_a_line_than_there_is_room_for() -> None:
    lines = [json.loads(line) for line in printed_long("json").splitlines()]
    request, theirs, failed, *_ = lines

    assert request["path"] == f"/{'x' * (MAX_WORD_CHARACTERS - 1)}… (200001 characters)"
    assert len(request["names"]) == MAX_VALUES
    assert request["size"] == 5
    assert theirs["event"] == f"{'z' * MAX_WORD_CHARACTERS}… (200000 characters)"
    assert len(failed["exception"]) <= MAX_TRACE_CHARACTERS + 2
    assert failed["exception"].endswith(" the end")
    assert len(printed_long("text")) < 80_000


@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_line_holds_a_password_of_an_address(format_: Literal["text", "json"]) -> None:
    text = printed_long(format_)

    assert "hush" not in text.replace('password=hush")', "")
    assert "postgres://way@bill:(hidden)@host/x?password=(hidden)&sslmode=require" in text
    assert "redis://:(hidden)@host:6379/0" in text
    assert "no answer from redis://host/0?password=(hidden)" in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgres://waybill@host/x", "postgres://waybill@host/x"),
        ("postgres://waybill:a@b@host/x", "postgres://waybill:(hidden)@host/x"),
        ("redis://:a/b?c#d@host:6379/0", "redis://:(hidden)@host:6379/0"),
        ("unix:///run/redis.sock?db=3&password=a&username=b", "unix:///run/redis.sock?db=3&password=(hidden)&username=(hidden)"),
        ("see https://host:8000/x (or not)", "see https://host:8000/x (or not)"),
        ("no address: a@b?c=d", "no address: a@b?c=d"),
    ],
)  # fmt: skip
def test_what_may_be_a_password_is_hidden_in_any_text(address: str, shown: str) -> None:
    assert without_passwords(address) == shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="There is no /dev/full here, where every write fails.")
def test_a_log_that_cannot_be_written_keeps_nobody_from_working() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", f"{PROGRAM}\nprint('went on')", "text", "info"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=full, text=True, check=False,
        )  # fmt: skip
    assert done.stdout.endswith("went on\n")
