"""Webhooks, as clients ask for them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from base.words import Role
from models import AuditEntry, User, Webhook, WebhookDelivery
from models.fields import now
from models.ids import new_id
from processors.registry import references
from tests.statements import counted_statements
from tests.web_app import App, Person, opened_app
from tests.webhooks.receiver_for_tests import Receiver, receiving

CREATE = """mutation ($url: String!, $events: [String!]!) {
  createWebhook(url: $url, events: $events) { id url events isEnabled createdAt secret deliveries { id } } }"""
UPDATE = """mutation ($id: ID!, $url: String, $events: [String!], $on: Boolean, $anew: Boolean! = false) {
  updateWebhook(id: $id, url: $url, events: $events, isEnabled: $on, newSecret: $anew) { id url events isEnabled secret } }"""
DELETE = "mutation ($id: ID!) { deleteWebhook(id: $id) }"
TEST = """mutation ($id: ID!) {
  testWebhook(id: $id) { id event jobId attempt statusCode error deliveredAt nextAttemptAt } }"""
LIST = "{ webhooks { id url secret isEnabled } }"
NODE = "query ($id: ID!) { node(id: $id) { id ... on Webhook { url secret events } } }"
DELIVERIES = """query ($first: Int! = 50) { webhooks { id deliveries(first: $first) {
  id event jobId attempt statusCode error deliveredAt nextAttemptAt } } }"""
HOOK = "https://receiver.example/hook?key=hush"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def never(*_: object) -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def intranet(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """The application where webhooks may be sent to this machine, by wake-ups alone: nothing sweeps."""
    monkeypatch.setattr("background.deliveries.sweep_deliveries_forever", never)
    monkeypatch.setitem(references(), "counting", "tests.kinds:COUNTING")
    async with opened_app(tmp_path, empty_database, webhook_allow_private=True) as app:
        yield app


async def created(app: App, who: Person, url: str = HOOK, *events: str) -> dict[str, Any]:
    given = {"url": url, "events": list(events or ["batch.completed", "job.cancelled"])}
    webhook: dict[str, Any] = (await app.data(CREATE, who, **given))["createWebhook"]
    return webhook


async def newest_delivery(app: App, who: Person) -> dict[str, Any]:
    """Of the only webhook."""
    (webhook,) = (await app.data(DELIVERIES, who, first=1))["webhooks"]
    delivery: dict[str, Any] = webhook["deliveries"][0]
    return delivery


async def test_the_secret_is_shown_once(app: App) -> None:
    person = await app.person()
    webhook = await created(app, person)
    assert webhook["secret"].startswith("whsec_")
    assert (webhook["url"], webhook["events"], webhook["isEnabled"], webhook["deliveries"]) == (
        HOOK,
        ["batch.completed", "job.cancelled"],
        True,
        [],
    )
    assert (await app.data(LIST, person))["webhooks"] == [
        {"id": webhook["id"], "url": HOOK, "secret": None, "isEnabled": True}
    ]
    node = (await app.data(NODE, person, id=webhook["id"]))["node"]
    assert node == {"id": webhook["id"], "url": HOOK, "secret": None, "events": webhook["events"]}
    updated = (await app.data(UPDATE, person, id=webhook["id"], events=["task.failed"]))["updateWebhook"]
    assert (updated["secret"], updated["events"], updated["url"]) == (None, ["task.failed"], HOOK)
    assert (await Webhook.get()).secret == webhook["secret"]


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/hook?key=hush", "https://receiver.example:8443/hook", "http://receiver.example/hook",
        "https://receiver.example.:443/hook",
    ],
)  # fmt: skip
async def test_another_receiver_gets_another_secret_which_is_shown_once(app: App, url: str) -> None:
    person = await app.person()
    webhook = await created(app, person)
    updated = (await app.data(UPDATE, person, id=webhook["id"], url=url))["updateWebhook"]
    assert updated["secret"].startswith("whsec_")
    assert updated["secret"] != webhook["secret"]
    assert (await Webhook.get()).secret == updated["secret"]
    assert (await app.data(UPDATE, person, id=webhook["id"], url=url))["updateWebhook"]["secret"] is None
    back = (await app.data(UPDATE, person, id=webhook["id"], url=HOOK))["updateWebhook"]
    assert back["secret"] not in {None, webhook["secret"], updated["secret"]}


@pytest.mark.parametrize("url", ["https://receiver.example/other?key=new", "https://RECEIVER.example:443/hook"])
async def test_another_path_of_the_same_receiver_keeps_the_secret_unless_another_is_asked_for(
    app: App, url: str
) -> None:
    person = await app.person()
    webhook = await created(app, person)
    assert (await app.data(UPDATE, person, id=webhook["id"], url=url))["updateWebhook"]["secret"] is None
    assert (await Webhook.get()).secret == webhook["secret"]
    anew = (await app.data(UPDATE, person, id=webhook["id"], anew=True))["updateWebhook"]
    assert anew["secret"] not in {None, webhook["secret"]}
    assert ((await Webhook.get()).secret, (await Webhook.get()).url) == (anew["secret"], url)


async def test_a_message_that_waited_is_signed_for_the_receiver_it_goes_to(intranet: App, receiver: Receiver) -> None:
    person = await intranet.person()
    webhook = await created(intranet, person, "http://127.0.0.1:1/")
    moved = (await intranet.data(UPDATE, person, id=webhook["id"], url=receiver.url))["updateWebhook"]
    await intranet.data(TEST, person, id=webhook["id"])
    (request,) = receiver.received
    assert request.is_signed_with(moved["secret"])
    with pytest.raises(WebhookVerificationError):
        request.is_signed_with(webhook["secret"])


async def test_a_test_does_not_tell_which_names_there_are_inside(app: App, receiver: Receiver) -> None:
    person, told = await app.person(), []
    for url in (
        f"http://localhost:{receiver.port}/", "http://localhost:1/", "http://no-such-host.invalid/", "http://0x7f.1:1/",
    ):  # fmt: skip
        webhook = await created(app, person, url)
        told.append((await app.data(TEST, person, id=webhook["id"]))["testWebhook"])
        await app.data(DELETE, person, id=webhook["id"])
    seen = [{name: value for name, value in one.items() if name != "id"} for one in told]
    assert seen == [seen[0]] * 4
    assert receiver.received == []


@pytest.mark.parametrize(
    ("url", "events", "code", "field"),
    [
        ("ftp://receiver.example/", ["task.failed"], "BAD_INPUT", "url"),
        ("https://user:pass@receiver.example/", ["task.failed"], "BAD_INPUT", "url"),
        ("http://169.254.169.254/latest", ["task.failed"], "URL_NOT_ALLOWED", "url"),
        (HOOK, [], "BAD_INPUT", "events"),
        (HOOK, ["task.failed", "nonsense"], "BAD_INPUT", "events"),
    ],
)
async def test_what_no_webhook_can_be_is_refused_and_changes_nothing(
    app: App, url: str, events: list[str], code: str, field: str
) -> None:
    person = await app.person()
    answer = await app.ask(CREATE, person, url=url, events=events)
    assert (answer.code, answer.field) == (code, field)
    webhook = await created(app, person)
    answer = await app.ask(UPDATE, person, id=webhook["id"], url=url, events=events)
    assert (answer.code, answer.field) == (code, field)
    assert [(one.url, one.events) for one in await Webhook.all()] == [(HOOK, webhook["events"])]


async def test_a_user_has_at_most_twenty(app: App) -> None:
    person = await app.person()
    first = await created(app, person)
    rows = [
        Webhook(id=new_id("webhook"), owner_id=person.id, url=HOOK, events=[], secret="x", after_event_id=0)
        for _ in range(19)
    ]
    await Webhook.bulk_create(rows)
    assert (await app.ask(CREATE, person, url=HOOK, events=["task.failed"])).code == "QUOTA_EXCEEDED"
    await app.data(DELETE, person, id=first["id"])
    await created(app, person)
    await created(app, await app.person())


async def test_who_has_no_jobs_of_their_own_has_no_webhook(app: App) -> None:
    nameless = await app.sign_in(await User.create(id=new_id("user"), is_anonymous=True))
    for person in (nameless, await app.person(Role.WORKER)):
        assert (await app.ask(CREATE, person, url=HOOK, events=["task.failed"])).code == "FORBIDDEN"
        assert (await app.data(LIST, person))["webhooks"] == []
    assert await Webhook.all().count() == 0


async def test_somebody_elses_webhook_is_not_there_but_for_admins(app: App) -> None:
    person, stranger, admin = await app.person(), await app.person(), await app.person(Role.ADMIN)
    webhook = await created(app, person)
    for query in (UPDATE, DELETE, TEST, NODE):
        assert (await app.ask(query, stranger, id=webhook["id"])).code == "WEBHOOK_NOT_FOUND"
        unknown = await app.ask(query, stranger, id="webhook-1754556928-12a41dbec0f3")
        assert unknown.errors[0]["message"] == "There is no such webhook."
        assert (await app.ask(query, stranger, id="nonsense")).code == "INVALID_ID"
    assert (await app.data(LIST, stranger))["webhooks"] == (await app.data(LIST, admin))["webhooks"] == []
    assert (await app.data(UPDATE, admin, id=webhook["id"], on=False))["updateWebhook"]["isEnabled"] is False
    assert await app.data(DELETE, admin, id=webhook["id"]) == {"deleteWebhook": webhook["id"]}
    assert (await app.ask(DELETE, person, id=webhook["id"])).code == "WEBHOOK_NOT_FOUND"


async def test_the_audit_log_says_what_became_of_it_without_its_secrets(app: App) -> None:
    person = await app.person()
    webhook = await created(app, person)
    await app.data(UPDATE, person, id=webhook["id"], url="https://other.example/?key=hush", on=False)
    await app.data(UPDATE, person, id=webhook["id"], on=False)  # as it is already
    await app.data(UPDATE, person, id=webhook["id"], events=["task.failed"], on=True)
    await app.data(DELETE, person, id=webhook["id"])
    entries = await AuditEntry.filter(object_id=webhook["id"]).order_by("id")
    assert [(entry.action, entry.actor_id, entry.detail) for entry in entries] == [
        ("WEBHOOK_CREATED", person.id, "https://receiver.example"),
        ("WEBHOOK_CHANGED", person.id, "https://other.example; disabled; another secret"),
        ("WEBHOOK_CHANGED", person.id, "task.failed; enabled"),
        ("DELETED", person.id, "https://other.example"),
    ]


async def test_a_test_is_sent_at_once_and_answered(intranet: App, receiver: Receiver) -> None:
    person = await intranet.person()
    webhook = await created(intranet, person, receiver.url)
    told = (await intranet.data(TEST, person, id=webhook["id"]))["testWebhook"]
    (request,) = receiver.received
    assert request.is_signed_with(webhook["secret"])
    assert (request.id, request.json["type"], request.json["data"]) == (
        told["id"],
        "webhook.test",
        {"id": webhook["id"]},
    )
    assert told.pop("deliveredAt") is not None
    assert told == {
        "id": request.id, "event": "webhook.test", "jobId": None, "attempt": 1, "statusCode": 200, "error": None,
        "nextAttemptAt": None,
    }  # fmt: skip


async def test_a_test_that_fails_says_why_and_does_not_count(intranet: App, receiver: Receiver) -> None:
    person = await intranet.person()
    webhook = await created(intranet, person, receiver.url)
    receiver.status = 410
    told = (await intranet.data(TEST, person, id=webhook["id"]))["testWebhook"]
    assert (told["statusCode"], told["error"], told["deliveredAt"], told["nextAttemptAt"]) == (
        410,
        "The receiver answered 410.",
        None,
        None,
    )
    assert (await Webhook.get()).is_enabled
    assert (await Webhook.get()).succeeded_at is None
    await intranet.data(UPDATE, person, id=webhook["id"], on=False)
    receiver.status = 200
    again = (await intranet.data(TEST, person, id=webhook["id"]))["testWebhook"]
    assert (again["statusCode"], len(receiver.received)) == (200, 2)
    assert [delivery.id for delivery in await WebhookDelivery.all()] == [again["id"]]


async def test_a_test_of_a_receiver_that_hangs_is_answered(intranet: App, receiver: Receiver) -> None:
    intranet.services.request.sender.timeout_seconds = 0.2
    person = await intranet.person()
    webhook = await created(intranet, person, receiver.url)
    receiver.may_answer.clear()
    told = (await intranet.data(TEST, person, id=webhook["id"]))["testWebhook"]
    assert (told["statusCode"], told["error"]) == (None, "The receiver did not answer within 0.2 s.")


async def test_a_test_goes_to_no_private_address_either(app: App, receiver: Receiver) -> None:
    person = await app.person()
    webhook = await created(app, person, f"http://localhost:{receiver.port}/")
    told = (await app.data(TEST, person, id=webhook["id"]))["testWebhook"]
    assert told["error"] == "This name is unknown, or leads to no address that webhooks may be sent to."
    assert receiver.received == []


async def test_the_deliveries_are_read_newest_first_with_one_statement(app: App) -> None:
    person = await app.person()
    webhooks = [await created(app, person) for _ in range(3)]
    for webhook in webhooks:
        for number in range(4):
            await WebhookDelivery.create(
                id=f"delivery-{webhook['id']}-{number}", webhook_id=webhook["id"], job_id="batch-1754556928-12a41dbec0f3",
                event_id=number, event="batch.completed", payload="{}", attempt=number, status_code=500, error="It failed.",
                created_at=now() + timedelta(seconds=number), next_attempt_at=now(),
            )  # fmt: skip
    with counted_statements() as statements:
        found = (await app.data(DELIVERIES, person, first=3))["webhooks"]
    assert sorted(webhook["id"] for webhook in found) == sorted(webhook["id"] for webhook in webhooks)
    for webhook in found:
        assert [delivery["attempt"] for delivery in webhook["deliveries"]] == [3, 2, 1]
        newest = webhook["deliveries"][0]
        assert (newest["event"], newest["jobId"]) == ("batch.completed", "batch-1754556928-12a41dbec0f3")
        assert (newest["statusCode"], newest["error"], newest["deliveredAt"]) == (500, "It failed.", None)
        assert newest["nextAttemptAt"] is not None
    assert len([text for text in statements if "webhook_deliveries" in text]) == 1
    for first in (-1, 101):
        answer = await app.ask(DELIVERIES, person, first=first)
        assert (answer.codes[0], answer.field) == ("BAD_INPUT", "first")


async def test_a_job_that_ends_is_delivered_by_the_server_and_shown(intranet: App, receiver: Receiver) -> None:
    person = await intranet.person()
    webhook = await created(intranet, person, receiver.url, "job.cancelled")
    job_id = await intranet.batch(person, title="March", autoStart=False)
    await intranet.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)
    await receiver.until(1)
    (request,) = receiver.received
    assert request.is_signed_with(webhook["secret"])
    assert (request.json["type"], request.json["data"]["id"]) == ("job.cancelled", job_id)
    async with asyncio.timeout(30):
        while (delivery := await newest_delivery(intranet, person))["deliveredAt"] is None:  # noqa: ASYNC110  nothing tells it
            await asyncio.sleep(0.02)
    assert (delivery["id"], delivery["jobId"], delivery["attempt"], delivery["statusCode"]) == (
        request.id,
        job_id,
        1,
        200,
    )
