"""Downloads that are started, shown and changed."""

from typing import Any

import orjson
from tortoise.transactions import in_transaction

from base.words import JobStatus
from jobs.outbox import OutboxMessages
from jobs.rows import change_job
from tests.web_app import App, Person

START = "mutation ($input: StartDownloadsInput!) { startDownloads(input: $input) { url download { id url status title externalId priority } error { code message isRetryable } } }"
UPDATE = "mutation ($id: ID!, $input: UpdateJobInput!) { updateJob(id: $id, input: $input) { id title ... on Download { url } } }"
SHOWN = """query ($id: ID!) { download(id: $id) {
  id kind status url finalUrl resumable skipReason hosts { name activeTransfers waitingUntil } duplicateOf { id }
  activeItems { index name url size processedBytes } stages { name status } actions
  progress { totalBytes processedBytes bytesPerSecond etaSeconds } uploads { totalCount } } }"""
SETTINGS = """query ($id: ID!) { download(id: $id) { settings {
  includeImages includeVideos includeArchives includeDocuments includeOther maxRetries retryInterval chunkSize timeout connectTimeout
  readTimeout minFileSize maxFileSize dateFrom dateTo excludeExtensions proxyMode proxyUrl userAgent bandwidthLimit onDuplicate
  followLinks headerNames expectedSha256 } } }"""
URL = "https://example.org/a.zip"
SECRETS = ("hunter2", "s3cr3t-value")


async def start(app: App, person: Person, *urls: str, **values: Any) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = (await app.data(START, person, input={"urls": urls, **values}))["startDownloads"]
    return answers


async def begin(app: App, person: Person, url: str = URL, **values: Any) -> str:
    """The id of a new download."""
    (answer,) = await start(app, person, url, **values)
    return str(answer["download"]["id"])


async def change(app: App, job_id: str, **columns: Any) -> None:
    """Change a row as a worker does, and tell it."""
    messages = OutboxMessages()
    if "download" in columns:
        columns["download"] = orjson.dumps({"url": URL, **columns["download"]}).decode()
    async with in_transaction() as db:
        row = await change_job(db, job_id, set(JobStatus), **columns)
        assert row is not None
        messages.job_changed(row)
    await app.services.request.outbox.send(messages)
