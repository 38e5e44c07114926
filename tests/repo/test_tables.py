"""One owner for each table: the only room, or sub-room, that writes SQL for it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tortoise import Model

import models

ROOT = Path(__file__).parents[2]
ROOMS = sorted({path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "client", "models"})
OWNERS = {
    "api_tokens": "auth", "audit_entries": "auth", "identities": "auth", "installation": "auth", "sessions": "auth",
    "users": "auth",
    "files": "jobs", "items": "jobs", "job_events": "jobs", "job_uploads": "jobs", "jobs": "jobs", "log_entries": "jobs",
    "job_count_changes": "jobs", "job_counts": "jobs",
    "slices": "jobs/scheduling",
    "upload_parts": "uploads", "uploads": "uploads",
    "webhook_deliveries": "webhooks", "webhooks": "webhooks",
}  # fmt: skip
MODELS = {
    name: str(model._meta.db_table)
    for name, model in vars(models).items()
    if isinstance(model, type) and issubclass(model, Model)
}
ROWS = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): table for name, table in MODELS.items()}
"""The table of each model by the name that a row of it has in the code: `upload_part` is of `upload_parts`."""
CREATING = {"create", "bulk_create", "get_or_create", "update_or_create"}
CHANGING = {"update", "delete"}
WRITE = re.compile(r"(?<!FOR )\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_{}]+)")


def text_of(node: ast.AST) -> str | None:
    """What a literal says, with `{}` where an f-string has a value."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) or "{}" for part in parts)
        case _:
            return None


def models_below(node: ast.AST) -> set[str]:
    """Tables of the models that a chain of calls begins with: of `Webhook` for `Webhook.filter(id=id_).using_db(db)`."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return {MODELS[node.id]} if isinstance(node, ast.Name) and node.id in MODELS else set()


def written_by_orm(call: ast.Call) -> set[str]:
    """Tables that a call writes as `Model.create()`, `Model.filter().update()`, `row.save()` or `row.delete()`."""
    match call.func:
        case ast.Attribute(value=rows, attr=verb) if verb in CREATING | CHANGING and models_below(rows):
            return models_below(rows)
        case ast.Attribute(value=row, attr="save" | "delete") if {one.arg for one in call.keywords} & {"using_db"}:
            while isinstance(row, ast.Attribute | ast.Call):
                row = row.value if isinstance(row, ast.Attribute) else row.func
            return {ROWS.get(row.id, f"of the row `{row.id}`")} if isinstance(row, ast.Name) else set()
        case ast.Name(id="delete_in_batches"):
            return {text_of(call.args[1]) or "{}"}
        case _:
            return set()


def tables_written(source: str) -> Iterator[str]:
    """Every table that the code writes; `{}` where the table is not in the literal."""
    tree = ast.parse(source)
    sentences = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) not in sentences | parts:
            yield from WRITE.findall(text_of(node) or "")
        if isinstance(node, ast.Call):
            yield from written_by_orm(node)


@cache
def written_in(room: str) -> dict[str, set[str]]:
    """The files of a room by the table that they write."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / room).rglob("*.py")):
        for table in tables_written(path.read_text("utf-8")):
            found.setdefault(table, set()).add(str(path.relative_to(ROOT)))
    return found


def test_every_table_has_an_owner() -> None:
    assert set(OWNERS) == set(MODELS.values())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_writes_only_the_tables_that_it_owns(room: str) -> None:
    foreign = {
        (table, file)
        for table, files in written_in(room).items()
        for file in files
        if not file.startswith(f"{OWNERS.get(table, 'nobody')}/")
    }

    assert foreign == set()


@pytest.mark.parametrize("table", OWNERS)
def test_the_owner_of_a_table_writes_it(table: str) -> None:
    assert written_in(OWNERS[table].split("/")[0]).get(table)


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ('"UPDATE jobs SET title = $1"', "jobs"),
        ('f"DELETE FROM items WHERE id IN ({places})"', "items"),
        ('"WITH a AS (SELECT 1) INSERT INTO files (id) VALUES ($1)"', "files"),
        ('f"DELETE FROM {table}"', "{}"),
        ('delete_in_batches(db, "slices", "job_id = $1", job_id)', "slices"),
        ("delete_in_batches(db, table, condition)", "{}"),
        ("UploadPart.bulk_create(parts)", "upload_parts"),
        ("Session.filter(id=id_).using_db(db).update(revoked_at=moment)", "sessions"),
        ("webhook.update_from_dict(columns).save(using_db=db)", "webhooks"),
        ("known.save(using_db=db)", "of the row `known`"),
    ],
)
def test_each_way_to_write_is_seen(source: str, table: str) -> None:
    assert set(tables_written(f"found = {source}")) == {table}


@pytest.mark.parametrize(
    "source",
    [
        '"SELECT id FROM jobs FOR UPDATE OF j"',
        "digest.update(block)",
        'def f() -> None:\n    """UPDATE jobs is slow."""',
    ],
)
def test_what_writes_nothing_is_not_taken_for_a_write(source: str) -> None:
    assert set(tables_written(source)) == set()
