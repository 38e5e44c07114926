"""Context of a resolver: caller, loaders, and services."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, Node

from auth.queries import require_viewer
from auth.rates import Rates
from auth.signatures import Signer
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import Refusal
from base.settings import Settings
from downloads.wiring import DownloadServices
from events.hub import Hub
from execution.batches import Batches
from jobs.outbox import Outbox
from schema.loaders import Loaders
from storage.ports import Storage
from uploads.wiring import UploadServices
from webhooks.sending import Sender


@dataclass(frozen=True)
class RequestServices:
    """Services of requests, which the programs opened and chose for as long as the process lives."""

    settings: Settings
    auth: AuthServices
    signer: Signer
    hub: Hub
    outbox: Outbox
    storage: Storage
    upload_services: UploadServices
    downloads: DownloadServices
    rates: Rates
    sender: Sender
    """Of tests of webhooks, which are sent at once."""


@dataclass
class Context:
    """One request, or one WebSocket connection."""

    services: RequestServices
    base_url: str
    """Scheme, host and path prefix by which the client reached us, without a slash at the end."""
    caller: Viewer | None = None
    refusal: Refusal | None = None
    """Why the token that came along is not good."""
    authorization: str | None = None
    """The value of the Authorization header, or of connection_init."""
    address: str | None = None
    """The network address of the client, where it is known."""
    answered_bytes: int = 0
    """Of the answers to other operations in the same list."""
    connection_params: dict[str, Any] = field(default_factory=dict)
    loaders: Loaders = field(default_factory=Loaders)
    batches: Batches = field(default_factory=Batches)

    @property
    def viewer(self) -> Viewer:
        """The signed-in caller.

        Raises:
            Refusal: UNAUTHENTICATED, TOKEN_EXPIRED or INVALID_TOKEN.
        """
        if self.refusal is not None:
            raise self.refusal
        return require_viewer(self.caller)


Info = strawberry.Info[Context, None]


def selects(info: Info, name: str) -> bool:
    """Whether the operation selects a field `name` of the field that is being answered."""
    return name in _selected(info, is_below=False)


def selected_names(info: Info) -> set[str]:
    """The names of all fields that the operation selects below the field that is being answered, however deep."""
    return set(_selected(info, is_below=True))


def _selected(info: Info, *, is_below: bool) -> Iterator[str]:
    raw = info._raw_info  # noqa: SLF001  Strawberry's own view of it copies the whole selection first
    waiting: list[Node] = [
        one for node in raw.field_nodes if node.selection_set for one in node.selection_set.selections
    ]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            yield node.name.value
        if isinstance(node, FragmentSpreadNode):
            if node.name.value not in seen:
                seen.add(node.name.value)
                waiting.append(raw.fragments[node.name.value])
        elif isinstance(node, InlineFragmentNode | FragmentDefinitionNode) or (
            is_below and isinstance(node, FieldNode)
        ):
            waiting += node.selection_set.selections if node.selection_set else ()
