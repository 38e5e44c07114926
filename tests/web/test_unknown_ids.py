"""Unknown ids: the same refusal from every operation."""

from collections.abc import Iterator

import pytest

from base.words import Role
from schema.build import build_schema
from tests.web.inputs_for_tests import Input, inputs_of
from tests.web_app import App, Served

CODES = {
    "task": "TASK_NOT_FOUND", "batch": "BATCH_NOT_FOUND", "download": "DOWNLOAD_NOT_FOUND", "upload": "UPLOAD_NOT_FOUND",
    "webhook": "WEBHOOK_NOT_FOUND", "user": "NOT_FOUND", "token": "NOT_FOUND", "item": "NOT_FOUND",
}  # fmt: skip
TAKEN = {"Job": ("task", "batch", "download"), "Upload": ("upload",), "Webhook": ("webhook",), "User": ("user",)}
TAKEN |= {"ApiToken": ("token",), "Task": ("task",), "Batch": ("batch",), "Download": ("download",)}
TAKEN |= {"Log": ("task", "batch", "download"), "Item": ("item",)}


def unknown(root: str) -> Iterator[tuple[str, str, str]]:
    """Each root field that names an object, with an operation for each type of object that it takes, and the code."""
    for one in inputs_of(build_schema()._schema):
        if one.parent.name == root and one.path in {("id",), ("jobId",)}:
            for type_ in types_of(one):
                yield one.name, one.operation(f'"{type_}-1754556928-0a0a0a0a0a0a"'), CODES[type_]


def types_of(one: Input) -> tuple[str, ...]:
    word = one.name[0].upper() + one.name[1:]
    return next((types for name, types in TAKEN.items() if name in word), ())


MUTATIONS, SUBSCRIPTIONS, QUERIES = map(list, map(unknown, ("Mutation", "Subscription", "Query")))


@pytest.mark.parametrize(("name", "operation", "code"), [*MUTATIONS, *QUERIES])
async def test_an_unknown_id_is_told_by_its_type(app: App, name: str, operation: str, code: str) -> None:
    role = Role.WORKER if name in {"claimTask", "reportTask"} else Role.ADMIN
    answer = await app.ask(operation, await app.person(role))
    assert answer.code == code
    assert answer.errors[0]["message"].startswith("There is no such ")


async def test_an_unknown_id_is_told_by_its_type_on_a_socket(app: App, live: Served) -> None:
    assert len(SUBSCRIPTIONS) >= 7
    async with await live.wire_of(await app.person()) as wire:
        for place, (_, operation, code) in enumerate(SUBSCRIPTIONS):
            await wire.subscribe(operation, f"{place}")
            assert await wire.error(f"{place}") == code, operation


def test_every_operation_that_names_an_object_is_asked() -> None:
    names = {
        one.name for one in inputs_of(build_schema()._schema) if one.parent.name == "Mutation" and one.path == ("id",)
    }
    assert {name for name, _, _ in MUTATIONS} == names
    assert len(names) >= 14
