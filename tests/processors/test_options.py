"""Refusals of options that a kind does not take."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field

from base.errors import ErrorCode, Refusal
from processors.contract import Kind, Options
from processors.options import describe_options, read_options
from processors.registry import find_kind, list_kinds
from tests.kinds import PLAIN


def no_dots(text: str) -> str:
    if "." in text:
        message = "Write it without dots."
        raise ValueError(message)
    return text


class Inner(BaseModel):
    size: float = Field(gt=0, allow_inf_nan=False)


class ManyOptions(Options):
    """One of each sort."""

    word: Literal["a", "b"] = "a"
    name: Annotated[str, AfterValidator(no_dots)] = Field("x", min_length=1, max_length=5)
    is_quick: bool = Field(default=False, alias="isQuick")
    inner: Inner | None = None
    pairs: list[tuple[int, str]] = Field(default_factory=list)
    anything: dict[str, int | str] = Field(default_factory=dict)


MANY = replace(PLAIN, name="many", options=ManyOptions)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"word": "c"}, "at.word: Give one of 'a' or 'b'."),
        ({"name": ""}, "at.name: Give a longer text: its least length is 1."),
        ({"name": "abcdef"}, "at.name: Give a shorter text: its greatest length is 5."),
        ({"name": "a.b"}, "at.name: Write it without dots."),
        ({"name": 5}, "at.name: Give a text."),
        ({"name": None}, "at.name: Give a text."),
        ({"isQuick": "perhaps"}, "at.isQuick: Give true or false."),
        ({"inner": {"size": 0}}, "at.inner.size: Give more than 0."),
        ({"inner": {"size": float("inf")}}, "at.inner.size: Give a number."),
        ({"inner": {}}, "at.inner.size: This is missing: give a value."),
        ({"inner": []}, "at.inner: Give an object."),
        ({"pairs": 5}, "at.pairs: Give a list."),
        ({"pairs": [[1, "a"], ["x", "a"]]}, "at.pairs: Give a whole number."),
        ({"pairs": [[1]]}, "at.pairs: This is missing: give a value."),
        ({"anything": {"a": None}}, "at.anything.a: Give a whole number."),
        ({"nope": 1}, "at.nope: There is no such option: many has word, name, isQuick, inner, pairs, anything."),
    ],
)
def test_an_option_that_is_not_taken_is_named_with_what_to_do(options: dict[str, Any], told: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_options(MANY, options, "at")
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert str(caught.value) == told


def test_what_fits_is_taken_under_the_names_of_json() -> None:
    options = read_options(find_kind("leads"), {"batchSize": 5}, "at")
    assert options.model_dump(by_alias=True)["batchSize"] == 5


@pytest.mark.parametrize("kind", list_kinds(), ids=lambda kind: kind.name)
def test_each_option_of_a_kind_is_described_in_words_of_the_api(kind: Kind) -> None:
    schema = describe_options(kind)

    assert "description" not in schema
    assert schema["properties"]
    for name, option in schema["properties"].items():
        assert "_" not in name
        assert option["description"].endswith(".")
        assert "title" not in option


def test_options_of_an_option_have_neither_titles_nor_docstrings() -> None:
    schema = describe_options(MANY)

    assert set(schema["$defs"]["Inner"]) == {"type", "properties", "required"}
    assert schema["properties"]["word"] == {"type": "string", "enum": ["a", "b"], "default": "a"}
