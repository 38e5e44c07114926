"""Inputs for options are made from the one declaration of each kind."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
import strawberry
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from strawberry.schema.config import StrawberryConfig

from base.words import OnDuplicate
from processors.contract import Options
from schema.types.options import OptionsInput, options_input, values_of, with_options, with_values
from schema.types.scalars import SCALARS, Json
from schema.types.work import CustomOptionsInput, TaskWork, chosen_work
from tests.kinds import PLAIN


class EveryOption(Options):
    """One of each sort."""

    name: str = Field(description="Must be given.")
    size: int = Field(3, alias="sizeBytes", ge=1, description="A number.")
    is_quick: bool = Field(default=False, alias="isQuick", description="A boolean.")
    ratio: float | None = Field(None, description="May be left out.")
    words: tuple[str, ...] = Field((), description="A list.")
    columns: Annotated[dict[str, int], "checked"] = Field(default_factory=dict, description="An object.")
    anything: Any = Field(None, description="Anything.")


class OddOptions(Options):
    """One that no input takes."""

    odd: bytes = b""


class PairOption(BaseModel):
    """A part of an option."""

    left: str = Field(description="One side.")


class RareOptions(Options):
    """Those that only downloads have."""

    where: str = Field(description="Left out.")
    sort: OnDuplicate = Field(OnDuplicate.SKIP, description="An enum.")
    largest: int = Field(0, le=2**40, description="A large number.")
    since: datetime | None = Field(None, description="A moment.")
    pairs: tuple[PairOption, ...] = Field((), description="Objects.")
    sealed: SkipJsonSchema[str | None] = None


EVERY = options_input(replace(PLAIN, name="every", options=EveryOption))


@strawberry.type
class Query:
    @strawberry.field
    def echo(self, given: EVERY) -> Json:  # type: ignore[valid-type]
        return Json(given.as_options())  # type: ignore[attr-defined]


@strawberry.input
@with_options(RareOptions, without="where")
class RareInput(OptionsInput):
    pass


@strawberry.type
@with_values(RareOptions, without={"where", "pairs"})
class RareValues:
    pair_count: int


@strawberry.type
class RareQuery:
    @strawberry.field
    def echo(self, given: RareInput) -> Json:
        return Json(given.as_options())

    @strawberry.field
    def values(self) -> RareValues:
        options = RareOptions(where="a", since=datetime(2026, 1, 2, tzinfo=UTC), pairs=(PairOption(left="b"),))
        values = {name: value for name, value in values_of(options).items() if name not in {"where", "pairs"}}
        return RareValues(**values, pair_count=1)


RARE_SCHEMA = strawberry.Schema(RareQuery, config=StrawberryConfig(scalar_map=SCALARS))
SCHEMA = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))


def test_an_input_says_what_its_options_say() -> None:
    text = str(SCHEMA)
    assert '"""One of each sort."""\ninput EveryOptionsInput {' in text
    assert '  """Must be given."""\n  name: String!\n' in text
    assert '  """A number."""\n  size: Int! = 3\n' in text
    assert '  """A boolean."""\n  isQuick: Boolean! = false\n' in text
    assert '  """May be left out."""\n  ratio: Float = null\n' in text
    assert '  """A list."""\n  words: [String!] = null\n' in text
    assert '  """An object."""\n  columns: JSON = null\n' in text
    assert '  """Anything."""\n  anything: JSON = null\n' in text


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ('name: "a"', {"name": "a", "sizeBytes": 3, "isQuick": False}),
        ('name: "a", size: 4, isQuick: true, words: ["b"], ratio: null', {"name": "a", "sizeBytes": 4, "isQuick": True, "words": ["b"]}),
        ('name: "a", columns: {a: 1}, anything: [0]', {"name": "a", "sizeBytes": 3, "isQuick": False, "columns": {"a": 1}, "anything": [0]}),
    ],
)  # fmt: skip
def test_options_come_under_the_names_of_their_kind_and_fit_it(given: str, options: dict[str, Any]) -> None:
    answer = SCHEMA.execute_sync(f"{{ echo(given: {{{given}}}) }}")
    assert answer.errors is None
    assert answer.data == {"echo": options}
    EveryOption.model_validate(options)


def test_an_option_that_no_input_takes_is_told_at_start() -> None:
    with pytest.raises(TypeError, match="no input of the API takes an option of type <class 'bytes'>"):
        options_input(replace(PLAIN, options=OddOptions))


def test_the_kind_that_was_chosen_is_named_with_its_input() -> None:
    custom = CustomOptionsInput(kind="counting", options=None)
    assert chosen_work(TaskWork(custom=custom)) == ("counting", {}, "input.work.custom.options")
    demo: Any = TaskWork.__annotations__["demo"].__args__[0]
    work: Any = TaskWork
    assert chosen_work(work(demo=demo(items=3)))[::2] == ("demo", "input.work.demo")


def test_lists_that_may_not_be_null_are_empty_where_they_are_left_out() -> None:
    text = str(RARE_SCHEMA)
    assert "  sort: OnDuplicate! = SKIP\n" in text
    assert "  largest: BigInt! = 0\n" in text
    assert "  since: DateTime = null\n" in text
    assert "  pairs: [PairInput!]! = []\n" in text
    assert "sealed" not in text
    assert RARE_SCHEMA.execute_sync("{ echo(given: {}) }").data == {"echo": {"sort": "SKIP", "largest": 0, "pairs": []}}


def test_what_is_given_is_json() -> None:
    given = 'sort: DOWNLOAD, largest: 5000000000, since: "2026-01-02T01:00:00+01:00", pairs: [{left: "a"}]'
    answer = RARE_SCHEMA.execute_sync(f"{{ echo(given: {{{given}}}) }}")

    assert answer.data == {
        "echo": {
            "sort": "DOWNLOAD", "largest": 5_000_000_000, "since": "2026-01-02T00:00:00.000Z", "pairs": [{"left": "a"}],
        }
    }  # fmt: skip


def test_values_are_shown_as_they_are_meant_and_nothing_hidden_is() -> None:
    answer = RARE_SCHEMA.execute_sync("{ values { sort largest since pairCount } }")

    assert answer.data == {
        "values": {"sort": "SKIP", "largest": 0, "since": "2026-01-02T00:00:00.000Z", "pairCount": 1}
    }
