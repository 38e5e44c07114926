"""What every resolver is given: who calls, the loaders of this request, and the means that the programs opened."""

from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, Node

from auth.gate import Gate
from auth.queries import require_viewer
from auth.rates import Rates
from auth.signatures import Signer
from auth.viewer import Viewer
from base.errors import Refusal
from base.settings import Settings
from events.hub import Hub
from jobs.outbox import Outbox
from schema.loaders import Loaders
from storage.local import LocalStorage
from uploads.receiver import Receiver
from webhooks.sending import Sender


@dataclass(frozen=True)
class Means:
    """What the programs opened and chose, for as long as the process lives."""

    settings: Settings
    gate: Gate
    signer: Signer
    hub: Hub
    outbox: Outbox
    storage: LocalStorage
    receiver: Receiver
    rates: Rates
    sender: Sender
    """Of tests of webhooks, which are sent at once."""


@dataclass
class Context:
    """One request, or one WebSocket connection."""

    means: Means
    base_url: str
    """Scheme, host and path prefix by which the client reached us, without a slash at the end."""
    caller: Viewer | None = None
    refusal: Refusal | None = None
    """Why the token that came along is not good."""
    authorization: str | None = None
    """The value of the Authorization header, or of connection_init."""
    address: str | None = None
    """The network address of the client, where it is known."""
    connection_params: dict[str, Any] = field(default_factory=dict)
    loaders: Loaders = field(default_factory=Loaders)

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
    """Whether the operation selects a field `name` anywhere below the field that is being answered."""
    raw = info._raw_info  # noqa: SLF001  Strawberry's own view of it copies the whole selection first
    waiting: list[Node] = list(raw.field_nodes)
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode) and node.name.value == name:
            return True
        if isinstance(node, FragmentSpreadNode):
            if node.name.value not in seen:
                seen.add(node.name.value)
                waiting.append(raw.fragments[node.name.value])
        elif isinstance(node, FieldNode | InlineFragmentNode | FragmentDefinitionNode) and node.selection_set:
            waiting += node.selection_set.selections
    return False
