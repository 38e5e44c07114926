"""Fields of objects with a row, read when they are asked for."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any

import strawberry
from strawberry.types import get_object_definition
from strawberry.utils.str_converters import to_camel_case

_COLUMNS = "columns"


def column(name: str, *, description: str, deprecation_reason: str | None = None) -> Any:
    """A field that is the column `name` of its object's `row`."""
    read = attrgetter(f"row.{name}")
    return derived(read, name, description=description, deprecation_reason=deprecation_reason)


def derived(read: Callable[[Any], Any], *columns: str, description: str, deprecation_reason: str | None = None) -> Any:
    """A field that `read` derives from its object; `columns` are what it needs of the object's `row`.

    It is a property of its class: nothing is done for it unless it is selected, and a plan reads it as any attribute.
    """
    field: Any = strawberry.field(
        default=property(read), description=description, deprecation_reason=deprecation_reason, metadata=reads(*columns)
    )
    field.init = field.repr = field.compare = False  # as of any field with a resolver
    return field


def reads(*columns: str) -> dict[Any, Any]:
    """Metadata of a field that needs these columns of its object's `row`."""
    return {_COLUMNS: columns}


@lru_cache
def columns_by_field(*types: type) -> dict[str, frozenset[str]]:
    """The columns that the fields of `types` need, by the names of the fields in a query, whichever type has them."""
    found: dict[str, frozenset[str]] = {}
    for type_ in types:
        for field in get_object_definition(type_, strict=True).fields:
            name = to_camel_case(field.python_name)
            found[name] = found.get(name, frozenset()) | frozenset(field.metadata.get(_COLUMNS, ()))
    return found


def columns_of(names: Iterable[str], *types: type) -> frozenset[str]:
    """The columns of rows shown as `types` that fields of these names need."""
    known = columns_by_field(*types)
    return frozenset().union(*(known[name] for name in names if name in known))
