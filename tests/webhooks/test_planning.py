"""Planning of deliveries, one for each webhook and event."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.words import JobStatus, JobType, Role
from jobs.lifecycle import cancel_job, retry_job
from jobs.outbox import OutboxMessages
from jobs.purge import purge_job
from jobs.rows import lock_job
from jobs.transitions import skip_job, transition_job
from models import Job, JobEvent, User, Webhook, WebhookDelivery
from models.fields import now
from models.postgres import Transaction
from models.sqlite import ImmediateTransaction
from processors.contract import SkipJob
from tests.job_harness import completed, viewer_of
from tests.statements import counted_statements
from tests.webhooks.webhook_harness import WebhookHarness
from webhooks.lifecycle import remove_deliveries
from webhooks.planning import has_owed_lines, plan_deliveries

HOOK = "https://upload_services.example/hook"
STRANGER = viewer_of("user-1754556928-0000000000ff")


async def owed() -> list[tuple[str, str]]:
    return [(line.job_id, line.status) for line in await JobEvent.filter(is_owed=True).order_by("id")]


async def told(delivery: WebhookDelivery) -> dict[str, Any]:
    return orjson.loads(delivery.payload)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (JobStatus.COMPLETED, "batch.completed"),
        (JobStatus.FAILED, "batch.failed"),
        (JobStatus.CANCELLED, "job.cancelled"),
    ],
)
async def test_every_end_of_a_job_is_owed_and_told_once(
    webhook_harness: WebhookHarness, status: JobStatus, event: str
) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.put_into(status)
    assert await owed() == [(job.id, status)]
    assert await has_owed_lines()
    assert webhook_harness.jobs.news == 1
    assert [await plan_deliveries(), await plan_deliveries()] == [1, 0]
    assert await owed() == []
    assert not await has_owed_lines()
    delivery = await WebhookDelivery.get()
    assert (delivery.webhook_id, delivery.job_id, delivery.event, delivery.attempt) == (webhook.id, job.id, event, 0)
    assert delivery.next_attempt_at is not None
    body = await told(delivery)
    assert (body["type"], body["data"]["id"], body["data"]["status"]) == (event, job.id, status)


@pytest.mark.parametrize(
    "status", [JobStatus.UPLOADING, JobStatus.PENDING, JobStatus.AWAITING_INPUT, JobStatus.PAUSED, JobStatus.CANCELLING]
)
async def test_what_is_no_end_is_not_owed(webhook_harness: WebhookHarness, status: JobStatus) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.jobs.put_into(status)
    assert await owed() == []
    assert webhook_harness.jobs.news == 0


async def test_the_body_says_what_became_of_the_job(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.add_job(title="March", external_id="order 7")
    await webhook_harness.jobs.plan_claim(await webhook_harness.jobs.claim(), 2)
    await webhook_harness.jobs.record(await webhook_harness.jobs.claim(), completed(0), completed(1))
    await webhook_harness.jobs.finish()
    await plan_deliveries()
    body = await told(await WebhookDelivery.get())
    moment, data = body.pop("timestamp"), body["data"]
    assert data.pop("finishedAt") == moment
    assert moment.endswith("Z")
    assert data.pop("createdAt") <= moment
    assert body == {
        "type": "batch.completed",
        "data": {
            "id": job.id, "type": "BATCH", "kind": "plain", "title": "March", "externalId": "order 7", "status": "COMPLETED",
            "statusMessage": "All 2 items are done.", "attempt": 1, "error": None, "skipReason": None, "duplicateOf": None,
            "progress": {
                "percentage": 100.0, "totalItems": 2, "processedItems": 2, "failedItems": 0, "skippedItems": 0
            },
        },
    }  # fmt: skip


async def test_a_failure_is_told_with_its_error(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.jobs.put_into(JobStatus.FAILED)
    await plan_deliveries()
    data = (await told(await WebhookDelivery.get()))["data"]
    assert data["error"] == {"code": "CORRUPT_FILE", "message": "It cannot be read.", "isRetryable": True}
    assert data["statusMessage"] == "It cannot be read."


@pytest.mark.parametrize("earlier", ["download-1754556928-12a41dbec0f3", None])
async def test_a_download_that_was_skipped_is_told_with_the_reason(
    webhook_harness: WebhookHarness, earlier: str | None
) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.add_job()
    await Job.filter(id=job.id).update(type=JobType.DOWNLOAD, download={"url": "https://example.org/a.zip"})
    await webhook_harness.jobs.claim()
    async with in_transaction() as db:
        row = await lock_job(db, job.id)
        assert row is not None
        await skip_job(db, row, SkipJob("duplicate", "It is there already.", earlier), OutboxMessages())
    assert await owed() == [(job.id, JobStatus.SKIPPED)]
    await plan_deliveries()
    body = await told(await WebhookDelivery.get())
    data = body["data"]
    assert (body["type"], data["status"], data["statusMessage"]) == (
        "download.skipped", "SKIPPED", "It is there already."
    )  # fmt: skip
    assert (data["skipReason"], data["duplicateOf"], data["error"]) == ("duplicate", earlier, None)


async def test_a_job_that_began_again_meanwhile_is_told_as_it_ended(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.put_into(JobStatus.FAILED)
    await retry_job(webhook_harness.viewer, job.id, webhook_harness.jobs.outbox, only_failed_items=False)
    await plan_deliveries()
    data = (await told(await WebhookDelivery.get()))["data"]
    assert (data["status"], data["attempt"], data["progress"], data["error"]) == ("FAILED", 1, None, None)


async def test_each_attempt_of_a_job_is_told(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.put_into(JobStatus.FAILED)
    await retry_job(webhook_harness.viewer, job.id, webhook_harness.jobs.outbox, only_failed_items=False)
    await cancel_job(webhook_harness.viewer, job.id, webhook_harness.jobs.outbox)
    await plan_deliveries()
    bodies = [await told(delivery) for delivery in await WebhookDelivery.all().order_by("event_id")]
    assert [(body["type"], body["data"]["attempt"]) for body in bodies] == [("batch.failed", 1), ("job.cancelled", 2)]


@pytest.mark.parametrize("type_", [JobType.TASK, JobType.DOWNLOAD])
async def test_an_event_is_named_after_the_type_of_its_job(webhook_harness: WebhookHarness, type_: JobType) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.add_job()
    await Job.filter(id=job.id).update(type=type_)
    async with in_transaction() as db:
        await transition_job(
            db, job.id, {JobStatus.PENDING}, JobStatus.COMPLETED, "Done.", OutboxMessages(), finished_at=1.0
        )
    await plan_deliveries()
    assert (await WebhookDelivery.get()).event == f"{type_.lower()}.completed"


async def test_a_skipped_download_is_no_event_and_owed_no_longer(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.add_job()
    async with in_transaction() as db:
        await transition_job(
            db, job.id, {JobStatus.PENDING}, JobStatus.SKIPPED, "It is there.", OutboxMessages(), finished_at=1.0
        )
    assert await plan_deliveries() == 0
    assert not await has_owed_lines()


async def test_what_is_undone_is_not_owed(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    job = await webhook_harness.jobs.add_job()
    messages = OutboxMessages()

    async def end_and_break_off() -> None:
        async with in_transaction() as db:
            await transition_job(
                db, job.id, {JobStatus.PENDING}, JobStatus.COMPLETED, "Done.", messages, finished_at=1.0
            )
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await end_and_break_off()
    assert messages.has_deliveries
    assert await owed() == []


async def test_only_the_owners_webhooks_that_asked_are_told(webhook_harness: WebhookHarness) -> None:
    await User.create(id=STRANGER.user_id, username="eve", role=Role.ADMIN)
    await webhook_harness.webhook(HOOK, viewer=Viewer(STRANGER.user_id, Role.ADMIN, "", None))
    await webhook_harness.webhook(HOOK, "task.completed", "batch.failed")
    asked = [await webhook_harness.webhook(HOOK, "job.cancelled"), await webhook_harness.webhook(HOOK)]
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    assert await plan_deliveries() == 2
    assert {delivery.webhook_id for delivery in await WebhookDelivery.all()} == {webhook.id for webhook in asked}


async def test_where_nobody_is_to_be_told_nothing_is_owed_and_no_wake_up_given(webhook_harness: WebhookHarness) -> None:
    await User.create(id=STRANGER.user_id, username="eve")
    await webhook_harness.webhook(HOOK, viewer=STRANGER)
    messages = OutboxMessages()
    job = await webhook_harness.jobs.add_job()
    async with in_transaction() as db:
        await transition_job(db, job.id, {JobStatus.PENDING}, JobStatus.COMPLETED, "Done.", messages, finished_at=1.0)
    assert await owed() == []
    assert not messages.has_deliveries


async def test_a_webhook_is_not_told_what_was_before_it(webhook_harness: WebhookHarness) -> None:
    first = await webhook_harness.webhook(HOOK)
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    await webhook_harness.webhook(HOOK)
    assert await plan_deliveries() == 1
    assert (await WebhookDelivery.get()).webhook_id == first.id


async def test_a_webhook_made_by_a_server_whose_clock_is_ahead_misses_nothing(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await Webhook.all().update(created_at=now() + timedelta(minutes=5))
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    assert await plan_deliveries() == 1


async def test_the_webhooks_of_a_disabled_user_are_told_nothing(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await User.all().update(is_disabled=True)
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    assert await plan_deliveries() == 0
    assert not await has_owed_lines()


async def test_two_planners_at_once_make_no_delivery_twice(webhook_harness: WebhookHarness) -> None:
    webhooks = [await webhook_harness.webhook(HOOK) for _ in range(2)]
    jobs = [await webhook_harness.jobs.put_into(JobStatus.CANCELLED) for _ in range(30)]
    counts = await asyncio.gather(*(plan_deliveries() for _ in range(5)))
    assert sum(counts) == 60
    made = [(delivery.webhook_id, delivery.job_id) for delivery in await WebhookDelivery.all()]
    assert sorted(made) == sorted((webhook.id, job.id) for webhook in webhooks for job in jobs)


async def test_more_lines_than_fit_into_one_transaction_are_all_planned(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    for _ in range(7):
        await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    assert await plan_deliveries(lines_at_once=3) == 7


async def test_a_purged_job_takes_what_is_owed_and_its_deliveries_along(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    admin = viewer_of("user-1754556928-0000000000ad", Role.ADMIN)
    planned, owing = await webhook_harness.planned(), await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    assert planned.job_id
    for job_id in (planned.job_id, owing.id):
        await purge_job(
            admin, job_id, webhook_harness.jobs.upload_services(), webhook_harness.jobs.outbox, remove_deliveries
        )
    assert await plan_deliveries() == 0
    assert await WebhookDelivery.all().count() == 0


def noted_in_transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that transactions send from now on."""
    statements: list[str] = []
    for client in (ImmediateTransaction, Transaction):
        original = client.execute_query_dict

        async def noted(self: Any, query: str, *values: Any, original: Any = original) -> Any:
            statements.append(query)
            return await original(self, query, *values)

        monkeypatch.setattr(client, "execute_query_dict", noted)
    return statements


async def test_what_is_owed_is_found_without_reading_the_history(
    webhook_harness: WebhookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partial index is used only where the condition has its very letters."""
    db = get_connection("default")
    old = [JobEvent(job_id="batch-1", at=now() - timedelta(days=1), attempt=1, status=JobStatus.PENDING, message="")]
    await JobEvent.bulk_create(old * 2_000)
    if db.capabilities.dialect == "postgres":
        await db.execute_script("ANALYZE job_events")
    inside = noted_in_transactions(monkeypatch)
    with counted_statements() as outside:
        await has_owed_lines()
        await plan_deliveries()
    asked = [text for text in (*outside, *inside) if text.startswith("SELECT") and "is_owed" in text]
    assert len(asked) == 2
    explain = "EXPLAIN" if db.capabilities.dialect == "postgres" else "EXPLAIN QUERY PLAN"
    for statement in asked:
        plan = str([tuple(dict(row).values()) for row in await db.execute_query_dict(f"{explain} {statement}")])
        assert "idx_job_events_at_" in plan, plan


async def test_an_end_costs_one_statement_whether_or_not_anybody_is_told(
    webhook_harness: WebhookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, costs = noted_in_transactions(monkeypatch), []
    for _ in range(2):
        job = await webhook_harness.jobs.add_job(auto_start=False)
        inside.clear()
        await cancel_job(webhook_harness.viewer, job.id, webhook_harness.jobs.outbox)
        costs.append(len([text for text in inside if "job_events" in text or "webhook" in text]))
        await webhook_harness.webhook(HOOK)
    assert costs == [2, 2]  # CANCELLING and CANCELLED, a line each
