"""Interface `Node`: an object with an id."""

import strawberry

from models.ids import type_of_id

__all__ = ["Node", "type_of_id"]


@strawberry.interface(description="Anything with an id; `node(id:)` reads its type from the id.")
class Node:
    """An object that can be asked for by its id alone."""

    id: strawberry.ID = strawberry.field(description="`{type}-{unix seconds}-{12 hex}`, unique in the whole system.")
