"""Any object by its id alone."""

import asyncio

from strawberry import ID

from auth.api_tokens import find_api_token
from auth.queries import find_user
from base.errors import ErrorCode, Refusal
from jobs.queries import find_job, find_visible_file, find_visible_item
from schema.context import Info
from schema.types.file import file_type
from schema.types.item import item_type
from schema.types.job import job_type
from schema.types.node import Node, type_of_id
from schema.types.people import api_token_type, user_type
from schema.types.upload import upload_type
from schema.types.webhook import webhook_type
from uploads.queries import find_upload
from webhooks.queries import find_webhook


async def resolve_node(info: Info, id: ID) -> Node | None:  # noqa: A002  the contract's name
    context = info.context
    node: Node
    match type_of_id(id):
        case "batch" | "task" | "download":
            node = job_type(await find_job(context.viewer, id), context)
        case "upload":
            node = upload_type(await find_upload(context.viewer, id), context)
        case "file":
            node = file_type(await find_visible_file(context.viewer, id), context)
        case "item":
            node = item_type(await find_visible_item(context.viewer, id))
        case "user" if context.viewer.may_see(id):
            node = user_type(await find_user(id))
        case "token":
            node = api_token_type(await find_api_token(context.viewer, id))
        case "webhook":
            node = webhook_type(await find_webhook(context.viewer, id))
        case _:
            raise Refusal(ErrorCode.NOT_FOUND, "There is no such object.", "id")
    return node


async def resolve_nodes(info: Info, ids: list[ID]) -> list[Node | None]:
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
