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
from tests.webhooks.desk_for_tests import Desk
from tests.workshop import viewer_of
from webhooks import turns
from webhooks.lifecycle import WebhookChanges, delete_webhook, update_webhook
from webhooks.planning import plan_deliveries
from webhooks.sending import Message, Outcome
from webhooks.turns import (
    LEASE_SECONDS,
    SENDING_PER_WEBHOOK,
    Turn,
    give_back,
    has_due_deliveries,
    pause_after,
    record_outcome,
    recover_turns,
    take_turn,
)

HOOK = "https://receiver.example/hook?key=hush"
GOOD, BAD, GONE = (
    Outcome(200, None),
    Outcome(500, "The receiver answered 500."),
    Outcome(410, "The receiver answered 410."),
)
STRANGER = viewer_of("user-1754556928-0000000000ff")


async def a_turn() -> Turn:
    turn = await take_turn()
    assert turn is not None
    return turn


async def the_delivery() -> WebhookDelivery:
    return await WebhookDelivery.get()


def shown(delivery: WebhookDelivery, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(delivery, name) for name in names)


async def seconds_until_due() -> float:
    """From now until the next attempt of the only delivery."""
    delivery = await the_delivery()
    assert delivery.next_attempt_at is not None
    return (delivery.next_attempt_at - now()).total_seconds()


async def enable(desk: Desk, webhook: Webhook, *, is_enabled: bool) -> Webhook:
    return await update_webhook(
        desk.viewer, webhook.id, WebhookChanges(is_enabled=is_enabled), is_private_allowed=False
    )


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


# ----------------------------------------------------------------------------------------------------- turns


async def test_a_delivery_is_taken_once_and_is_over_when_it_arrived(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    planned = await desk.planned()
    assert await has_due_deliveries()
    turn = await a_turn()
    assert turn.webhook.id == webhook.id
    assert turn.message == Message(planned.id, planned.event, planned.payload.encode(), 1)
    assert [await take_turn(), await has_due_deliveries()] == [None, False]
    await record_outcome(turn, GOOD)
    delivery = await the_delivery()
    assert shown(delivery, "attempt", "status_code", "error", "next_attempt_at") == (1, 200, None, None)
    assert delivery.delivered_at is not None
    assert (await Webhook.get()).succeeded_at is not None
    await desk.age(timedelta(days=2))
    assert await take_turn() is None


async def test_senders_at_once_take_each_delivery_once(desk: Desk) -> None:
    for webhook in [await desk.webhook(HOOK) for _ in range(10)]:
        await add_due(webhook, 3)
    taken = [turn for turn in await asyncio.gather(*(take_turn() for _ in range(40))) if turn]
    while turn := await take_turn():
        taken.append(turn)
    ids = [turn.message.id for turn in taken]
    assert (len(ids), len(set(ids))) == (30, 30)


async def test_a_turn_whose_sender_is_lost_goes_to_another_and_the_lost_one_records_nothing(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    lost = await a_turn()
    assert 0 < await seconds_until_due() <= LEASE_SECONDS
    await desk.age(timedelta(seconds=LEASE_SECONDS + 1))
    turn = await a_turn()
    assert (turn.message.id, turn.attempt) == (lost.message.id, 2)
    await record_outcome(lost, BAD)
    await give_back(lost)
    assert (await the_delivery()).is_sending
    await record_outcome(turn, GOOD)
    await record_outcome(lost, BAD)
    delivery = await the_delivery()
    assert shown(delivery, "status_code", "error", "attempt") == (200, None, 2)


async def test_a_turn_that_is_given_back_is_due_at_once(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await give_back(await a_turn())
    assert (await a_turn()).attempt == 2


async def test_an_embedded_server_takes_back_what_the_one_before_had(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await a_turn()
    await recover_turns()
    assert (await a_turn()).attempt == 2


async def test_one_receiver_has_so_many_messages_on_their_way_and_no_more(desk: Desk) -> None:
    slow, other = await desk.webhook(HOOK), await desk.webhook(HOOK)
    await add_due(slow, 50)
    taken = [turn for turn in await asyncio.gather(*(take_turn() for _ in range(20))) if turn]
    while turn := await take_turn():
        taken.append(turn)
    assert len(taken) == SENDING_PER_WEBHOOK
    assert not await has_due_deliveries()
    await add_due(other, 1)
    assert (await a_turn()).webhook.id == other.id
    await record_outcome(taken[0], BAD)
    assert (await a_turn()).webhook.id == slow.id


async def test_the_owner_with_the_fewest_on_their_way_goes_first(desk: Desk) -> None:
    await User.create(id=STRANGER.user_id, username="eve")
    for webhook in [await desk.webhook(HOOK) for _ in range(3)]:
        await add_due(webhook, 2)
    for _ in range(2):
        await a_turn()
    theirs = await desk.webhook(HOOK, viewer=Viewer(STRANGER.user_id, STRANGER.role, "", None))
    await add_due(theirs, 1)
    assert (await a_turn()).webhook.id == theirs.id


async def test_those_of_one_webhook_go_in_their_order(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    await add_due(webhook, 3)
    assert [(await a_turn()).message.id[-4:] for _ in range(3)] == ["0000", "0001", "0002"]


async def test_the_webhooks_of_a_disabled_user_wait(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await User.all().update(is_disabled=True)
    assert [await take_turn(), await has_due_deliveries()] == [None, False]
    await User.all().update(is_disabled=False)
    assert await take_turn() is not None


async def test_choosing_reads_no_delivery_that_is_over(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    await add_due(webhook, 1_000)
    await WebhookDelivery.all().update(next_attempt_at=None, delivered_at=now())
    db = get_connection("default")
    if db.capabilities.dialect == "postgres":
        await db.execute_script("ANALYZE webhook_deliveries")
    explain = "EXPLAIN" if db.capabilities.dialect == "postgres" else "EXPLAIN QUERY PLAN"
    rows = await db.execute_query_dict(f"{explain} SELECT 1 {turns._ready(db)} LIMIT 1")
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


async def test_a_failed_attempt_is_made_again_after_a_pause(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await record_outcome(await a_turn(), BAD)
    delivery = await the_delivery()
    assert (delivery.attempt, delivery.status_code, delivery.error) == (1, 500, "The receiver answered 500.")
    assert shown(delivery, "delivered_at", "is_sending") == (None, False)
    assert 3 <= await seconds_until_due() <= 6.1
    assert await take_turn() is None
    await desk.age(timedelta(seconds=7))
    turn = await a_turn()
    assert turn.attempt == 2
    await record_outcome(turn, Outcome(None, "The receiver did not answer within 15 s."))
    delivery = await the_delivery()
    assert (delivery.status_code, delivery.error) == (None, "The receiver did not answer within 15 s.")
    assert 23 <= await seconds_until_due() <= 36.1


async def test_a_message_is_tried_for_24_hours_and_a_last_time_at_their_end(desk: Desk) -> None:
    """The database's clock is moved on to each next attempt."""
    await desk.webhook(HOOK)
    planned = await desk.planned()
    spent = 0.0
    while (await the_delivery()).next_attempt_at is not None:
        pause = max(await seconds_until_due(), 0) + 0.001
        await desk.age(timedelta(seconds=pause))
        spent += pause
        turn = await a_turn()
        assert turn.message.id == planned.id
        await record_outcome(turn, BAD)
    assert abs(spent - 24 * 3_600) < 5
    assert 15 <= (await the_delivery()).attempt <= 25
    assert not await has_due_deliveries()


async def test_a_wait_beyond_the_24_hours_ends_with_them(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await record_outcome(await a_turn(), Outcome(503, "The receiver answered 503.", timedelta(days=30)))
    assert 24 * 3_600 - 10 <= await seconds_until_due() <= 24 * 3_600


# ------------------------------------------------------------------------------------------- the end of a webhook


async def a_day_goes_by(desk: Desk) -> None:
    """With all the attempts that are made in one."""
    await WebhookDelivery.filter(next_attempt_at__isnull=False, is_sending=False).update(attempt=17)
    await desk.age(timedelta(hours=24))


async def test_a_day_of_nothing_but_failures_disables_a_webhook(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    first = await desk.planned()
    await a_day_goes_by(desk)
    waiting = await desk.planned()
    turn = await a_turn()
    assert turn.message.id == first.id
    await record_outcome(turn, BAD)
    assert not (await Webhook.get()).is_enabled
    assert await WebhookDelivery.filter(next_attempt_at__isnull=False).count() == 0
    told = await WebhookDelivery.get(id=waiting.id)
    assert (told.attempt, told.error) == (0, "The webhook was disabled before this was sent.")
    (entry,) = await AuditEntry.filter(action="WEBHOOK_DISABLED")
    assert (entry.actor_id, entry.object_id) == (None, webhook.id)
    assert entry.detail == "https://receiver.example: its receiver failed for a day"


async def test_one_success_in_that_day_keeps_it_enabled(desk: Desk) -> None:
    await desk.webhook(HOOK)
    failing = await desk.planned()
    await record_outcome(await a_turn(), BAD)
    await desk.planned()
    await record_outcome(await a_turn(), GOOD)
    await a_day_goes_by(desk)
    await record_outcome(await a_turn(), BAD)
    assert (await Webhook.get()).is_enabled
    delivery = await WebhookDelivery.get(id=failing.id)
    assert shown(delivery, "next_attempt_at", "delivered_at", "attempt") == (None, None, 18)


async def test_a_day_on_which_no_server_was_running_disables_nobody(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await record_outcome(await a_turn(), BAD)
    await desk.age(timedelta(hours=48))
    await record_outcome(await a_turn(), BAD)
    assert (await Webhook.get()).is_enabled
    assert (await the_delivery()).next_attempt_at is None


async def test_a_success_before_that_day_does_not_count(desk: Desk) -> None:
    await desk.webhook(HOOK)
    await desk.planned()
    await record_outcome(await a_turn(), GOOD)
    await desk.age(timedelta(hours=1))
    await desk.planned()
    await a_day_goes_by(desk)
    await record_outcome(await a_turn(), BAD)
    assert not (await Webhook.get()).is_enabled


async def test_410_disables_at_once(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    await desk.planned()
    await record_outcome(await a_turn(), GONE)
    assert not (await Webhook.get()).is_enabled
    delivery = await the_delivery()
    assert shown(delivery, "status_code", "next_attempt_at") == (410, None)
    (entry,) = await AuditEntry.filter(action="WEBHOOK_DISABLED")
    assert (entry.object_id, entry.detail) == (webhook.id, "https://receiver.example: its receiver is gone (410)")


async def test_what_is_on_its_way_when_its_webhook_is_disabled_is_recorded_and_not_sent_again(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    for _ in range(2):
        await desk.planned()
    arrives, fails = await a_turn(), await a_turn()
    await enable(desk, webhook, is_enabled=False)
    await record_outcome(arrives, GOOD)
    await record_outcome(fails, BAD)
    assert (await WebhookDelivery.get(id=arrives.message.id)).delivered_at is not None
    failed = await WebhookDelivery.get(id=fails.message.id)
    assert shown(failed, "status_code", "next_attempt_at") == (500, None)


async def test_a_webhook_that_is_enabled_again_begins_anew(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    await desk.planned()
    lost = await a_turn()
    await enable(desk, webhook, is_enabled=False)
    await desk.shop.put_into(JobStatus.CANCELLED)
    await desk.age(timedelta(hours=25))
    await enable(desk, webhook, is_enabled=True)
    assert await take_turn() is None
    planned = await desk.planned()
    turn = await a_turn()
    assert turn.message.id == planned.id != lost.message.id
    await record_outcome(turn, BAD)
    assert (await Webhook.get()).is_enabled


async def test_a_webhook_that_is_enabled_again_is_not_told_what_was_before(desk: Desk) -> None:
    webhook, _ = await desk.webhook(HOOK), await desk.webhook(HOOK)
    await enable(desk, webhook, is_enabled=False)
    await desk.shop.put_into(JobStatus.CANCELLED)
    await enable(desk, webhook, is_enabled=True)
    assert await plan_deliveries() == 1
    await desk.shop.put_into(JobStatus.CANCELLED)
    assert await plan_deliveries() == 2


async def test_an_outcome_for_a_webhook_that_was_deleted_is_dropped(desk: Desk) -> None:
    webhook = await desk.webhook(HOOK)
    await desk.planned()
    turn = await a_turn()
    await delete_webhook(desk.viewer, webhook.id)
    await record_outcome(turn, BAD)
    assert await WebhookDelivery.all().count() == 0
