"""The meaning of null in every mutation that changes something."""

import pytest

from base.words import Role
from models import Job, User, Webhook
from tests.web_app import App

UPDATE_JOB = "mutation ($id: ID!, $input: UpdateJobInput!) { updateJob(id: $id, input: $input) { title priority } }"
UPDATE_USER = "mutation ($id: ID!, $role: Role, $off: Boolean, $password: String) { updateUser(id: $id, role: $role, isDisabled: $off, password: $password) { role isDisabled } }"
UPDATE_WEBHOOK = "mutation ($id: ID!, $url: String, $events: [String!], $on: Boolean) { updateWebhook(id: $id, url: $url, events: $events, isEnabled: $on) { url events isEnabled } }"


async def test_null_takes_the_title_of_a_job_away_and_an_absent_one_stays(app: App) -> None:
    person = await app.person()
    id_ = await app.batch(person, title="Mine", priority=5)
    changed = (await app.data(UPDATE_JOB, person, id=id_, input={"priority": 7}))["updateJob"]
    assert changed == {"title": "Mine", "priority": 7}
    changed = (await app.data(UPDATE_JOB, person, id=id_, input={"title": None}))["updateJob"]
    assert changed == {"title": None, "priority": 7}
    assert "mine" not in (await Job.get(id=id_)).search_text


@pytest.mark.parametrize("name", ["priority", "bandwidthLimit"])
async def test_null_leaves_what_a_job_always_has_as_it_is(app: App, name: str) -> None:
    person = await app.person()
    id_ = await app.batch(person, title="Mine", priority=5)
    changed = (await app.data(UPDATE_JOB, person, id=id_, input={name: None}))["updateJob"]
    assert changed == {"title": "Mine", "priority": 5}


async def test_null_leaves_a_user_as_they_are(app: App) -> None:
    admin, other = await app.person(Role.ADMIN), await app.person(password_hash="x")
    changed = await app.data(UPDATE_USER, admin, id=other.id, role=None, off=None, password=None)
    assert changed["updateUser"] == {"role": "USER", "isDisabled": False}
    assert (await User.get(id=other.id)).password_hash == "x"


async def test_null_leaves_a_webhook_as_it_is(app: App) -> None:
    person = await app.person()
    create = 'mutation { createWebhook(url: "https://example.com/a", events: ["batch.completed"]) { id } }'
    id_ = (await app.data(create, person))["createWebhook"]["id"]
    before = await Webhook.get(id=id_).values()
    changed = (await app.data(UPDATE_WEBHOOK, person, id=id_, url=None, events=None, on=None))["updateWebhook"]
    assert changed == {"url": "https://example.com/a", "events": ["batch.completed"], "isEnabled": True}
    assert await Webhook.get(id=id_).values() == before
