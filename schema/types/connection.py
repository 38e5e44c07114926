"""Connections: pages of a list, with cursors (GraphQL Cursor Connections Specification)."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import strawberry

from models.paging import Listing, Page, Window
from schema.context import Info

__all__ = ["Connection", "Edge", "Page", "PageInfo", "Window", "connection_of", "nested_connection"]

T = TypeVar("T")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Whether there is more on either side, and the cursors at the ends."""

    has_next_page: bool = strawberry.field(description="There is more after this page.")
    has_previous_page: bool = strawberry.field(description="There is more before this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row; null for an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null for an empty page.")


@strawberry.type(description="One row of a page.")
class Edge(Generic[T]):
    """A row and its cursor."""

    cursor: str = strawberry.field(description="Goes into `after` or `before`.")
    node: T = strawberry.field(description="The row.")


async def _total_count(root: "Connection[Any]", info: Info) -> int:
    return await info.context.loaders.totals.load(root.page.listing)


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Rows both with and without their cursors."""

    page: strawberry.Private[Page]
    edges: list[Edge[T]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="What lies before and after.")
    total_count: int = strawberry.field(
        resolver=_total_count, description="Of the whole list. Counted only when asked for."
    )


def connection_of(page: Page, node_of: Callable[[dict[str, Any]], T]) -> Connection[T]:
    """The page as clients see it."""
    nodes = [node_of(row) for row in page.rows]
    return Connection(
        page=page,
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
        ),
    )


async def nested_connection(
    info: Info, listing: Listing, window: Window, node_of: Callable[[dict[str, Any]], T]
) -> Connection[T]:
    """The page of a list that belongs to one of many objects: all of them are read together."""
    return connection_of(await info.context.loaders.pages.load((listing, window)), node_of)
