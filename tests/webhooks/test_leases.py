"""Turns and outcomes: who sends what when, retries over a day, and the end that a receiver gives its webhook."""

import asyncio
import re
from datetime import timedelta
from typing import Any

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.words import JobStatus
from models import AuditEntry, User, Webhook, WebhookDelivery
from models.fields import now
from tests.job_harness import viewer_of
from tests.webhooks.webhook_harness import WebhookHarness
from webhooks import leases
from webhooks.leases import (
    LEASE_SECONDS,
    SENDING_PER_WEBHOOK,
    DeliveryLease,
    claim_delivery,
    has_due_deliveries,
    pause_after,
    record_outcome,
    recover_deliveries,
    release_delivery,
)
from webhooks.lifecycle import WebhookChanges, delete_webhook, update_webhook
from webhooks.planning import plan_deliveries
from webhooks.sending import Message, Outcome

HOOK = "https://receiver.example/hook?key=hush"
GOOD, BAD, GONE = (
    Outcome(200, None),
    Outcome(500, "The receiver answered 500."),
    Outcome(410, "The receiver answered 410."),
)
STRANGER = viewer_of("user-1754556928-0000000000ff")


async def a_lease() -> DeliveryLease:
    lease = await claim_delivery()
    assert lease is not None
    return lease


async def the_delivery() -> WebhookDelivery:
    return await WebhookDelivery.get()


def shown(delivery: WebhookDelivery, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(delivery, name) for name in names)


async def seconds_until_due() -> float:
    """From now until the next attempt of the only delivery."""
    delivery = await the_delivery()
    assert delivery.next_attempt_at is not None
    return (delivery.next_attempt_at - now()).total_seconds()


async def enable(webhook_harness: WebhookHarness, webhook: Webhook, *, is_enabled: bool) -> Webhook:
    changes = WebhookChanges(is_enabled=is_enabled)
    return (await update_webhook(webhook_harness.viewer, webhook.id, changes, is_private_allowed=False))[0]


async def add_due(webhook: Webhook, count: int) -> None:
    """Deliveries of `webhook` that are due for a second."""
    moment = now() - timedelta(seconds=1)
    rows = [
        WebhookDelivery(
            id=f"delivery-{webhook.id}-{number:04}", webhook_id=webhook.id, event="batch.completed", payload="{}",
            event_id=number, created_at=moment, next_attempt_at=moment,
        )
        for number in range(count)
    ]  # fmt: skip
    await WebhookDelivery.bulk_create(rows)


# ----------------------------------------------------------------------------------------------------- leases


async def test_a_delivery_is_taken_once_and_is_over_when_it_arrived(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    planned = await webhook_harness.planned()
    assert await has_due_deliveries()
    lease = await a_lease()
    assert lease.webhook.id == webhook.id
    assert lease.message == Message(planned.id, planned.event, planned.payload.encode(), 1)
    assert [await claim_delivery(), await has_due_deliveries()] == [None, False]
    await record_outcome(lease, GOOD)
    delivery = await the_delivery()
    assert shown(delivery, "attempt", "status_code", "error", "next_attempt_at") == (1, 200, None, None)
    assert delivery.delivered_at is not None
    assert (await Webhook.get()).succeeded_at is not None
    await webhook_harness.age(timedelta(days=2))
    assert await claim_delivery() is None


async def test_senders_at_once_take_each_delivery_once(webhook_harness: WebhookHarness) -> None:
    for webhook in [await webhook_harness.webhook(HOOK) for _ in range(10)]:
        await add_due(webhook, 3)
    taken = [lease for lease in await asyncio.gather(*(claim_delivery() for _ in range(40))) if lease]
    while lease := await claim_delivery():
        taken.append(lease)
    ids = [lease.message.id for lease in taken]
    assert (len(ids), len(set(ids))) == (30, 30)


async def test_a_turn_whose_sender_is_lost_goes_to_another_and_the_lost_one_records_nothing(
    webhook_harness: WebhookHarness,
) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    lost = await a_lease()
    assert 0 < await seconds_until_due() <= LEASE_SECONDS
    await webhook_harness.age(timedelta(seconds=LEASE_SECONDS + 1))
    lease = await a_lease()
    assert (lease.message.id, lease.attempt) == (lost.message.id, 2)
    await record_outcome(lost, BAD)
    await release_delivery(lost)
    assert (await the_delivery()).is_sending
    await record_outcome(lease, GOOD)
    await record_outcome(lost, BAD)
    delivery = await the_delivery()
    assert shown(delivery, "status_code", "error", "attempt") == (200, None, 2)


async def test_a_turn_that_is_given_back_is_due_at_once(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await release_delivery(await a_lease())
    assert (await a_lease()).attempt == 2


async def test_an_embedded_server_takes_back_what_the_one_before_had(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await a_lease()
    await recover_deliveries()
    assert (await a_lease()).attempt == 2


async def test_one_receiver_has_so_many_messages_on_their_way_and_no_more(webhook_harness: WebhookHarness) -> None:
    slow, other = await webhook_harness.webhook(HOOK), await webhook_harness.webhook(HOOK)
    await add_due(slow, 50)
    taken = [lease for lease in await asyncio.gather(*(claim_delivery() for _ in range(20))) if lease]
    while lease := await claim_delivery():
        taken.append(lease)
    assert len(taken) == SENDING_PER_WEBHOOK
    assert not await has_due_deliveries()
    await add_due(other, 1)
    assert (await a_lease()).webhook.id == other.id
    await record_outcome(taken[0], BAD)
    assert (await a_lease()).webhook.id == slow.id


async def test_the_owner_with_the_fewest_on_their_way_goes_first(webhook_harness: WebhookHarness) -> None:
    await User.create(id=STRANGER.user_id, username="eve")
    for webhook in [await webhook_harness.webhook(HOOK) for _ in range(3)]:
        await add_due(webhook, 2)
    for _ in range(2):
        await a_lease()
    theirs = await webhook_harness.webhook(HOOK, viewer=Viewer(STRANGER.user_id, STRANGER.role, "", None))
    await add_due(theirs, 1)
    assert (await a_lease()).webhook.id == theirs.id


async def test_those_of_one_webhook_go_in_their_order(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    await add_due(webhook, 3)
    assert [(await a_lease()).message.id[-4:] for _ in range(3)] == ["0000", "0001", "0002"]


async def test_the_webhooks_of_a_disabled_user_wait(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await User.all().update(is_disabled=True)
    assert [await claim_delivery(), await has_due_deliveries()] == [None, False]
    await User.all().update(is_disabled=False)
    assert await claim_delivery() is not None


async def test_choosing_reads_no_delivery_that_is_over(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    await add_due(webhook, 1_000)
    await WebhookDelivery.all().update(next_attempt_at=None, delivered_at=now())
    db = get_connection("default")
    if db.capabilities.dialect == "postgres":
        await db.execute_script("ANALYZE webhook_deliveries")
    explain = "EXPLAIN" if db.capabilities.dialect == "postgres" else "EXPLAIN QUERY PLAN"
    rows = await db.execute_query_dict(f"{explain} SELECT 1 {leases._ready(db)} LIMIT 1")
    plan = "\n".join(str(tuple(dict(row).values())) for row in rows)
    by_index = r"Index Cond: .*next_attempt_at (?:<|IS NOT)|SEARCH [ds] USING COVERING INDEX .*next_attempt_at[<>]"
    assert len(re.findall(by_index, plan)) == 2, plan


# --------------------------------------------------------------------------------------------------- retries


def test_pauses_grow_and_differ() -> None:
    expected = [5, 30, 120, 600, 1_800, 3_600, 7_200, 7_200, 7_200]
    for attempt, seconds in enumerate(expected, 1):
        pauses = {pause_after(attempt, None) for _ in range(50)}
        assert len(pauses) > 40
        assert all(0.8 * seconds <= pause <= 1.2 * seconds for pause in pauses)


def test_a_receiver_that_asks_to_wait_is_left_in_peace_for_as_long() -> None:
    assert pause_after(1, timedelta(hours=3)) == 3 * 3_600
    assert pause_after(5, timedelta(seconds=1)) >= 0.8 * 1_800


async def test_a_failed_attempt_is_made_again_after_a_pause(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await record_outcome(await a_lease(), BAD)
    delivery = await the_delivery()
    assert (delivery.attempt, delivery.status_code, delivery.error) == (1, 500, "The receiver answered 500.")
    assert shown(delivery, "delivered_at", "is_sending") == (None, False)
    assert 3 <= await seconds_until_due() <= 6.1
    assert await claim_delivery() is None
    await webhook_harness.age(timedelta(seconds=7))
    lease = await a_lease()
    assert lease.attempt == 2
    await record_outcome(lease, Outcome(None, "The receiver did not answer within 15 s."))
    delivery = await the_delivery()
    assert (delivery.status_code, delivery.error) == (None, "The receiver did not answer within 15 s.")
    assert 23 <= await seconds_until_due() <= 36.1


async def test_a_message_is_tried_for_24_hours_and_a_last_time_at_their_end(webhook_harness: WebhookHarness) -> None:
    """The database's clock is moved on to each next attempt."""
    await webhook_harness.webhook(HOOK)
    planned = await webhook_harness.planned()
    spent = 0.0
    while (await the_delivery()).next_attempt_at is not None:
        pause = max(await seconds_until_due(), 0) + 0.001
        await webhook_harness.age(timedelta(seconds=pause))
        spent += pause
        lease = await a_lease()
        assert lease.message.id == planned.id
        await record_outcome(lease, BAD)
    assert abs(spent - 24 * 3_600) < 5
    assert 15 <= (await the_delivery()).attempt <= 25
    assert not await has_due_deliveries()


async def test_a_wait_beyond_the_24_hours_ends_with_them(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await record_outcome(await a_lease(), Outcome(503, "The receiver answered 503.", timedelta(days=30)))
    assert 24 * 3_600 - 10 <= await seconds_until_due() <= 24 * 3_600


# ------------------------------------------------------------------------------------------- the end of a webhook


async def a_day_goes_by(webhook_harness: WebhookHarness) -> None:
    """With all the attempts that are made in one."""
    await WebhookDelivery.filter(next_attempt_at__isnull=False, is_sending=False).update(attempt=17)
    await webhook_harness.age(timedelta(hours=24))


async def test_a_day_of_nothing_but_failures_disables_a_webhook(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    first = await webhook_harness.planned()
    await a_day_goes_by(webhook_harness)
    waiting = await webhook_harness.planned()
    lease = await a_lease()
    assert lease.message.id == first.id
    await record_outcome(lease, BAD)
    assert not (await Webhook.get()).is_enabled
    assert await WebhookDelivery.filter(next_attempt_at__isnull=False).count() == 0
    told = await WebhookDelivery.get(id=waiting.id)
    assert (told.attempt, told.error) == (0, "The webhook was disabled before this was sent.")
    (entry,) = await AuditEntry.filter(action="WEBHOOK_DISABLED")
    assert (entry.actor_id, entry.object_id) == (None, webhook.id)
    assert entry.detail == "https://receiver.example: its receiver failed for a day"


async def test_one_success_in_that_day_keeps_it_enabled(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    failing = await webhook_harness.planned()
    await record_outcome(await a_lease(), BAD)
    await webhook_harness.planned()
    await record_outcome(await a_lease(), GOOD)
    await a_day_goes_by(webhook_harness)
    await record_outcome(await a_lease(), BAD)
    assert (await Webhook.get()).is_enabled
    delivery = await WebhookDelivery.get(id=failing.id)
    assert shown(delivery, "next_attempt_at", "delivered_at", "attempt") == (None, None, 18)


async def test_a_day_on_which_no_server_was_running_disables_nobody(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await record_outcome(await a_lease(), BAD)
    await webhook_harness.age(timedelta(hours=48))
    await record_outcome(await a_lease(), BAD)
    assert (await Webhook.get()).is_enabled
    assert (await the_delivery()).next_attempt_at is None


async def test_a_success_before_that_day_does_not_count(webhook_harness: WebhookHarness) -> None:
    await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await record_outcome(await a_lease(), GOOD)
    await webhook_harness.age(timedelta(hours=1))
    await webhook_harness.planned()
    await a_day_goes_by(webhook_harness)
    await record_outcome(await a_lease(), BAD)
    assert not (await Webhook.get()).is_enabled


async def test_410_disables_at_once(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    await record_outcome(await a_lease(), GONE)
    assert not (await Webhook.get()).is_enabled
    delivery = await the_delivery()
    assert shown(delivery, "status_code", "next_attempt_at") == (410, None)
    (entry,) = await AuditEntry.filter(action="WEBHOOK_DISABLED")
    assert (entry.object_id, entry.detail) == (webhook.id, "https://receiver.example: its receiver is gone (410)")


async def test_what_is_on_its_way_when_its_webhook_is_disabled_is_recorded_and_not_sent_again(
    webhook_harness: WebhookHarness,
) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    for _ in range(2):
        await webhook_harness.planned()
    arrives, fails = await a_lease(), await a_lease()
    await enable(webhook_harness, webhook, is_enabled=False)
    await record_outcome(arrives, GOOD)
    await record_outcome(fails, BAD)
    assert (await WebhookDelivery.get(id=arrives.message.id)).delivered_at is not None
    failed = await WebhookDelivery.get(id=fails.message.id)
    assert shown(failed, "status_code", "next_attempt_at") == (500, None)


async def test_a_webhook_that_is_enabled_again_begins_anew(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    lost = await a_lease()
    await enable(webhook_harness, webhook, is_enabled=False)
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    await webhook_harness.age(timedelta(hours=25))
    await enable(webhook_harness, webhook, is_enabled=True)
    assert await claim_delivery() is None
    planned = await webhook_harness.planned()
    lease = await a_lease()
    assert lease.message.id == planned.id != lost.message.id
    await record_outcome(lease, BAD)
    assert (await Webhook.get()).is_enabled


async def test_a_webhook_that_is_enabled_again_is_not_told_what_was_before(webhook_harness: WebhookHarness) -> None:
    webhook, _ = await webhook_harness.webhook(HOOK), await webhook_harness.webhook(HOOK)
    await enable(webhook_harness, webhook, is_enabled=False)
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    await enable(webhook_harness, webhook, is_enabled=True)
    assert await plan_deliveries() == 1
    await webhook_harness.jobs.put_into(JobStatus.CANCELLED)
    assert await plan_deliveries() == 2


async def test_an_outcome_for_a_webhook_that_was_deleted_is_dropped(webhook_harness: WebhookHarness) -> None:
    webhook = await webhook_harness.webhook(HOOK)
    await webhook_harness.planned()
    lease = await a_lease()
    await delete_webhook(webhook_harness.viewer, webhook.id)
    await record_outcome(lease, BAD)
    assert await WebhookDelivery.all().count() == 0
