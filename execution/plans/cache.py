"""Plans of the operations used last."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import DocumentNode, FieldNode, FragmentSpreadNode, InlineFragmentNode, VariableNode
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet

from execution.plans.compiler import OpenField, Plan

MAX_BYTES = 64 * 2**20
MIN_USES = 2
"""Many operations come once."""
_BYTES_OF_OPERATION = 2_000
_BYTES_PER_FIELD = 3_000
"""What a compiled field takes in memory, rounded up: 1,500 to 2,600 were measured."""


@dataclass
class Counts:
    """What became of plans since the process began.

    Attributes:
        compiled: Plans that were compiled.
        bailed: Values that a plan gave back to graphql-core, because something was odd about them.
        fallback: Selections that stay with graphql-core, because they cannot be compiled.
    """

    compiled: int = 0
    bailed: int = 0
    fallback: int = 0


@dataclass(eq=False)
class OperationPlan:
    """What is kept of one operation, with one set of values for the variables in its @skip and @include.

    Attributes:
        root: The fields at its root, as they were collected first.
        collected: The fields below, by type and by the identity of the nodes around them.
        plans: By the identity of a field's nodes; None for one that cannot be compiled.
        fields: By the same, those whose resolvers may be called directly.
        single: The field at its root, where that is the only one and its resolver may be called directly.
        event: For a subscription, the name of its field and the plan that completes it, where that calls no resolver.
    """

    uses: int = 0
    root: GroupedFieldSet | None = None
    collected: dict[tuple[Any, int], tuple[FieldDetailsList, CollectedFields]] = field(default_factory=dict)
    plans: dict[int, Plan | None] = field(default_factory=dict)
    fields: dict[int, OpenField] = field(default_factory=dict)
    single: OpenField | None = None
    event: tuple[str, Plan] | None = None

    @property
    def size_bytes(self) -> int:
        fields = sum(plan.fields for plan in self.plans.values() if plan)
        return _BYTES_OF_OPERATION * (1 + len(self.collected)) + _BYTES_PER_FIELD * fields

    def find_single(self) -> OpenField | None:
        """See `single`; there is none before it was compiled."""
        if self.single is None and self.root is not None and len(self.root) == 1:
            (details,) = self.root.values()
            self.single = self.fields.get(id(details))
        return self.single

    def find_event(self) -> tuple[str, Plan] | None:
        """See `event`; the field at the root of a subscription answers the event itself, but for `__typename`."""
        if self.event is None and self.root is not None and len(self.root) == 1:
            ((name, details),) = self.root.items()
            plan = self.plans.get(id(details))
            if plan is not None and not plan.open_fields and not details[0].node.name.value.startswith("__"):
                self.event = name, plan
        return self.event


class PlanCache:
    """Keeps the plans used last within `max_bytes`; an operation is compiled when it comes for the `min_uses`th time."""

    def __init__(self, max_bytes: int = MAX_BYTES, min_uses: int = MIN_USES) -> None:
        self.min_uses = min_uses
        self.counts = Counts()
        self._plans: LRUCache[Hashable, OperationPlan] = LRUCache(max_bytes, lambda plan: plan.size_bytes)

    @property
    def size_bytes(self) -> float:
        return self._plans.currsize

    def find(self, key: Hashable) -> OperationPlan:
        """The plan of an operation; a new one where there was none."""
        plan = self._plans.get(key)
        if plan is None:
            plan = OperationPlan()
            self.keep(key, plan)
        return plan

    def keep(self, key: Hashable, plan: OperationPlan) -> None:
        """Keep a plan that is new or has grown, and let go of others where there is no room."""
        self._plans.pop(key, None)
        if plan.size_bytes <= self._plans.maxsize:
            self._plans[key] = plan


def condition_names(document: DocumentNode) -> frozenset[str]:
    """The variables by which @skip and @include of a document decide."""
    names: set[str] = set()
    waiting: list[Any] = [definition for definition in document.definitions if hasattr(definition, "selection_set")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode):
            values = [argument.value for directive in node.directives or () for argument in directive.arguments or ()]
            names.update(value.name.value for value in values if isinstance(value, VariableNode))
        if getattr(node, "selection_set", None):
            waiting += node.selection_set.selections
    return frozenset(names)
