"""The API grows: nothing that the newest release had is gone or another, unless it was deprecated there (docs/evolution.md)."""

from pathlib import Path

import pytest
from graphql import (
    DEFAULT_DEPRECATION_REASON,
    REMOVE,
    DangerousChangeType,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputValueDefinitionNode,
    Visitor,
    VisitorAction,
    build_ast_schema,
    find_breaking_changes,
    find_dangerous_changes,
    parse,
    visit,
)

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted(
    (ROOT / "docs" / "releases").glob("*.graphql"), key=lambda path: [int(part) for part in path.stem.split(".")]
)
CURRENT = (ROOT / "schema.graphql").read_text()

ONE = """
  type Query { job(id: ID!, first: Int = 50): Job  old: Int @deprecated(reason: "Use job.") }
  type Job { id: ID!  title: String  status: Status!  gone(a: Int): String @deprecated(reason: "Use title.") }
  enum Status { PENDING  DONE  LATE @deprecated(reason: "Use DONE.") }
  input Filter { ids: [ID!]  size: Int @deprecated(reason: "Use ids.") }
  type Mutation { cancel(filter: Filter!): Job! }
"""


class WithoutDeprecated(Visitor):
    """What a client may count on."""

    def enter(self, node: object, *_: object) -> VisitorAction:
        if isinstance(node, FieldDefinitionNode | EnumValueDefinitionNode | InputValueDefinitionNode):
            is_deprecated = any(directive.name.value == "deprecated" for directive in node.directives or ())
            return REMOVE if is_deprecated else None
        return None


def schema_of(sdl: str, *, is_deprecated_left_out: bool = False) -> GraphQLSchema:
    document = parse(sdl)
    return build_ast_schema(visit(document, WithoutDeprecated()) if is_deprecated_left_out else document)


def broken(released: str, current: str) -> list[str]:
    """What clients of `released` counted on and `current` does not keep."""
    old, new = schema_of(released, is_deprecated_left_out=True), schema_of(current)
    changes = [change.description for change in find_breaking_changes(old, new)]
    defaults = [
        change.description
        for change in find_dangerous_changes(old, new)
        if change.type is DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE
    ]
    return changes + defaults


def test_nothing_of_the_newest_release_is_gone_or_another() -> None:
    assert RELEASES
    assert broken(RELEASES[-1].read_text(), CURRENT) == [], "see docs/evolution.md"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("title: String", ""), ("title: String", "title: Int"), ("status: Status!", "status: Status"), ("first: Int = 50", "first: Int = 10"),
        ("first: Int = 50", ""), ("(id: ID!,", "(id: ID!, kind: String!,"), ("PENDING", ""), ("ids: [ID!]", "ids: [ID!]  kind: String!"),
        ("ids: [ID!]", "ids: ID"), ("filter: Filter!", "filter: Filter!, sure: Boolean!"), ("type Mutation { cancel(filter: Filter!): Job! }", ""),
    ],
)  # fmt: skip
def test_what_breaks_a_client_is_found(was: str, becomes: str) -> None:
    assert was in ONE
    assert broken(ONE, ONE.replace(was, becomes, 1)) != []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('old: Int @deprecated(reason: "Use job.")', ""), ('gone(a: Int): String @deprecated(reason: "Use title.")', ""),
        ('LATE @deprecated(reason: "Use DONE.")', ""), ('size: Int @deprecated(reason: "Use ids.")', ""), ("DONE", "DONE  SKIPPED"),
        ("title: String", "title: String  kind: String"), ("first: Int = 50", "first: Int = 50, after: String"), ("title: String", "title: String!"),
        ("ids: [ID!]", "ids: [ID!]  kind: String"), ("title: String", 'title: String @deprecated(reason: "Use id.")'),
    ],
)  # fmt: skip
def test_what_grows_or_was_deprecated_breaks_nobody(was: str, becomes: str) -> None:
    assert was in ONE
    assert broken(ONE, ONE.replace(was, becomes, 1)) == []


def test_what_is_deprecated_says_what_to_use_instead() -> None:
    reasons = []
    for type_ in schema_of(CURRENT).type_map.values():
        members = [*getattr(type_, "fields", {}).values(), *getattr(type_, "values", {}).values()]
        members += [argument for member in members for argument in getattr(member, "args", {}).values()]
        reasons += [member.deprecation_reason for member in members if member.deprecation_reason is not None]
    assert all(reason.strip() and reason != DEFAULT_DEPRECATION_REASON for reason in reasons)
