"""Connections: pages of a list, with cursors (GraphQL Cursor Connections Specification)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import strawberry

from jobs.queries import pages_of
from jobs.snapshots import read_with_retry
from models.listing import Listing, Page, Window
from schema.context import Info, selects
from schema.types.node import Node
from schema.types.rows import derived

__all__ = ["Connection", "Edge", "Page", "PageInfo", "Window", "connection_of", "counted", "nested_connections"]

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


def _total_count(root: "Connection[Any]") -> int:
    assert root.page.total is not None  # noqa: S101  whoever reads a page looks whether its list is to be counted
    return root.page.total


def _edges(root: "Connection[T]") -> list[Edge[T]]:
    return [Edge(cursor=cursor, node=node) for cursor, node in zip(root.page.cursors, root.nodes, strict=True)]


def _page_info(root: "Connection[Any]") -> PageInfo:
    cursors = root.page.cursors
    return PageInfo(
        has_next_page=root.page.has_next,
        has_previous_page=root.page.has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Rows both with and without their cursors."""

    page: strawberry.Private[Page]
    edges: list[Edge[T]] = derived(_edges, description="The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows.")
    page_info: PageInfo = derived(_page_info, description="What lies before and after.")
    total_count: int = derived(
        _total_count,
        description="Of the whole list, at the moment at which `nodes` were read. Counted only when asked for.",
    )


def connection_of(page: Page, node_of: Callable[[dict[str, Any]], T]) -> Connection[T]:
    """The page as clients see it."""
    return Connection(page=page, nodes=[node_of(row) for row in page.rows])


def counted(info: Info, window: Window) -> Window:
    """`window`, counted where the operation asks for `totalCount`."""
    return replace(window, is_counted=selects(info, "totalCount"))


async def nested_connections(
    info: Info, listing: Listing, roots: Sequence[Node], window: Window, node_of: Callable[[dict[str, Any]], T]
) -> list[Connection[T]]:
    """The page of the list of each of `roots`: all of them are read together."""
    return [connection_of(page, node_of) for page in await read_nested_pages(info, listing, roots, window)]


async def read_nested_pages(info: Info, listing: Listing, roots: Sequence[Node], window: Window) -> list[Page]:
    """The same part of the list of each of `roots`."""
    return await read_with_retry(pages_of, listing, [root.id for root in roots], counted(info, window))
