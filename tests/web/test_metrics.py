"""Metrics: valid for Prometheus, bounded series."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Route

import web.metrics
from models import Job, WebhookDelivery
from models.fields import now
from tests.web_app import App, Served, until
from web.metrics import metrics_endpoint


def requests_counter(route: str, method: str, status: str) -> tuple[str, ...]:
    return ("waybill_http_requests_total", f"method={method}", f"route={route}", f"status={status}")


async def samples(app: App) -> dict[tuple[str, ...], float]:
    """Name and sorted labels of each line, and its value."""
    return await samples_of(app.http)


async def samples_of(http: httpx2.AsyncClient) -> dict[tuple[str, ...], float]:
    response = await http.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(response.text)
    lines = [line for family in families for line in family.samples]
    return {
        (line.name, *sorted(f"{name}={value}" for name, value in line.labels.items())): line.value for line in lines
    }


def operations_counter(type_: str, name: str, code: str) -> tuple[str, ...]:
    return ("waybill_graphql_operations_total", f"code={code}", f"name={name}", f"type={type_}")


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("query Mine { viewer { id } }", ("query", "viewer", "OK")),
        ("{ a: viewer { id } b: serverInfo { version } }", ("query", "several", "OK")),
        ("{ __typename }", ("query", "introspection", "OK")),
        ('{ job(id: "batch-1754556928-12a41dbec0f3") { id } }', ("query", "job", "UNAUTHENTICATED")),
        ("mutation { logout }", ("mutation", "logout", "UNAUTHENTICATED")),
        ("{ nonsense12345 }", ("query", "other", "GRAPHQL_VALIDATION_FAILED")),
        ("{", ("other", "other", "GRAPHQL_PARSE_FAILED")),
        ("subscription { jobsUpdated { id } }", ("subscription", "jobsUpdated", "BAD_INPUT")),
    ],
)
async def test_operations_are_counted_by_type_field_and_code(
    app: App, query: str, counted: tuple[str, str, str]
) -> None:
    before = (await samples(app)).get(operations_counter(*counted), 0)
    await app.ask(query)
    await app.ask(query)

    assert (await samples(app))[operations_counter(*counted)] == before + 2


async def test_names_that_clients_make_up_make_no_series(app: App) -> None:
    await app.ask("{ __typename }")
    await app.ask("query Nothing { nothing }")
    before = await samples(app)
    for number in range(30):
        await app.ask(f"query Name{number} {{ field{number}: field{number} }}")
        await app.ask(f"query Name{number} {{ alias{number}: __typename }}")

    assert {name for name in await samples(app) if "graphql" in name[0]} == {
        name for name in before if "graphql" in name[0]
    }


async def test_seconds_of_operations_are_told_but_not_of_subscriptions(app: App, live: Served) -> None:
    person = await app.person()
    query = ("waybill_graphql_operation_seconds_count", "name=viewer", "type=query")
    watch = operations_counter("subscription", "jobsUpdated", "OK")
    before = await samples(app)
    await app.ask("{ viewer { id } }", person)
    async with await live.wire_of(person) as wire:
        await wire.subscribe("{ viewer { id } }")
        await wire.next()
        await wire.receive()
        await wire.subscribe("subscription { jobsUpdated { id } }", "2")
        await until(lambda: app.listeners == 1)
    await until(lambda: app.listeners == 0)

    after = await samples(app)
    assert after[query] == before.get(query, 0) + 2
    assert after[watch] == before.get(watch, 0) + 1
    assert not any("type=subscription" in name for name in after if "seconds" in name[0])


async def test_failed_sign_ins_are_counted(app: App) -> None:
    before = (await samples(app))["waybill_sign_in_failures_total",]
    await app.ask('mutation { login(username: "admin", password: "wrong") { accessToken } }')

    assert (await samples(app))["waybill_sign_in_failures_total",] == before + 1


async def test_bytes_in_and_out_are_counted_by_route(app: App, live: Served) -> None:
    received, sent = ("waybill_received_bytes_total", "route=graphql"), ("waybill_sent_bytes_total", "route=graphql")
    before = await samples(app)
    content = b'{"query": "{ __typename }"}'
    response = await app.http.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    between = await samples(app)
    async with await live.wire() as wire:
        await wire.send('{"type": "ping"}')
        await wire.receive()

    after = await samples(app)
    assert between[received] == before.get(received, 0) + len(content)
    assert between[sent] == before.get(sent, 0) + len(response.content)
    assert after[received] == between[received] + len('{"type": "ping"}')
    assert after[sent] == between[sent] + len('{"type":"pong"}')


@pytest.fixture
async def fresh() -> AsyncIterator[httpx2.AsyncClient]:
    """A client of `/metrics` alone, where the numbers from the database are read each time."""
    transport = httpx2.ASGITransport(Starlette(routes=[Route("/metrics", metrics_endpoint(kept_seconds=0))]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_jobs_are_told_by_kind_and_status(app: App, fresh: httpx2.AsyncClient) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    waiting = ("waybill_jobs", "kind=counting", "status=PENDING")
    first = await samples_of(fresh)
    await Job.filter(id=job_id).update(queued_at=now() - timedelta(seconds=200))
    aged = await samples_of(fresh)
    await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)
    last = await samples_of(fresh)

    assert first[waiting] == 1
    assert 199 < aged["waybill_queue_age_seconds",] < 210
    assert waiting not in last
    assert last["waybill_jobs", "kind=counting", "status=CANCELLED"] == 1
    assert last["waybill_queue_age_seconds",] == 0


async def test_deliveries_of_webhooks_are_told_by_outcome(app: App, fresh: httpx2.AsyncClient) -> None:
    def told(found: dict[tuple[str, ...], float]) -> list[float]:
        return [found["waybill_webhook_deliveries", f"outcome={word}"] for word in ("delivered", "waiting", "failed")]

    first = await samples_of(fresh)
    shared: dict[str, Any] = {"webhook_id": "", "event": "", "payload": "", "created_at": now()}
    columns: list[dict[str, Any]] = [{"delivered_at": now()}, {"next_attempt_at": now()}, {}, {}]
    for number, more in enumerate(columns):
        await WebhookDelivery.create(id=f"delivery-{number}", **shared, **more)

    assert (told(first), told(await samples_of(fresh))) == ([0, 0, 0], [1, 1, 2])


async def test_the_database_is_not_asked_at_every_request(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def count() -> dict[tuple[str, str], int]:
        nonlocal asked
        asked += 1
        return {}

    monkeypatch.setattr(web.metrics, "count_jobs_by_kind", count)
    for _ in range(5):
        await samples(app)

    assert asked == 1


async def test_without_the_database_everything_else_is_told(
    app: App, fresh: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ConnectionError

    monkeypatch.setattr(web.metrics, "count_jobs_by_kind", fail)

    assert "waybill_sign_in_failures_total" in {name[0] for name in await samples_of(fresh)}


async def test_requests_are_counted_by_route_method_and_status(app: App) -> None:
    counter = requests_counter("files", "HEAD", "404")
    before = (await samples(app)).get(counter, 0)
    for number in range(3):
        await app.http.head(f"/files/upload-1754556928-{number:012x}~x", headers={"Tus-Resumable": "1.0.0"})

    after = await samples(app)
    assert after[counter] == before + 3
    assert all("upload-" not in label for name in after for label in name)


async def test_unknown_paths_and_methods_are_one_series(app: App) -> None:
    counter = requests_counter("other", "other", "404")
    before = (await samples(app)).get(counter, 0)
    await app.http.request("BREW", "/one")
    await app.http.request("BOIL", "/two/three")

    assert (await samples(app))[counter] == before + 2


async def test_subscribers_are_those_of_this_moment(app: App, live: Served) -> None:
    person = await app.person()
    wire = await live.wire_of(person)
    await wire.subscribe("subscription { jobsUpdated { id } }")
    await until(lambda: app.listeners == 1)

    assert (await samples(app))["waybill_subscribers",] == 1
    await wire.send({"id": "1", "type": "complete"})
    await until(lambda: app.listeners == 0)
    assert (await samples(app))["waybill_subscribers",] == 0
    await wire.connection.close()
