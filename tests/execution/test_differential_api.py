"""Plans and graphql-core compared over the schema of this API."""

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLNonNull, OperationDefinitionNode, get_named_type, parse, type_from_ast

from execution.plans.cache import PlanCache
from schema.build import Schema, build_schema
from schema.context import Context
from schema.loaders import Loaders
from tests.execution.operations_for_tests import OperationWriter
from tests.web_app import App
from web.operations import encode_result

ROOT = Path(__file__).parents[2]
GENERATED = 150
READS = ("node", "nodes", "viewer", "serverInfo", "upload", "uploads", "task", "tasks", "batch", "batches", "job", "jobs",
         "statistics", "webhooks", "apiTokens", "users", "auditLog")  # fmt: skip
VOLATILE = re.compile(
    rb'"(etaSeconds|estimatedCompletion|requestId|timestamp|uptimeSeconds|resetAt)\d*":("[^"]*"|[\d.]+)'
)


@dataclass
class Pair:
    """The schema, with plans and without, for one caller.

    Attributes:
        singles: Queries that were answered without an executor, and are JSON already.
    """

    schema: Schema
    compiled: Context
    plain: Context
    singles: int = 0

    async def compare(self, text: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of the one answer that both have; errors of fields that are resolved together come as they end."""
        document = self.schema.read(text)
        assert document.errors == (), text
        found = []
        for context in (self.plain, self.compiled, self.compiled):  # the second time without an executor
            of_request = replace(context, loaders=Loaders())
            result = await self.schema.execute(document, variable_values=variables, context_value=of_request)
            self.singles += isinstance(result.data, orjson.Fragment)
            answer = orjson.loads(VOLATILE.sub(rb'"\1":0', encode_result(result)))
            found.append((answer["data"], sorted(map(repr, answer.get("errors", [])))))
        assert repr(found[0]) == repr(found[1]) == repr(found[2]), text  # the order of names, too
        return found[0][0]


@dataclass
class World:
    """An application with things in it, their ids, and a caller to whom most of them belong."""

    pair: Pair
    ids: list[str]


@pytest.fixture
async def world(app: App) -> World:
    owner, other = await app.person(), await app.person()
    ids = [owner.id, other.id]
    for number in range(3):
        upload = await app.upload(owner, b"x" * number, f"{number}.txt")
        ids += [upload.id, await app.batch(owner, upload=upload, title=f"batch {number}", externalId=f"b{number}")]
        new = {"work": {"custom": {"kind": "countingTask"}}, "uploadIds": [upload.id], "priority": number}
        mutation = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { id } }"
        ids.append((await app.data(mutation, owner, input=new))["createTask"]["id"])
    await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", owner, id=ids[3])
    ids += [await app.batch(other), "task-1754556928-12a41dbec0f3", "nonsense"]
    schema = build_schema()
    schema.plans = PlanCache(min_uses=1)
    services = app.services.request
    plain = replace(services, settings=services.settings.model_copy(update={"compiled_plans": False}))
    compiled, uncompiled = (Context(one, "http://test", owner.viewer) for one in (services, plain))
    return World(Pair(schema, compiled, uncompiled), ids)


async def test_generated_queries(world: World) -> None:
    def values(argument: str, type_: str) -> list[str]:
        known = [f'"{id_}"' for id_ in world.ids]
        if type_.startswith("[ID"):
            return [f"[{', '.join(known)}]", f"[{known[2]}, {known[-1]}]", "[]"]
        sizes = {"first": ["0", "1", "3", "50", "101"], "last": ["2"], "offset": ["0", "1", "-1"]}
        return known if type_.startswith("ID") else sizes.get(argument, [])

    root = world.pair.schema._schema.query_type
    assert root is not None
    executed = 0
    for seed in range(GENERATED):
        writer = OperationWriter(world.pair.schema._schema, random.Random(seed), values, max_depth=4)
        text = writer.write(root, "query", READS)
        if world.pair.schema.read(text).errors:
            continue  # such as one whose cost is too high
        await world.pair.compare(text)
        executed += 1
    counts = world.pair.schema.plans.counts
    assert executed > GENERATED / 2
    assert counts.compiled > executed / 2
    assert world.pair.singles > executed / 20


async def test_queries_of_the_documents_in_the_tests_and_docs(world: World) -> None:
    compared = 0
    for text in documents():
        document = world.pair.schema.read(text)
        if document.errors or {node.operation.value for node in document.operations} != {"query"}:
            continue
        if len(document.operations) > 1 or document.is_introspection(None):
            continue
        for id_ in (world.ids[2], world.ids[3], world.ids[4]):
            await world.pair.compare(text, variables_for(world.pair.schema, document.operations[0], id_))
        compared += 1
    assert compared >= 100


async def test_an_answer_has_the_same_limit_to_the_byte(world: World) -> None:
    text = (
        "{ jobs { nodes { id title stages { name percentage } queuePosition owner { username } } edges { cursor } } }"
    )
    size = len(orjson.dumps(await world.pair.compare(text)))

    for context in (world.pair.plain, world.pair.compiled):
        for spare, is_refused in ((0, False), (-1, True)):
            limit = context.services.settings.model_copy(update={"max_answer_size": size + spare})
            limited = replace(context, services=replace(context.services, settings=limit))
            result = await world.pair.schema.execute(world.pair.schema.read(text), context_value=limited)
            assert bool(result.errors) is is_refused, (size, spare, result.errors)


@cache
def documents() -> frozenset[str]:
    """Texts in tests and docs that are documents of GraphQL."""
    texts = {
        node.value
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{" in node.value
    }
    for path in (ROOT / "docs").rglob("*.md"):
        texts.update(re.findall(r"(?s)```graphql\n(.*?)```", path.read_text()))
    return frozenset(text for text in texts if _is_document(text))


def _is_document(text: str) -> bool:
    try:
        parse(text, max_tokens=2_000)
    except Exception:  # noqa: BLE001  most texts are something else
        return False
    return True


def variables_for(schema: Schema, operation: OperationDefinitionNode, id_: str) -> dict[str, Any]:
    """A value for each variable that must have one, and an id wherever one is taken."""
    return dict(_variables(schema, operation, id_))


def _variables(schema: Schema, operation: OperationDefinitionNode, id_: str) -> Iterator[tuple[str, Any]]:
    plain: dict[str, Any] = {"ID": id_, "Int": 2, "Boolean": True, "String": "x"}
    for definition in operation.variable_definitions or ():
        type_ = type_from_ast(schema._schema, definition.type)
        name = get_named_type(type_).name if type_ else ""
        if isinstance(type_, GraphQLNonNull) or name == "ID":
            value = plain.get(name, {})
            yield definition.variable.name.value, [value] if "[" in str(type_) else value
