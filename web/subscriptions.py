"""Subscriptions of this process, shared where they are equal."""

import secrets
from collections.abc import Hashable
from dataclasses import replace
from functools import partial

import orjson

from auth.viewer import Viewer
from base.logging import request_id
from base.words import Role
from execution.groups.group import Groups
from execution.groups.queue import Message
from execution.groups.subscriber import Render, Subscriber
from execution.groups.watches import Change
from schema.build import Schema
from schema.context import Context
from schema.documents import Document
from schema.loaders import Loaders
from schema.viewer_fields import viewer_fields
from schema.watching import WatchingOperation
from web.audit import audit_refused_fields
from web.operations import encode_result, first_error_code


class Subscriptions:
    """Serves subscribers; those who see the same share executions and bytes."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._groups = Groups()

    async def serve(
        self, document: Document, name: str | None, variables: dict[str, object] | None, context: Context,
        subscriber: Subscriber,
    ) -> None:  # fmt: skip
        """Serve a subscriber until the end of its subscription.

        Raises:
            OperationRefusedError: It is refused with a result, or ended by one.
            SlowReaderError: Its connection does not read.
            Exception: What else refuses or ends it.
        """
        operation = WatchingOperation(self._schema, document, name, variables, context)
        watch = await operation.watch()
        is_dependent = document.names_fields(viewer_fields(document.schema))
        who = _seen_by(context.viewer, is_dependent=is_dependent)
        # A str: the bytes that orjson returns keep 4 KiB, and the key lives as long as its subscriptions.
        text = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS).decode()
        key = (document, name, text, context.base_url, who)
        is_shared = watch.scope is not None

        def shared_render() -> Render:
            caller = context.caller if is_dependent or not is_shared else None
            shared = replace(context, caller=caller, authorization=None, loaders=Loaders())
            operation = WatchingOperation(self._schema, document, name, variables, shared)
            return partial(_render, operation, caller, f"group-{secrets.token_hex(8)}")

        own_render = partial(_render, operation, context.caller, None)
        await self._groups.serve(key, watch, subscriber, own_render, shared_render)


def _seen_by(viewer: Viewer, *, is_dependent: bool) -> Hashable:
    """Those who may see an object see the same, but for workers, and for fields that depend on the role."""
    if viewer.role is Role.WORKER:
        return viewer.user_id
    return viewer.role if is_dependent else None


async def _render(operation: WatchingOperation, caller: Viewer | None, id_: str | None, change: Change) -> Message:
    """Execute `operation` on a change; its errors have the id of their request, or else `id_`."""
    if id_ is not None:
        request_id.set(id_)
    result = await operation.result_of(change)
    await audit_refused_fields(caller, result.errors)
    return Message(encode_result(result), change.key, change.version, change.is_urgent, first_error_code(result))
