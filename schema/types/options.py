"""GraphQL inputs generated from the options of kinds."""

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import strawberry
from annotated_types import Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import SkipJsonSchema

from base.errors import rfc3339
from base.words import JobType
from processors.manifest import Kind, UploadId
from processors.registry import built_in_kinds
from schema.types import enums
from schema.types.scalars import BigInt, Json

T = TypeVar("T")
_LARGEST_INT = 2**31 - 1
"""Of GraphQL's Int; what may be larger is a BigInt."""
_HIDDEN: Any = SkipJsonSchema  # which type checkers take for something else


class OptionsInput:
    """Base of these inputs."""

    def as_options(self) -> dict[str, Any]:
        """What the client gave, as JSON, under the names of the kind; what is null is left out."""
        given = {
            info.alias or name: getattr(self, name, None)
            for name, info in shown_options(type(self).options_type).items()
        }
        return {name: _as_json(value) for name, value in given.items() if value is not None}

    options_type: type[BaseModel]


class Choice:
    """Base of the inputs of which exactly one field is given: one for each built-in kind, and `custom`."""

    def chosen_kind(self) -> tuple[str, OptionsInput] | None:
        """Name and options of the built-in kind that was chosen; None for `custom`."""
        for kind in built_in_kinds():
            if given := getattr(self, kind.name, None):
                return kind.name, given
        return None


def with_kinds(job_type: JobType) -> Callable[[type[T]], type[T]]:
    """A decorator that adds one field for each built-in kind of jobs of `job_type`, before those of the class."""

    def add(cls: type[T]) -> type[T]:
        kinds = [kind for kind in built_in_kinds() if kind.job_type is job_type]
        inputs: dict[str, Any] = {kind.name: options_input(kind) | None for kind in kinds}
        for kind in kinds:
            setattr(cls, kind.name, strawberry.field(default=strawberry.UNSET, description=kind.invitation))
        cls.__annotations__ = inputs | cls.__annotations__
        return cls

    return add


def options_input(kind: Kind) -> type[OptionsInput]:
    """The input `<Kind>OptionsInput`; its descriptions are the docstring and the fields' of `kind.options`.

    Raises:
        TypeError: An option is of a type that the API has no input for.
    """
    return _model_input(kind.options, f"{kind.name[0].upper()}{kind.name[1:]}OptionsInput")


def with_options(options: type[BaseModel], *, without: str = "") -> Callable[[type[T]], type[T]]:
    """A decorator that adds one field for each option, but for the one named `without`, to an `OptionsInput`.

    A list may be left out, not null: an empty one is its default.
    """

    def add(cls: type[T]) -> type[T]:
        shown = {name: info for name, info in shown_options(options).items() if name != without}
        for name, info in shown.items():
            default = {"default_factory": list} if info.default == () else {"default": info.default}
            setattr(cls, name, strawberry.field(description=info.description, **default))
        cls.__annotations__ = {name: _value_type(info) for name, info in shown.items()}
        return _of_options(cls, options)

    return add


def with_values(options: type[BaseModel], *, without: Collection[str] = ()) -> Callable[[type[T]], type[T]]:
    """A decorator that adds one field for each option, but for those named `without`, to a type that shows their values."""

    def add(cls: type[T]) -> type[T]:
        shown = {name: info for name, info in shown_options(options).items() if name not in without}
        for name, info in shown.items():
            setattr(cls, name, strawberry.field(description=info.description))
        cls.__annotations__ = {name: _value_type(info) for name, info in shown.items()} | cls.__annotations__
        return cls

    return add


def values_of(options: BaseModel) -> dict[str, Any]:
    """The values of `options`, by the names of the fields that `with_values` makes."""
    return {name: getattr(options, name) for name in shown_options(type(options))}


def shown_options(options: type[BaseModel]) -> dict[str, FieldInfo]:
    """Those of the options that clients may know of, by name."""
    return {
        name: info
        for name, info in options.model_fields.items()
        if not any(isinstance(note, _HIDDEN) for note in info.metadata)
    }


@cache
def _model_input(options: type[BaseModel], name: str) -> type[OptionsInput]:
    shown = shown_options(options)
    body: dict[str, Any] = {option: _field(info) for option, info in shown.items()}
    body["__annotations__"] = {option: _annotation(info) for option, info in shown.items()}
    cls: type[OptionsInput] = _of_options(type(name, (OptionsInput,), body), options)
    return strawberry.input(cls, description=options.__doc__)


def _of_options(cls: type[T], options: type[BaseModel]) -> type[T]:
    cls.options_type = options  # type: ignore[attr-defined]  # of an OptionsInput
    return cls


def _field(info: FieldInfo) -> Any:
    if info.is_required():
        return strawberry.field(description=info.description)
    return strawberry.field(default=None if _is_nullable(info) else info.default, description=info.description)


def _annotation(info: FieldInfo) -> Any:
    plain = _input_type(info.annotation, info)
    return plain | None if _is_nullable(info) else plain


def _value_type(info: FieldInfo) -> Any:
    """Null only where that is the default."""
    plain = _input_type(info.annotation, info)
    return plain | None if info.default is None else plain


def _is_nullable(info: FieldInfo) -> bool:
    """Whether it may be left out without saying what holds then: null, or an empty collection, is its default."""
    return not info.get_default(call_default_factory=True) and not isinstance(info.default, bool | int | float)


def _input_type(annotation: Any, info: FieldInfo) -> Any:
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        inner = [part for part in get_args(annotation) if part is not NoneType]
        if len(inner) == 1:
            return _input_type(inner[0], info)
    if origin in {list, tuple}:
        return list[_input_type(get_args(annotation)[0], info)]  # type: ignore[misc]  # a type that is made here
    if origin is Annotated:
        return _input_type(get_args(annotation)[0], info)
    if annotation is Any or origin is dict:
        return Json
    return _plain_type(annotation, info)


def _plain_type(annotation: Any, info: FieldInfo) -> Any:
    if annotation is UploadId:
        return strawberry.ID
    if annotation is int and any(
        cast("int", limit.le) > _LARGEST_INT for limit in info.metadata if isinstance(limit, Le)
    ):
        return BigInt
    if annotation in {int, float, str, bool, datetime}:
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return getattr(enums, annotation.__name__)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model_input(annotation, f"{annotation.__name__.removesuffix('Option')}Input")
    raise TypeError(f"no input of the API takes an option of type {annotation}")


def _as_json(value: Any) -> Any:
    match value:
        case OptionsInput():
            return value.as_options()
        case datetime():
            return rfc3339(value)
        case StrEnum():
            return str(value)
        case list():
            return [_as_json(part) for part in value]
    return value
