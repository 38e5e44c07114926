"""Prometheus reads what it can parse, and ids make no series of their own."""

from prometheus_client.parser import text_string_to_metric_families

from tests.web_app import App, Served, until


def requests_counter(route: str, method: str, status: str) -> tuple[str, ...]:
    return ("waybill_http_requests_total", f"method={method}", f"route={route}", f"status={status}")


async def samples(app: App) -> dict[tuple[str, ...], float]:
    """Name and sorted labels of each line, and its value."""
    response = await app.http.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(response.text)
    lines = [line for family in families for line in family.samples]
    return {
        (line.name, *sorted(f"{name}={value}" for name, value in line.labels.items())): line.value for line in lines
    }


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
