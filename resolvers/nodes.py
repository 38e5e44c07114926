"""Any object by its id alone."""

import asyncio

from auth.queries import user_not_found
from base.errors import ErrorCode, Refusal
from schema.context import Info
from schema.types.arguments import AnyId, AnyIds
from schema.types.file import file_type
from schema.types.item import item_type
from schema.types.jobs import job_type
from schema.types.node import Node, type_of_id
from schema.types.people import api_token_type, user_type
from schema.types.upload import upload_type
from schema.types.webhook import webhook_type


async def resolve_node(info: Info, id: AnyId) -> Node | None:  # noqa: A002  the contract's name
    context, loaders = info.context, info.context.loaders
    key = context.viewer, str(id)
    node: Node
    match type_of_id(id):
        case "batch" | "task" | "download":
            node = job_type(await loaders.found_jobs.load(key), context)
        case "upload":
            node = upload_type(await loaders.found_uploads.load(key), context)
        case "file":
            node = file_type(await loaders.found_files.load(key), context)
        case "item":
            node = item_type(await loaders.found_items.load(key))
        case "user" if context.viewer.may_see(id):
            user = await loaders.users.load(id)
            if user is None:
                raise user_not_found()
            node = user_type(user)
        case "user":
            raise user_not_found()
        case "token":
            node = api_token_type(await loaders.found_tokens.load(key))
        case "webhook":
            node = webhook_type(await loaders.found_webhooks.load(key))
        case _:
            raise Refusal(ErrorCode.NOT_FOUND, "There is no such object.", "id")
    return node


async def resolve_nodes(info: Info, ids: AnyIds) -> list[Node | None]:
    if len(ids) > 100:
        raise Refusal(ErrorCode.BAD_INPUT, "Ask for at most 100 objects at once.", "ids")
    _ = info.context.viewer  # nobody signed in is refused; that is not the same as finding nothing
    found = await asyncio.gather(*(resolve_node(info, id_) for id_ in ids), return_exceptions=True)
    return [_node_or_none(answer) for answer in found]


def _node_or_none(answer: Node | BaseException | None) -> Node | None:
    if isinstance(answer, Refusal):
        return None
    if isinstance(answer, BaseException):
        raise answer
    return answer
