"""Refusals of values, alike for literals and variables."""

import re
from typing import Any

import orjson
import pytest
from graphql import get_nullable_type, is_required_argument
from hypothesis import HealthCheck, Phase, given, settings, strategies

from base.words import Role
from schema.build import build_schema
from tests.web.inputs_for_tests import Input, inputs_of
from tests.web_app import Answer, App, Person, Served

SCHEMA = build_schema()._schema
INPUTS = list(inputs_of(SCHEMA))
WORDS = [one for one in INPUTS if one.enum]
NOT_ASKED = {"logout", "uploadFile"}
"""The first ends the session of the test; files cannot be written down."""
OF_PYTHON = re.compile(
    r"\b(None|True|False|NoneType|Undefined|UNSET|dict|str|int|float|bool|tuple|KeyError|ValueError|TypeError|Traceback)\b"
    r"|Expected (value|variable)|Input should|cannot represent|non-null|<[A-Za-z]+[ .:]|0x[0-9a-f]{6}|\b(\d+) to \3\b|\w+Error\b"
)


def first_error(body: dict[str, Any]) -> tuple[str, str, str]:
    (error, *_) = body["errors"]
    return error["extensions"]["code"], error["extensions"].get("field"), error["message"]


async def test_an_unknown_word_is_told_alike_as_literal_and_as_variable(app: App) -> None:
    for one in WORDS:
        if one.enum is None or one.parent.name == "Subscription":
            continue
        answers = [await app.ask(one.operation("NOPE")), await app.ask(one.operation_with_variable(), v="NOPE")]
        told = {first_error({"errors": answer.errors}) for answer in answers}
        sentence = f'{one.field}: "NOPE" is no {one.enum.name}: give one of {", ".join(one.enum.values)}.'
        assert told == {("BAD_INPUT", one.field, sentence)}, str(one)


async def test_an_unknown_word_is_told_alike_on_a_socket(app: App, live: Served) -> None:
    async with await live.wire_of(await app.person()) as wire:
        for place, one in enumerate(WORDS):
            assert one.enum is not None
            for query, variables in ((one.operation("NOPE"), {}), (one.operation_with_variable(), {"v": "NOPE"})):
                await wire.subscribe(query, f"{place}", **variables)
                message = await wire.receive()
                assert message["type"] == "error", message
                code, field, sentence = first_error({"errors": message["payload"]})
                assert (code, field) == ("BAD_INPUT", one.field)
                assert sentence.endswith(f"give one of {', '.join(one.enum.values)}.")


@pytest.mark.parametrize(
    ("query", "value", "field", "words"),
    [
        ("query ($v: [String!]) { jobs(filter: {kinds: VALUE}) { totalCount } }", ["counting", "ledas"], "filter.kinds", '"ledas" is no kind of work: give one of alignment, counting, countingTask'),
        ("query ($v: [String!]) { statistics(filter: {kinds: VALUE}) { total } }", ["ledas"], "filter.kinds", '"ledas" is no kind of work'),
        ('mutation ($v: [String!]!) { createWebhook(url: "https://example.com", events: VALUE) { id } }', ["batch.done"], "events", '"batch.done" is no event: give some of'),
        ("mutation ($v: String!) { createTask(input: {work: {custom: {kind: VALUE}}}) { id } }", "ledas", "input.work.custom.kind", '"ledas" is no kind of work: give one of'),
        ("mutation ($v: String!) { createTask(input: {work: {custom: {kind: VALUE}}}) { id } }", "leads", "input.work.custom.kind", '"leads" is no kind of task: give one of alignment, countingTask, demo, external'),
    ],
)  # fmt: skip
async def test_an_unknown_kind_or_event_is_told_alike(app: App, query: str, value: Any, field: str, words: str) -> None:
    person = await app.person()
    literal = re.sub(r"\(\$v: [^)]*\)", "", query, count=1).replace("VALUE", orjson.dumps(value).decode())
    answers = [await app.ask(literal, person), await app.ask(query.replace("VALUE", "$v"), person, v=value)]
    assert [(answer.code, answer.field) for answer in answers] == [("BAD_INPUT", field)] * 2
    assert all(words in answer.errors[0]["message"] for answer in answers)


@pytest.mark.parametrize(
    ("query", "variables", "field"),
    [
        ("query ($v: Int) { users(first: $v) { id } }", {"v": None}, "first"),
        ('query ($v: ID = "a") { nodes(ids: [$v]) { id } }', {"v": None}, "ids"),
        ("query ($v: JobFilter) { ...F } fragment F on Query { jobs(filter: $v) { totalCount } }", {"v": {"nope": 1}}, "filter.nope"),
        ("mutation ($v: LeadsOptionsInput) { createBatch(input: {uploadIds: [], work: {leads: $v}}) { id } }", {"v": None}, "input.work.leads"),
        ("mutation ($v: LeadsOptionsInput) { createBatch(input: {uploadIds: [], work: {leads: $v}}) { id } }", {}, "input.work.leads"),
        ("mutation ($v: BatchWork!) { createBatch(input: {uploadIds: [], work: $v}) { id } }", {"v": {"leads": {}, "custom": {"kind": "a"}}}, "input.work"),
        ("mutation ($v: BatchWork!) { createBatch(input: {uploadIds: [], work: $v}) { id } }", {"v": {"leads": None}}, "input.work"),
        ("mutation ($v: CreateBatchInput!) { createBatch(input: $v) { id } }", {}, "input"),
        ("mutation ($v: CreateBatchInput!) { createBatch(input: $v) { id } }", {"v": {"work": {"leads": {}}}}, "input.uploadIds"),
        ("query ($v: Boolean!) { viewer @include(if: $v) { id } }", {"v": "yes"}, "if"),
    ],
)  # fmt: skip
async def test_what_is_wrong_about_a_variable_is_told_of_where_it_is_used(
    app: App, query: str, variables: dict[str, Any], field: str
) -> None:
    answer = await app.ask(query, None, **variables)
    assert (answer.code, answer.field, answer.data) == ("BAD_INPUT", field, None)
    assert not OF_PYTHON.search(answer.errors[0]["message"])


async def test_options_and_numbers_of_uploads_are_told_in_words_of_the_api(app: App) -> None:
    person = await app.person()
    create = "mutation ($work: BatchWork!, $ids: [ID!]!) { createBatch(input: {work: $work, uploadIds: $ids}) { id } }"
    answer = await app.ask(create, person, work={"leads": {"batchSize": 0}}, ids=[])
    assert answer.errors[0]["message"] == "input.work.leads.batchSize: Give 1 or more."
    answer = await app.ask(create, person, work={"custom": {"kind": "counting", "options": {"number": "x"}}}, ids=[])
    assert (answer.code, answer.field) == ("BAD_INPUT", "input.work.custom.options.number")
    answer = await app.ask(create, person, work={"leads": {}}, ids=[])
    assert answer.errors[0]["message"] == "leads takes exactly one upload: 0 are given."
    answer = await app.ask(create, person, work={"custom": {"kind": "counting"}}, ids=[])
    assert answer.errors[0]["message"] == "counting takes 1 to 3 uploads: 0 are given."


async def test_an_argument_that_is_missing_is_told_as_a_missing_field_of_an_input_is(app: App) -> None:
    """Of each field that needs one, and of directives; `operation` gives all arguments that are needed."""
    needed = [one for one in INPUTS if len(one.path) == 1 and str(one.type).endswith("!") and is_needed(one)]
    assert len(needed) > 30
    for one in needed:
        if one.parent.name == "Subscription":
            continue
        given = one.operation("GONE").replace(f"{one.field}: GONE, ", "").replace(f", {one.field}: GONE", "")
        answer = await app.ask(given.replace(f"({one.field}: GONE)", ""))
        assert first_error({"errors": answer.errors}) == (
            "BAD_INPUT", one.field, f"{one.field}: This is missing: give a value.",
        ), one  # fmt: skip
    answer = await app.ask("{ viewer @include { id } }")
    assert (answer.code, answer.field) == ("BAD_INPUT", "if")


def is_needed(one: Input) -> bool:
    return is_required_argument(one.parent.fields[one.name].args[one.field])


TOO_LONG = "x" * 3_000
OUT_OF_RANGE: dict[str, tuple[Any, ...]] = {
    "String": (TOO_LONG,), "Int": (-(2**31), 2**31 - 1), "BigInt": (-1,), "Float": (-1e300, 1e300), "ID": ("nonsense",),
    "[ID!]": (["nonsense"],), "JSON": ([],),
}  # fmt: skip


async def test_what_is_refused_about_a_field_of_an_input_names_the_way_to_it(app: App) -> None:
    """For each field of each input of the mutations: a value out of any range that it may have."""
    people = [await app.person(), await app.person(Role.WORKER)]
    refused = set()
    for one in INPUTS:
        values = OUT_OF_RANGE.get(str(get_nullable_type(one.type)), ())
        if one.parent.name != "Mutation" or len(one.path) == 1 or one.name in NOT_ASKED:
            continue
        for value in values:
            answer = await app.ask(one.operation(literal_of(value)), people[one.name == "reportTask"])
            for error in answer.errors:
                if error["extensions"]["code"] == "BAD_INPUT":
                    field = error["extensions"].get("field", "")
                    assert field.partition(".")[0] == one.path[0], (field, error, str(one))
                    refused |= {f"{one.name}.{one.field}"} if field == one.field else set()
    assert refused >= {
        "createUpload.input.size", "createUpload.input.externalId", "createTask.input.title", "createTask.input.externalId",
        "createTask.input.priority", "createTask.input.work.demo.items", "createTask.input.work.external.queue",
        "createBatch.input.title", "createBatch.input.work.leads.batchSize", "createBatch.input.work.leads.country",
    }  # fmt: skip


async def test_a_null_that_is_taken_is_no_problem(app: App) -> None:
    person = await app.person()
    query = "query ($a: JobFilter, $b: Int, $c: Int!) { jobs(filter: $a, first: $b) { totalCount } users: nodes(ids: []) { id } ...F } fragment F on Query { b: batches(last: $c) { totalCount } }"
    assert (await app.data(query, person, a=None, b=None, c=1))["jobs"] == {"totalCount": 0}


JSON_VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(-(2**70), 2**63) | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.sampled_from(["", "a", "NOPE", "2026-02-30T10:00:00Z", "-1", "a b\n", "x" * 600, "task-1754556928-12a41dbec0f3"]),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.sampled_from(["a", "ids", "field", "work", "leads", "custom", "kind", "options", "number"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def generated(examples: int) -> list[tuple[Input, Any]]:
    """Values of any kind for any input, the same ones each time."""
    found: list[tuple[Input, Any]] = []
    asked = [one for one in INPUTS if one.name not in NOT_ASKED and one.parent.name != "Subscription"]

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(one=strategies.sampled_from(asked), value=JSON_VALUES)
    def collect(one: Input, value: Any) -> None:
        found.append((one, value))

    collect()
    return found


def literal_of(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {literal_of(member)}' for name, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal_of, value))}]"
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else orjson.dumps(value).decode()  # fmt: skip


def check(answer: Answer, asked: object) -> None:
    for error in answer.errors:
        assert error["extensions"]["code"] not in {"INTERNAL_ERROR", "DATABASE_ERROR"}, (error, asked)
        assert not OF_PYTHON.search(error["message"]), (error["message"], asked)


async def ask_both(app: App, person: Person, one: Input, value: Any) -> None:
    answer = await app.ask(one.operation(literal_of(value)), person)
    check(answer, (one.operation(literal_of(value)),))
    if not (isinstance(value, int) and abs(value) >= 2**63):  # such a number is no JSON that everybody reads
        check(await app.ask(one.operation_with_variable(), person, v=value), (str(one), value))


async def test_nothing_that_is_said_of_any_value_is_in_words_of_python(app: App) -> None:
    """As a user and as an admin, who come further than others: whatever refuses, in whichever room."""
    people = [await app.person(), await app.person(Role.ADMIN), await app.person(Role.WORKER)]
    for place, (one, value) in enumerate(generated(100)):
        await ask_both(app, people[place % 3], one, value)


async def test_each_input_says_in_words_of_the_api_what_it_does_not_take(app: App) -> None:
    values: list[Any] = [None, True, 5, 1.5, "a", [], {}, [None], {"nope": 1}, 2**40, "NOPE"]
    for place, one in enumerate(INPUTS):
        value = values[place % len(values)]
        if one.parent.name != "Subscription" and one.name not in NOT_ASKED:
            check(await app.ask(one.operation(literal_of(value))), str(one))
            check(await app.ask(one.operation_with_variable(), v=value), (str(one), value))
