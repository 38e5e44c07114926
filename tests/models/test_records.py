"""Records: what models would be, without models."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tortoise.connection import get_connection

from base.words import FileRole, JobStatus, JobType, WaitReason
from models import File, Item, Job, Upload, User
from models.ids import new_id
from models.records import record_type
from models.sql import fetch_rows

MOMENT = datetime(2026, 11, 29, 12, 30, 15, 250_000, tzinfo=UTC)
OWNER = "user-1754556928-12a41dbec0f3"


async def created() -> list[Any]:
    """One of each, with all sorts of values, and with nulls."""
    job: dict[str, Any] = {
        "id": new_id("batch"),
        "type": JobType.BATCH,
        "kind": "leads",
        "owner_id": OWNER,
        "status": JobStatus.PENDING,
    }
    told: dict[str, Any] = {
        "options": {"a": [1, None]},
        "answered": ["x"],
        "download": {"url": "u"},
        "wait_reason": WaitReason.DISK_FULL,
    }
    numbers: dict[str, Any] = {
        "percentage": 33.25,
        "total_bytes": 2**40,
        "auto_start": False,
        "error_is_retryable": True,
    }
    return [
        await Job.create(**job),
        await Job.create(**{**job, "id": new_id("batch")}, **told, **numbers, started_at=MOMENT, finished_at=MOMENT),
        await Upload.create(id=new_id("upload"), owner_id=OWNER, filename="ä.txt", content_type="text/plain"),
        await User.create(id=OWNER, username="ada", password_hash="x"),
        await Item.create(id=new_id("item"), job_id=job["id"], index=0, name="Item 0", result={"a": 1}, reviewed_at=MOMENT),
        await File.create(
            id=new_id("file"), job_id=job["id"], owner_id=OWNER, role=FileRole.RESULT, name="a.csv", content_type="text/csv",
            size_bytes=2**33, sha256="0" * 64, storage_key="files/aa/x",
        ),
    ]  # fmt: skip


@pytest.mark.usefixtures("data_dir")
async def test_a_record_has_the_values_of_its_model() -> None:
    for made in await created():
        model = type(made)
        statement = f"SELECT * FROM {model._meta.db_table} WHERE id = $1"
        (row,) = await fetch_rows(get_connection("default"), statement, made.id)
        read, record = await model.get(id=made.id), record_type(model)(row)
        for name in model._meta.fields_map:
            expected, found = getattr(read, name), getattr(record, name)
            assert (found, type(found)) == (expected, type(expected)), (model, name)


async def test_a_column_that_was_not_read_is_an_error_and_nothing_can_be_changed() -> None:
    record = record_type(Job)({"id": "batch-1"})

    assert record.id == "batch-1"
    with pytest.raises(KeyError):
        _ = record.title
    with pytest.raises(AttributeError):
        record.id = "batch-2"
