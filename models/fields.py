"""The one column type of our own: a moment, kept as a number so that the database's clock can compare with it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tortoise.fields.base import Field

if TYPE_CHECKING:
    from tortoise.models import Model


class InstantField(Field[datetime], datetime):
    """An aware UTC datetime, stored as seconds since 1970 (double precision: exact to the microsecond until 2112)."""

    SQL_TYPE = "DOUBLE PRECISION"

    class _db_sqlite:  # noqa: N801  the name by which the ORM finds it
        SQL_TYPE = "REAL"

    def to_db_value(self, value: Any, _instance: "type[Model] | Model") -> float | None:
        return value.timestamp() if isinstance(value, datetime) else value

    def to_python_value(self, value: Any) -> datetime | None:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value


def now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)
