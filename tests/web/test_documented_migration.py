"""docs/migrating.md: every operation is run, and nothing of the five services is left out."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import FieldNode, OperationDefinitionNode, parse, validate

from base.words import JobStatus, Role, UploadStatus
from models import Job
from processors.registry import references
from schema.build import build_schema
from tests.web_app import App, Person, opened_app, read, served

PAGE = (Path(__file__).parents[2] / "docs" / "migrating.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", PAGE))
OPERATION = re.compile(r"`((?:query|mutation|subscription)\b[^`]*\}|\{ [^`]* \})`")
PASSWORD = "a password of the tests"


def operations_of(section: str) -> list[str]:
    return [found for found in OPERATION.findall(SECTIONS[section]) if not found.startswith('{"')]


ALL = [(section, operation) for section in SECTIONS for operation in operations_of(section)]
"""Every operation of the page with its section, in the order of the page."""


def root_of(operation: str) -> tuple[str, str]:
    """The type of the operation, and the name of its only field."""
    (definition,) = parse(operation).definitions
    assert isinstance(definition, OperationDefinitionNode)
    (field,) = definition.selection_set.selections
    assert isinstance(field, FieldNode)
    return definition.operation.value, field.name.value


@pytest.mark.parametrize("section", SECTIONS)
def test_each_operation_fits_the_schema(section: str) -> None:
    schema = build_schema()._schema
    assert {operation: validate(schema, parse(operation)) for operation in operations_of(section)} == {
        operation: [] for operation in operations_of(section)
    }
    assert len(operations_of(section)) >= 8


class World:
    """People and things that the operations of the page speak of."""

    def __init__(self, app: App, admin: Person) -> None:
        self.app = app
        self.admin = admin
        self.worker: Person | None = None

    async def job(self, operation: str, field: str) -> str:
        """The id of a job of the type that `operation` is about, in a status in which it can be done."""
        is_download = "... on Download" in operation or field == "download" or "bandwidthLimit" in operation
        if is_download:
            given = {"urls": ["https://93.184.215.14/media"]}
            start = "mutation ($input: StartDownloadsInput!) { startDownloads(input: $input) { download { id } } }"
            started = await self.app.data(start, self.admin, input=given)
            id_ = started["startDownloads"][0]["download"]["id"]
        elif field in {"batch", "batchUpdated"}:
            id_ = await self.app.batch(self.admin)
        else:
            id_ = await self.task(auto_start=field != "startJob")
        if (status := WANTED.get(field)) is not None:
            await Job.filter(id=id_).update(status=status, **(FAILURE if status is JobStatus.FAILED else {}))
        return str(id_)

    async def task(self, *, auto_start: bool = True) -> str:
        create = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { id } }"
        upload = await self.app.upload(self.admin)
        given = {"work": {"external": {}}, "uploadIds": [upload.id], "autoStart": auto_start}
        return str((await self.app.data(create, self.admin, input=given))["createTask"]["id"])

    async def claimed(self) -> dict[str, str]:
        """A task that the worker holds."""
        await self.task()
        self.worker = self.worker or await self.app.person(Role.WORKER)
        claim = "mutation { claimTask { id leaseId } }"
        task = (await self.app.data(claim, self.worker))["claimTask"]
        return {"id": task["id"], "lease": task["leaseId"]}

    async def filled(self, operation: str, field: str) -> tuple[str, dict[str, Any], Person | None]:
        """The operation without its blanks, its variables, and who asks."""
        variables: dict[str, Any] = {}
        who: Person | None = self.admin
        if field in {"claimTask", "reportTask"}:
            held = await self.claimed()
            await self.task()
            variables, who = held if field == "reportTask" else {}, self.worker
        elif field == "upload":
            variables = {"id": (await self.app.upload(self.admin)).id}
        elif "$id" in operation:
            variables = {"id": await self.job(operation, field)}
        endings = {"ZIP_": "zip", "IMAGES": "jpg", "alignment": "wav"}
        ending = next((name for word, name in endings.items() if word in operation), "xlsx")
        while "upload-…" in operation:
            upload = await self.app.upload(self.admin, name=f"a.{ending}", status=UploadStatus.COMPLETED)
            operation = operation.replace("upload-…", upload.id, 1)
        operation = operation.replace("user-…", self.admin.id)
        return (*await self.signed_in(operation, field, variables), who)

    async def signed_in(self, operation: str, field: str, variables: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if field == "login":
            await self.ann()
            operation = operation.replace("…", PASSWORD)
        if field == "refreshSession":
            await self.ann()
            login = f'mutation {{ login(username: "ann", password: "{PASSWORD}") {{ refreshToken }} }}'
            token = (await self.app.data(login))["login"]["refreshToken"]
            operation = operation.replace("…", token)
        if field == "logs" and "…" in operation:
            events = "query ($id: ID!) { job(id: $id) { logs { nodes { id } } } }"
            nodes = (await self.app.data(events, self.admin, **variables))["job"]["logs"]["nodes"]
            operation = operation.replace("…", nodes[0]["id"] if nodes else "log-1754556928-12a41dbec0f3")
        return operation, variables

    async def ann(self) -> None:
        create = 'mutation ($password: String!) { createUser(username: "ann", password: $password) { id } }'
        await self.app.ask(create, self.admin, password=PASSWORD)


FAILURE = {"error_code": "PROCESSING_FAILED", "error_message": "It failed.", "error_is_retryable": True}
WANTED = {
    "retryJob": JobStatus.FAILED,
    "deleteJob": JobStatus.COMPLETED,
    "purgeJob": JobStatus.COMPLETED,
    "resumeJob": JobStatus.PAUSED,
}


@pytest.fixture
async def world(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setitem(references(), "counting", "tests.kinds:COUNTING")
    async with opened_app(tmp_path, empty_database, allow_anonymous=True) as app:
        yield World(app, await app.person(Role.ADMIN))


@pytest.mark.parametrize("section", SECTIONS)
async def test_each_query_and_mutation_is_answered(world: World, section: str) -> None:
    for operation in operations_of(section):
        type_, field = root_of(operation)
        if type_ == "subscription":
            continue
        text, variables, who = await world.filled(operation, field)
        if "$file" in text:
            answer = await send_form(world.app, who, text)
        else:
            answer = await world.app.ask(text, who, **variables)
        assert answer.errors == [], operation
        assert answer.data is not None, operation
        assert answer.data[field] is not None, operation
        if field == "startDownloads":
            assert all(one["error"] is None for one in answer.data[field]), operation


async def send_form(app: App, who: Person | None, query: str) -> Any:
    parts = {
        "operations": orjson.dumps({"query": query, "variables": {"file": None}}).decode(),
        "map": '{"0": ["variables.file"]}',
    }
    headers = {"Apollo-Require-Preflight": "true", **(who.header if who else {})}
    files = {"0": ("notes.txt", b"a,b\n", "text/plain")}
    return read(await app.http.post("/graphql", data=parts, files=files, headers=headers))


async def test_each_subscription_begins_with_the_present_state(world: World) -> None:
    done = 0
    async with served(world.app) as live:
        for _, operation in ALL:
            type_, field = root_of(operation)
            if type_ != "subscription":
                continue
            text, variables, who = await world.filled(operation, field)
            if field == "jobsUpdated":
                await world.job(operation, field)
            wire = await live.wire_of(who)
            await wire.subscribe(text, **variables)
            if field != "logs":  # which are new ones only
                assert (await wire.next())[field]["status"], operation
            await wire.connection.close()
            done += 1
    assert done >= 8


THERE: dict[str, str] = {
    "From the service that aligned speech": """
        /check_upload_status /api/v1/upload/status user_id status_filter limit status data message
        task_id task_status download_title download_date trans_choice lang size missing_words no_of_files words
        cost duration batch textgrid_url download_url has_missing_words missing_dict_url missing_words_html_url created_at
        updated_at /api/v1/tasks/{task_id}/status /api/v1/tasks/{task_id}/download/textgrid
        /api/v1/tasks/{task_id}/download/complete /api/v1/tasks/{task_id}/download/missing_dict
        /api/v1/tasks/{task_id}/missing-words html_content missing_words_count dict_path
        /api/v1/static/guides/{filename} deleted download_path missingprondict held_paths file_names aligned pre-error
        Content-Disposition""",
    "From the service that processed leads": """
        /status/{uploadId} /status/{uploadId}/cancel uploadId stage totalBatches completedBatches totalLeads processedLeads
        percentage fileName fileSize startTime estimatedCompletion createdAt updatedAt ttl file_upload file_processing
        batch_processing completed UNAUTHORIZED TOKEN_EXPIRED INVALID_TOKEN UPLOAD_NOT_FOUND INVALID_UPLOAD_ID CANNOT_CANCEL
        INTERNAL_ERROR DATABASE_ERROR SERVICE_UNAVAILABLE wait_for_completion pollStatus CloudWatch""",
    "From the service that kept tasks of uploaded files": """
        /api/v1/tasks/upload /api/v1/tasks/{task_id} /api/v1/tasks/ /api/v1/tasks/statistics /api/v1/tasks/{task_id}/retry
        /api/v1/ws/tasks/{client_id} task_id file_name file_size status progress error_message page page_size sort_by order
        pending subscribe unsubscribe task_update task-TIMESTAMP-HASH""",
    "From the service that read answer sheets": """
        /api/batches/upload /api/batches/{id}/progress /api/batches/{id}/status /api/batches/ /api/batches/{id} has_qr task_id
        file files[] batch_id message total_size batch_uuid sheet_count processed_count failed_count progress_percentage
        created_at completed_at limit offset status total batches NEXT_PUBLIC_API_URL Cloudflare""",
    "From the service that downloaded media": """
        /health service version /api/downloads/start /api/downloads/status/{task_id} /api/downloads/cancel/{task_id}
        /api/downloads/active task_id status message progress current_file total_files completed_files failed_files
        download_speed eta_seconds error_message created_at updated_at count downloads download_folder paused skipped
        /ws/progress /ws/logs INFO WARNING ERROR SUCCESS type level timestamp download_images download_videos
        download_compressed download_documents max_retries retry_interval chunk_size timeout min_file_size max_file_size
        date_from date_to excluded_extensions proxy_type proxy_url user_agent bandwidth_limit_kbps connection_timeout
        read_timeout detail X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset download.completed event url""",
    "All five": """
        uploading uploaded pending started processing downloading completed error failed cancelled paused skipped
        400 401 403 404 409 429 500 503 page_size total_count""",
}


@pytest.mark.parametrize("section", THERE)
def test_every_word_of_the_service_stands_in_the_left_column(section: str) -> None:
    left = " ".join(line.split("|")[1] for line in SECTIONS[section].splitlines() if line.startswith("| "))
    words = re.findall(r"[\w/{}.\-\[\]]+", left)
    known = {*words, *(part for word in words for part in word.split("."))}
    assert {word for word in THERE[section].split() if word not in known} == set()


def test_all_sections_are_checked() -> None:
    assert set(THERE) == set(SECTIONS)
