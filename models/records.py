"""Records: rows as they were read, with the attributes of their model."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar, cast

from tortoise.fields import BooleanField, JSONField
from tortoise.fields.base import Field
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from models.fields import InstantField
from models.sql import Row

M = TypeVar("M", bound=Model)


def record_type(model: type[M]) -> Callable[[Row], M]:
    """The class whose objects are rows of `model`, with its attributes: to be read, by a tenth of what making the model takes.

    A value becomes one of Python when it is read: a moment, a member of its enum, what JSON says. A row may have some of the
    columns; to read another one raises KeyError. An object knows nothing of the database, and cannot be saved.
    """
    columns = {
        name: property(_reader(name, field))
        for name, field in model._meta.fields_map.items()  # noqa: SLF001  the columns
    }
    record = type(f"{model.__name__}Record", (dict,), {"__slots__": (), **columns})
    return cast("Callable[[Row], M]", record)  # mypy knows the attributes by the model


def _reader(name: str, field: Field[Any]) -> Callable[[Row], Any]:
    """Reads one column; where the driver answers the value itself, without a call into Python."""
    if isinstance(field, CharEnumFieldInstance):
        return _converted(name, _member_of(field.enum_type))
    if isinstance(field, BooleanField):
        return _converted(name, bool)
    if isinstance(field, InstantField):
        return _converted(name, partial(datetime.fromtimestamp, tz=UTC))
    if isinstance(field, JSONField):
        return _converted(name, field.to_python_value)
    return itemgetter(name)


def _converted(name: str, convert: Callable[[Any], Any]) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        value = row[name]
        return None if value is None else convert(value)

    return read


def _member_of(enum_type: type[Enum]) -> Callable[[Any], Enum]:
    """By value, or the member itself."""
    members = {member.value: member for member in enum_type}
    return members.__getitem__
