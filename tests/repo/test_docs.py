"""Every setting and every error code is documented, as it is."""

import os
import re
from pathlib import Path

import pytest

from app.settings_report import describe_settings
from auth.audit import Action
from background.deliveries import STOP_SECONDS
from background.shutdown import DEADLINE_SECONDS
from base.errors import ErrorCode, Refusal
from base.logging import MAX_WORD_CHARACTERS
from base.settings import PREFIX, Settings
from base.words import Role
from schema.complexity import (
    MAX_ALIASES,
    MAX_COMPARISONS,
    MAX_COST,
    MAX_DEPTH,
    MAX_PASSWORDS,
    MAX_SAME_FIELDS,
    MAX_SELECTIONS,
)
from schema.documents import MAX_KEPT_CHARACTERS, MAX_TOKENS
from schema.types.error_codes import EXPLANATIONS
from web.admission import CONNECTIONS, CONNECTIONS_PER_ADDRESS, DESCRIPTORS_PER_WORKER, OWN_DESCRIPTORS
from web.concurrency import SOCKET_BYTES, USER_BYTES, WAITING_PER_ADDRESS
from web.connection import HEAD_SECONDS, MAX_HEAD_BYTES, MAX_WAITING_REQUESTS
from web.listening import ANNOUNCE_SECONDS, GRACE_SECONDS, KEEP_ALIVE_SECONDS, UNREAD_SECONDS
from web.metrics import KEPT_SECONDS
from web.persisted import MAX_BYTES, MAX_TEXT_BYTES, MAX_TEXTS, TTL_SECONDS
from web.requests import MAX_OPERATIONS
from web.transports.http import MAX_BODY_BYTES
from web.transports.websocket_session import MAX_ID_CHARACTERS, OPERATIONS_PER_CONNECTION

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
ERRORS = (ROOT / "docs" / "errors.md").read_text()


def rows_of(text: str) -> list[list[str]]:
    """The cells of the lines of tables whose first cell is code."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


SETTINGS = rows_of((ROOT / "docs" / "settings.md").read_text())
MADE_DEFAULTS = {"made at first start", "half", "number of cores"}


def test_every_setting_and_no_other_is_in_the_table() -> None:
    assert [row[0] for row in SETTINGS] == [f"`{PREFIX}{name.upper()}`" for name in Settings.model_fields]


def test_the_table_of_settings_has_the_default_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    told = {row[0].strip("`"): row[1] for row in SETTINGS if row[1] not in MADE_DEFAULTS}
    defaults = {line.name: line.value for line in describe_settings(Settings(_env_file=None))}

    assert len(told) > len(defaults) - 10
    assert told == {name: defaults[name].replace("(none)", "") for name in told}


def test_the_readme_has_at_most_a_hundred_lines() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for path in DOCUMENTS:
        assert set(re.findall(rf"\b{PREFIX}(?!TEST_)[A-Z][A-Z_]*[A-Z]\b", path.read_text())) <= known, path


def test_every_code_has_its_row_in_order_with_its_status() -> None:
    rows = [(row[0].strip("`"), int(row[1])) for row in rows_of(ERRORS)]

    assert rows == [(str(code), Refusal(code, "").http_status) for code in ErrorCode]


def test_every_row_says_when_and_what_to_do_in_the_words_of_the_schema() -> None:
    rows = {
        row[0].strip("`"): tuple(re.sub(r" \(\[.*?\]\(.*?\)\)", "", cell) for cell in row[2:])
        for row in rows_of(ERRORS)
    }

    assert rows == {str(code): explanation for code, explanation in EXPLANATIONS.items()}


@pytest.mark.parametrize("limit", [MAX_TOKENS, MAX_DEPTH, MAX_ALIASES, MAX_PASSWORDS, MAX_COST])
def test_the_limits_of_queries_are_those_of_the_program(limit: int) -> None:
    (row,) = [row for row in rows_of(ERRORS) if row[0] == "`QUERY_TOO_COMPLEX`"]

    assert re.search(rf"\b{limit:,}\b", row[2])


def test_the_numbers_of_http_are_those_of_the_program() -> None:
    text = " ".join((ROOT / "docs" / "http.md").read_text().split())
    default = {name: field.default for name, field in Settings.model_fields.items()}

    for words in (
        f"{default['rate_limit_per_minute']} operations a minute and {default['rate_limit_per_second']} a second",
        f"{default['user_rate_limit_per_minute']} operations a minute and {default['user_rate_limit_per_second']} a second",
        f"a list of 1 to {MAX_OPERATIONS} operations",
        f"**No answer grows beyond {default['max_answer_size'] // 2**20} MiB**",
        f"{WAITING_PER_ADDRESS} connections of the address wait",
        f"an id has more than {MAX_ID_CHARACTERS} characters",
        f"of one socket {SOCKET_BYTES // 2**20} MiB at most, of one user at one server {USER_BYTES // 2**20} MiB",
        f"at most {MAX_SELECTIONS:,} fields, {MAX_SAME_FIELDS} of one name in one place, and {MAX_COMPARISONS:,} pairs",
        f"stopped after {default['operation_timeout'].total_seconds():g} s",
        f"has {default['sockets_per_user']} connections at this server",
        f"at most {OPERATIONS_PER_CONNECTION} operations at a time",
        f"of at most {MAX_TEXT_BYTES // 1024} KiB with that very hash is kept: {MAX_TEXTS:,} of them and {MAX_BYTES // 2**20} MiB",
        f"for {TTL_SECONDS // 3_600} hours",
        f"up to {MAX_KEPT_CHARACTERS:,} characters is parsed and validated once",
        f"at most {MAX_BODY_BYTES // 2**20} MiB, one operation",
        f"at most {KEPT_SECONDS:g} s old",
    ):
        assert words in text, words


def test_the_times_of_stopping_are_those_of_the_program() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    open_s, alone_s = ANNOUNCE_SECONDS, GRACE_SECONDS

    for words in (
        f"| after {open_s:g} s | the port is closed",
        f"| after {open_s + alone_s:g} s, on SQLite {alone_s:g} s | requests that still run",
        f"| after {DEADLINE_SECONDS:g} s | whatever hangs",
        f"have {STOP_SECONDS:g} s to arrive",
    ):
        assert words in text, words


@pytest.mark.parametrize("name", sorted(set(re.findall(r"waybill_\w+", (ROOT / "web" / "metrics.py").read_text()))))
def test_every_metric_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "http.md").read_text()


def test_links_between_documents_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_act_of_the_audit_log_is_documented() -> None:
    named = {
        word
        for row in rows_of((ROOT / "docs" / "rights.md").read_text())
        for word in re.findall(r"`([A-Z_]+)`", row[0])
    }

    assert named - {str(role) for role in Role} == {str(action) for action in Action}


def test_the_limits_of_connections_are_those_of_the_program() -> None:
    text = (ROOT / "docs" / "http.md").read_text()

    assert f"takes more than {MAX_WORD_CHARACTERS} characters" in text
    for words in (
        f"| connections at a time | {CONNECTIONS:,} (`WAYBILL_CONNECTIONS`), {CONNECTIONS_PER_ADDRESS:,} of one address",
        f"| a head | {HEAD_SECONDS:g} s from the beginning of the connection",
        f"or from the head's first byte, at most {MAX_HEAD_BYTES // 1024} KiB",
        f"| between two requests | {KEEP_ALIVE_SECONDS} s",
        f"| requests sent before the answer to the first | {MAX_WAITING_REQUESTS:,} |",
        f"| answers that are not read | {UNREAD_SECONDS} s",
        f"{OWN_DESCRIPTORS}, and {DESCRIPTORS_PER_WORKER} for each child",
    ):
        assert words in text, words
    defaults = [Settings.model_fields[name].default for name in ("connections", "connections_per_address")]
    assert defaults == [CONNECTIONS, CONNECTIONS_PER_ADDRESS]
