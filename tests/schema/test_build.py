"""The schema, its errors, and the published contract."""

import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_ast_schema,
    graphql_sync,
    parse,
)
from structlog.testing import capture_logs
from tortoise.exceptions import OperationalError

from base.errors import ErrorCode, Refusal
from schema.build import DESCRIPTION, add_code, build_schema, print_schema

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema()
OWN = {name: type_ for name, type_ in SCHEMA._schema.type_map.items() if not name.startswith("__")}
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def test_the_published_contract_is_this_schema() -> None:
    assert (ROOT / "schema.graphql").read_text() == print_schema(SCHEMA), (
        "python server.py --print-schema > schema.graphql"
    )


def test_everything_has_a_description() -> None:
    missing = [name for name, type_ in OWN.items() if not type_.description]
    for name, type_ in OWN.items():
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType():
                missing += [f"{name}.{field}" for field, what in type_.fields.items() if not what.description]
                missing += [
                    f"{name}.{field}({argument}:)"
                    for field, what in type_.fields.items()
                    for argument, given in what.args.items()
                    if not given.description
                ]
            case GraphQLInputObjectType():
                missing += [f"{name}.{field}" for field, what in type_.fields.items() if not what.description]
            case GraphQLEnumType():
                missing += [f"{name}.{value}" for value, what in type_.values.items() if not what.description]

    assert missing == []


def test_no_description_only_repeats_a_name() -> None:
    """`CANNOT_PAUSE` told as "Cannot pause." says nothing."""
    for name, type_ in OWN.items():
        if isinstance(type_, GraphQLEnumType):
            for value, what in type_.values.items():
                words = re.sub(r"[^a-z]", "", (what.description or "").lower())
                assert words != value.replace("_", "").lower(), f"{name}.{value}"


def test_the_schema_says_what_it_is_in_sdl_and_by_introspection() -> None:
    text = print_schema(SCHEMA)
    answer = graphql_sync(SCHEMA._schema, "{ __schema { description } }")

    assert answer.data == {"__schema": {"description": DESCRIPTION}}
    assert build_ast_schema(parse(text)).description == DESCRIPTION


def test_names_are_spelled_as_the_contract_spells_them() -> None:
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) for name in OWN)
    for name, type_ in OWN.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", field) for field in type_.fields), name
        elif isinstance(type_, GraphQLEnumType):
            assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", value) for value in type_.values), name


def test_root_fields_by_id_are_nullable() -> None:
    query = SCHEMA._schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        if "id" in field.args:
            assert not str(field.type).endswith("!"), name


def test_every_refusal_is_in_the_enum() -> None:
    enum = SCHEMA._schema.type_map["ErrorCode"]
    assert isinstance(enum, GraphQLEnumType)

    assert set(enum.values) == {str(code) for code in ErrorCode}


def told(original: Exception | None, message: str = "as it was", path: list[str | int] | None = None) -> GraphQLError:
    error = GraphQLError(message, original_error=original, path=path)
    add_code(error)
    return error


def test_a_refusal_keeps_its_code_sentence_and_field() -> None:
    error = told(Refusal(ErrorCode.RATE_LIMITED, "Wait.", "input.a", 2.5), path=["a"])

    assert error.message == "Wait."
    assert error.extensions is not None
    assert {name: error.extensions[name] for name in ("code", "field", "retryAfter")} == {
        "code": "RATE_LIMITED", "field": "input.a", "retryAfter": 2.5,
    }  # fmt: skip


def test_a_refusal_inside_of_other_errors_is_found() -> None:
    inner = GraphQLError("inner", original_error=Refusal(ErrorCode.FORBIDDEN, "No."))

    assert (told(inner).extensions or {})["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("original", "code"),
    [(RuntimeError("/srv/secret"), "INTERNAL_ERROR"), (OperationalError("/srv/secret"), "DATABASE_ERROR")],
)
def test_what_was_not_foreseen_stays_in_the_log(original: Exception, code: str) -> None:
    with capture_logs() as lines:
        error = told(original, "/srv/secret", ["job"])

    assert (error.extensions or {})["code"] == code
    assert "secret" not in error.message
    assert [(line["event"], line["path"], line["exc_info"]) for line in lines] == [
        ("unforeseen error", ["job"], original)
    ]


def test_a_value_that_cannot_leave_is_our_error_not_the_clients() -> None:
    with capture_logs():
        error = told(GraphQLError("Enum 'JobStatus' cannot represent value: /srv/secret"), "same", ["job", "status"])

    assert (error.extensions or {})["code"] == "INTERNAL_ERROR"


def test_what_has_its_code_keeps_it() -> None:
    error = GraphQLError("x", extensions={"code": "LOCKED"})
    add_code(error)

    assert error.extensions == {"code": "LOCKED"}
