"""Which statements went to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tortoise.backends.base.client import BaseDBAsyncClient

from models.postgres import SafeClient
from models.sqlite import ImmediateClient

_METHODS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many", "execute_script")


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Notes every statement outside of transactions while the block lasts."""
    statements: list[str] = []

    def noting(client: type[BaseDBAsyncClient], name: str) -> Any:
        original = getattr(client, name)

        def noted(self: Any, query: str, *values: Any, **named: Any) -> Any:
            if not statements or statements[-1] is not query:  # one method may call another
                statements.append(query)
            return original(self, query, *values, **named)

        return patch.object(client, name, noted)

    patches = [noting(client, name) for client in (ImmediateClient, SafeClient) for name in _METHODS]
    for one in patches:
        one.start()
    try:
        yield statements
    finally:
        for one in patches:
            one.stop()
