"""Downloads over GraphQL: started, shown, listed, watched and changed; nothing is fetched here."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from auth.keys import Keys
from auth.sealing import Sealer
from base.words import ItemStatus, JobStatus, Role
from downloads.download_options import DownloadOptions
from downloads.secrets import PURPOSE, open_headers, open_url
from models import Item, Job
from models.fields import now
from models.ids import new_id
from tests.databases import read_tables
from tests.resolvers.downloads_for_tests import SECRETS, SETTINGS, SHOWN, START, URL, begin, change, start
from tests.resolvers.live_for_tests import say
from tests.web_app import SECRET, App, Served, opened_app, until


async def test_each_url_becomes_a_download_and_a_bad_one_stops_no_other(app: App) -> None:
    person = await app.person()
    urls = [URL, "ftp://example.org/a", "nonsense", "http://127.0.0.1/a", "http://[::1]/a", "https://example.org/b"]

    answers = await start(app, person, *urls, title="Both", externalId="key", priority=3)

    assert [answer["url"] for answer in answers] == urls
    codes = [answer["error"] and answer["error"]["code"] for answer in answers]
    assert codes == [None, "URL_NOT_ALLOWED", "BAD_INPUT", "URL_NOT_ALLOWED", "URL_NOT_ALLOWED", None]
    assert [answer["download"] for answer in answers[1:-1]] == [None] * 4
    first, last = answers[0]["download"], answers[-1]["download"]
    assert first == {"id": first["id"], "url": URL, "status": "PENDING", "title": "Both", "externalId": "key/0", "priority": 3}  # fmt: skip
    assert (last["url"], last["externalId"]) == (urls[-1], "key/5")
    assert await Job.all().count() == 2


async def test_the_same_key_answers_the_same_downloads(app: App) -> None:
    person = await app.person()
    once = await start(app, person, URL, URL, externalId="key")
    again = await start(app, person, URL, URL, externalId="key")
    alone = await start(app, person, URL, externalId="alone")

    assert again == once
    assert once[0]["download"]["id"] != once[1]["download"]["id"]
    assert alone[0]["download"]["externalId"] == "alone"


async def test_a_key_of_a_job_of_another_type_is_an_error_of_its_url(app: App) -> None:
    person = await app.person()
    await app.batch(person, externalId="key")

    (answer,) = await start(app, person, URL, externalId="key")

    assert (answer["download"], answer["error"]["code"], answer["error"]["isRetryable"]) == (None, "DUPLICATE", False)


async def test_a_used_up_quota_is_an_error_of_each_url_that_may_be_tried_again(
    tmp_path: Path, empty_database: Path
) -> None:
    async with opened_app(tmp_path, empty_database, unfinished_jobs_per_user=1) as app:
        answers = await start(app, await app.person(), URL, URL)

    assert [answer["error"] and answer["error"]["code"] for answer in answers] == [None, "QUOTA_EXCEEDED"]
    assert answers[1]["error"]["isRetryable"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"urls": []}, "input.urls"),
        ({"urls": [URL] * 1_001}, "input.urls"),
        ({"title": "x" * 501}, "input.title"),
        ({"urls": [URL] * 10, "externalId": "x" * 253}, "input.externalId"),
        ({"priority": 101}, "input.priority"),
        ({"options": {"maxRetries": -1}}, "input.options.maxRetries"),
        ({"options": {"minFileSize": 2, "maxFileSize": 1}}, "input.options.maxFileSize"),
        ({"options": {"headers": [{"name": "Host", "value": "a"}]}}, "input.options.headers.0"),
        ({"options": {"proxyMode": "CUSTOM"}}, "input.options.proxyUrl"),
        ({"options": {"expectedSha256": "ab"}}, "input.options.expectedSha256"),
    ],
)
async def test_what_is_wrong_for_all_urls_is_refused_with_its_field(
    app: App, values: dict[str, Any], field: str
) -> None:
    answer = await app.ask(START, await app.person(), input={"urls": [URL], **values})

    assert (answer.code, answer.field) == ("BAD_INPUT", field)
    assert await Job.all().count() == 0


async def test_a_thousand_urls_are_begun_within_the_deadline_of_an_operation(app: App) -> None:
    person = await app.person()
    began = time.monotonic()

    answers = await start(app, person, *(f"https://example.org/{number}" for number in range(1_000)))

    assert all(answer["download"] for answer in answers)
    assert time.monotonic() - began < app.services.request.settings.operation_timeout.total_seconds()


async def test_workers_start_no_downloads(app: App) -> None:
    assert (await app.ask(START, await app.person(Role.WORKER), input={"urls": [URL]})).code == "FORBIDDEN"


async def test_no_credential_and_no_header_value_is_stored_or_shown(app: App) -> None:
    person = await app.person()
    options = {"headers": [{"name": "X-Api-Key", "value": "s3cr3t-value"}]}
    url = "https://me:hunter2@example.org/a.zip"

    (answer,) = await start(app, person, url, options=options)

    assert (answer["url"], answer["download"]["url"]) == (URL, URL)
    download_id = answer["download"]["id"]
    shown = await app.ask(SETTINGS, person, id=download_id)
    rows = str(await read_tables())
    assert shown.data is not None
    assert shown.data["download"]["settings"]["headerNames"] == ["X-Api-Key"]
    assert not any(secret in text for secret in SECRETS for text in (rows, shown.response.text))
    stored = DownloadOptions.model_validate((await Job.get(id=download_id)).options)
    sealer = Sealer(Keys(SECRET), PURPOSE)
    assert open_url(sealer, stored) == url
    assert open_headers(sealer, stored) == (("X-Api-Key", "s3cr3t-value"),)


async def test_a_refused_url_is_answered_without_its_credentials(app: App) -> None:
    (answer,) = await start(app, await app.person(), "ftp://me:hunter2@example.org/a")

    assert answer["url"] == "ftp://example.org/a"
    assert "hunter2" not in orjson.dumps(answer).decode()


async def test_settings_are_the_options_with_their_defaults(app: App) -> None:
    person = await app.person()
    options = {
        "includeVideos": False, "maxRetries": 0, "minFileSize": 5_000_000_000, "dateFrom": "2026-01-01T00:00:00Z",
        "excludeExtensions": [".JPG", "png"], "userAgent": "Mine/1", "bandwidthLimit": 100, "onDuplicate": "DOWNLOAD",
        "expectedSha256": "AB" * 32,
    }  # fmt: skip
    plain, special = await begin(app, person), await begin(app, person, options=options)

    default = (await app.data(SETTINGS, person, id=plain))["download"]["settings"]
    assert default == {
        "includeImages": True, "includeVideos": True, "includeArchives": True, "includeDocuments": True, "includeOther": True,
        "maxRetries": 3, "retryInterval": 2.0, "chunkSize": 1_048_576, "timeout": 0.0, "connectTimeout": 10.0, "readTimeout": 60.0,
        "minFileSize": 0, "maxFileSize": 0, "dateFrom": None, "dateTo": None, "excludeExtensions": [], "proxyMode": "NONE",
        "proxyUrl": None, "userAgent": None, "bandwidthLimit": 0, "onDuplicate": "SKIP", "followLinks": True, "headerNames": [],
        "expectedSha256": None,
    }  # fmt: skip
    shown = (await app.data(SETTINGS, person, id=special))["download"]["settings"]
    changed = {**options, "dateFrom": "2026-01-01T00:00:00.000Z", "excludeExtensions": ["jpg", "png"]}
    assert shown == {**default, **changed}


async def test_a_new_download_is_shown_with_what_is_known_of_it(app: App) -> None:
    person = await app.person()
    download_id = await begin(app, person)

    assert (await app.data(SHOWN, person, id=download_id))["download"] == {
        "id": download_id, "kind": "download", "status": "PENDING", "url": URL, "finalUrl": None, "resumable": None,
        "skipReason": None, "hosts": [], "duplicateOf": None, "activeItems": [], "actions": ["PAUSE", "CANCEL"],
        "stages": [{"name": name, "status": "PENDING"} for name in ("resolve", "fetch", "finish")],
        "progress": {"totalBytes": None, "processedBytes": 0, "bytesPerSecond": None, "etaSeconds": None},
        "uploads": {"totalCount": 0},
    }  # fmt: skip


async def test_a_running_download_tells_its_files_hosts_rate_and_end(app: App) -> None:
    person = await app.person()
    download_id = await begin(app, person)
    moment = now().timestamp()
    hosts = [{"name": "example.org", "activeTransfers": 1, "waitingUntil": 1_800_000_000.0}]
    told = {"finalUrl": "https://cdn.example/a.zip", "resumable": True, "bytesPerSecond": 25.0, "hosts": hosts}
    columns = {"status": JobStatus.PROCESSING, "working_since": moment, "progressed_at": moment}
    await change(app, download_id, **columns, total_bytes=1_000, processed_bytes=500, download=told)
    for index, status in enumerate((ItemStatus.COMPLETED, ItemStatus.PROCESSING)):
        await Item.create(
            id=new_id("item"), job_id=download_id, index=index, name="a.zip", status=status, url=URL, size_bytes=9,
            processed_bytes=4,
        )  # fmt: skip

    shown = (await app.data(SHOWN, person, id=download_id))["download"]

    assert (shown["finalUrl"], shown["resumable"]) == ("https://cdn.example/a.zip", True)
    assert shown["activeItems"] == [{"index": 1, "name": "a.zip", "url": URL, "size": 9, "processedBytes": 4}]
    until = datetime.fromtimestamp(1_800_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert shown["hosts"] == [{"name": "example.org", "activeTransfers": 1, "waitingUntil": until}]
    assert shown["progress"] == {"totalBytes": 1_000, "processedBytes": 500, "bytesPerSecond": 25.0, "etaSeconds": 20.0}

    await change(app, download_id, status=JobStatus.PAUSED)
    paused = (await app.data(SHOWN, person, id=download_id))["download"]
    assert (paused["hosts"], paused["activeItems"], paused["progress"]["bytesPerSecond"]) == ([], [], None)
    assert paused["progress"]["etaSeconds"] is None


async def test_an_end_of_an_unknown_size_is_not_told(app: App) -> None:
    person = await app.person()
    download_id = await begin(app, person)
    moving = {"status": JobStatus.PROCESSING, "progressed_at": now().timestamp(), "processed_bytes": 500}
    await change(app, download_id, **moving, download={"bytesPerSecond": 25.0, "hosts": []})

    progress = (await app.data(SHOWN, person, id=download_id))["download"]["progress"]

    assert (progress["bytesPerSecond"], progress["etaSeconds"]) == (25.0, None)


async def test_a_skipped_download_names_the_one_that_it_repeats(app: App) -> None:
    person = await app.person()
    earlier, later = await begin(app, person), await begin(app, person)
    told = {"skipReason": "duplicate", "duplicateOf": earlier}
    await change(app, later, status=JobStatus.SKIPPED, finished_at=now().timestamp(), download=told)

    shown = (await app.data(SHOWN, person, id=later))["download"]
    assert (shown["skipReason"], shown["duplicateOf"]) == ("duplicate", {"id": earlier})
    assert {stage["status"] for stage in shown["stages"]} == {"SKIPPED"}

    await Job.filter(id=earlier).update(deleted_at=now())
    assert (await app.data(SHOWN, person, id=later))["download"]["duplicateOf"] is None


async def test_downloads_are_listed_filtered_and_found_by_their_id(app: App) -> None:
    person = await app.person()
    await app.batch(person)
    first, second = [answer["download"]["id"] for answer in await start(app, person, URL, URL, externalId="key")]
    listing = "query ($filter: JobFilter) { downloads(filter: $filter) { totalCount nodes { id url } } }"

    every = (await app.data(listing, person))["downloads"]
    assert every == {"totalCount": 2, "nodes": [{"id": second, "url": URL}, {"id": first, "url": URL}]}
    one = (await app.data(listing, person, filter={"externalIds": ["key/0"]}))["downloads"]
    assert [node["id"] for node in one["nodes"]] == [first]
    mixed = "{ jobs(filter: {types: [DOWNLOAD]}) { nodes { __typename id ... on Download { url } } } }"
    assert (await app.data(mixed, person))["jobs"]["nodes"][1] == {"__typename": "Download", "id": first, "url": URL}
    node = "query ($id: ID!) { node(id: $id) { ... on Download { url } } }"
    assert (await app.data(node, person, id=first))["node"] == {"url": URL}


async def test_a_batch_is_no_download_and_a_strangers_download_is_none(app: App) -> None:
    person, stranger = await app.person(), await app.person()
    query = "query ($id: ID!) { download(id: $id) { id } }"

    assert (await app.ask(query, person, id=await app.batch(person))).code == "DOWNLOAD_NOT_FOUND"
    assert (await app.ask(query, stranger, id=await begin(app, person))).code == "DOWNLOAD_NOT_FOUND"


async def test_the_verbs_of_jobs_hold_for_downloads(app: App) -> None:
    person = await app.person()
    download_id = await begin(app, person)

    for verb, status in (
        ("pauseJob", "PAUSED"), ("resumeJob", "PENDING"), ("cancelJob", "CANCELLED"), ("retryJob", "PENDING"),
    ):  # fmt: skip
        answer = await app.data(f"mutation ($id: ID!) {{ {verb}(id: $id) {{ status }} }}", person, id=download_id)
        assert answer == {verb: {"status": status}}

    await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=download_id)
    assert await app.data("mutation ($id: ID!) { deleteJob(id: $id) }", person, id=download_id)


async def test_a_watched_download_tells_each_change_and_ends(app: App, live: Served) -> None:
    person = await app.person()
    download_id = await begin(app, person)
    watch = "subscription ($id: ID!) { downloadUpdated(id: $id) { status url finalUrl hosts { name } } }"
    async with await live.wire_of(person) as wire:
        await wire.subscribe(watch, id=download_id)
        assert (await wire.next())["downloadUpdated"] == {
            "status": "PENDING",
            "url": URL,
            "finalUrl": None,
            "hosts": [],
        }
        hosts = [{"name": "example.org", "activeTransfers": 1, "waitingUntil": None}]
        await change(app, download_id, status=JobStatus.PROCESSING, download={"finalUrl": "https://b/", "hosts": hosts})
        told = (await wire.next())["downloadUpdated"]
        assert told == {
            "status": "PROCESSING",
            "url": URL,
            "finalUrl": "https://b/",
            "hosts": [{"name": "example.org"}],
        }
        await change(app, download_id, status=JobStatus.SKIPPED)
        assert (await wire.next())["downloadUpdated"]["status"] == "SKIPPED"
        assert await wire.receive() == {"id": "1", "type": "complete"}


async def test_logs_without_an_id_are_those_of_all_downloads(app: App, live: Served) -> None:
    person = await app.person()
    first, second = [answer["download"]["id"] for answer in await start(app, person, URL, URL)]
    async with await live.wire_of(person) as wire:
        await wire.subscribe("subscription { logs { jobId message } }")
        await until(lambda: app.listeners == 1)
        await say(app, first, "one")
        await say(app, second, "two")
        assert [(await wire.next())["logs"] for _ in range(2)] == [
            {"jobId": first, "message": "one"},
            {"jobId": second, "message": "two"},
        ]


async def test_a_proxy_is_one_that_the_operator_allows(tmp_path: Path, empty_database: Path) -> None:
    allowed = ("http://proxy.example:3128",)
    async with opened_app(tmp_path, empty_database, allowed_proxies=allowed) as app:
        person = await app.person()
        options = {"proxyMode": "CUSTOM", "proxyUrl": "http://me:hunter2@proxy.example:3128"}
        download_id = await begin(app, person, options=options)
        shown = (await app.data(SETTINGS, person, id=download_id))["download"]["settings"]
        assert (shown["proxyMode"], shown["proxyUrl"]) == ("CUSTOM", "http://proxy.example:3128")
        assert "hunter2" not in str(await read_tables("jobs"))

        other = {"proxyMode": "CUSTOM", "proxyUrl": "http://10.0.0.1:3128"}
        answer = await app.ask(START, person, input={"urls": [URL], "options": other})
        assert (answer.code, answer.field) == ("URL_NOT_ALLOWED", "input.options.proxyUrl")


async def test_private_addresses_are_for_intranets_that_allow_them(tmp_path: Path, empty_database: Path) -> None:
    async with opened_app(tmp_path, empty_database, download_allow_private=True) as app:
        (answer,) = await start(app, await app.person(), "http://127.0.0.1/a")

    assert answer["download"]["url"] == "http://127.0.0.1/a"
