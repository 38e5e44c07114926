"""The examples and statements of docs/webhooks.md, run as they stand."""

import asyncio
import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from base.words import JobStatus, JobType
from models import Job, JobEvent
from models.fields import now
from tests.clients.programs import FOLDER, program_or_skip
from webhooks import leases, sending
from webhooks.lifecycle import MAX_PER_USER
from webhooks.payloads import EVENTS, payload_of
from webhooks.signing import new_secret, signed_headers

PAGE = (FOLDER.parents[1] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = new_secret()
BODY = '{"type":"batch.completed","data":{"title":"Größe"}}'.encode()
MAIN = """
import { isFromWaybill } from "./check.mjs"
const messages = JSON.parse(process.argv[2])
const told = messages.map(([secret, headers, body]) => isFromWaybill(secret, headers, Buffer.from(body, "base64")))
console.log(JSON.stringify(told))
"""


def example(language: str) -> str:
    """The block of code in this language."""
    return list[str](re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))[0]


def messages() -> list[tuple[str, dict[str, str], bytes, bool]]:
    """Secret, headers and body, and whether they are a message of Waybill's."""
    good = signed_headers(SECRET, "delivery-1", now(), BODY)
    old = signed_headers(SECRET, "delivery-1", now() - timedelta(minutes=6), BODY)
    early = signed_headers(SECRET, "delivery-1", now() + timedelta(minutes=6), BODY)
    signature = good["webhook-signature"]
    return [
        (SECRET, good, BODY, True),
        (SECRET, good | {"webhook-signature": f"v1,AAAA v1a,BBBB {signature}"}, BODY, True),
        (new_secret(), good, BODY, False),
        (SECRET, good, BODY + b" ", False),
        (SECRET, good | {"webhook-id": "delivery-2"}, BODY, False),
        (SECRET, good | {"webhook-signature": "v1,AAAA"}, BODY, False),
        (SECRET, good | {"webhook-signature": ""}, BODY, False),
        (SECRET, old, BODY, False),
        (SECRET, early, BODY, False),
    ]


def test_the_check_in_python() -> None:
    names: dict[str, Any] = {}
    exec(example("python"), names)
    told = [names["is_from_waybill"](secret, headers, body) for secret, headers, body, _ in messages()]
    assert told == [expected for *_, expected in messages()]


async def test_the_check_in_node(tmp_path: Path) -> None:
    node = program_or_skip("node")
    (tmp_path / "check.mjs").write_text(example("js"))
    (tmp_path / "main.mjs").write_text(MAIN)
    given = [(secret, headers, base64.b64encode(body).decode()) for secret, headers, body, _ in messages()]
    process = await asyncio.create_subprocess_exec(
        node, str(tmp_path / "main.mjs"), json.dumps(given), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert json.loads(out) == [expected for *_, expected in messages()]


def test_the_body_on_the_page_has_the_fields_that_are_sent() -> None:
    moment = now()
    job = Job(
        id="batch-1795658400-12a41dbec0f3", type=JobType.BATCH, kind="leads", title="March", external_id="order 7",
        owner_id="", status=JobStatus.COMPLETED, percentage=100, total_items=2, completed_items=1, failed_items=1,
        created_at=moment, attempt=1,
    )  # fmt: skip
    message = "1 of 2 items are done, 1 failed."
    line = JobEvent(job_id=job.id, at=moment, attempt=1, status=JobStatus.COMPLETED, message=message)
    sent, shown = orjson.loads(payload_of("batch.completed", line, job)), json.loads(example("json"))
    for body in (sent, shown):
        for part, name in ((body, "timestamp"), (body["data"], "createdAt"), (body["data"], "finishedAt")):
            assert part.pop(name).endswith("Z")
    assert sent == shown
    assert list(sent["data"]) == list(shown["data"])


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_on_the_page(event: str) -> None:
    assert f"`{event}`" in PAGE


def test_the_numbers_of_the_page_are_those_of_the_program() -> None:
    text = " ".join(PAGE.split())
    for words in (
        f"A user has at most {MAX_PER_USER};",
        f"any 2xx within {sending.TIMEOUT_SECONDS:g} s",
        f"lease of {leases.LEASE_SECONDS} s",
        f"{leases.SENDING_PER_WEBHOOK} messages at a time",
        f"Tried for {leases.PERSISTENCE / timedelta(hours=1):g} hours",
        "after 5 s, 30 s, 2, 10 and 30 min, 1 h, then every 2 h",
    ):
        assert words in text, words
    assert [pause.total_seconds() for pause in leases._PAUSES] == [5, 30, 120, 600, 1_800, 3_600, 7_200]
