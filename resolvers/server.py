"""What the server is and can do, and how often."""

import asyncio
from functools import cache

from auth.rates import rate_key
from base.settings import VERSION
from processors.registry import list_kinds
from results.guides import guides_folder, list_guides
from schema.context import Info
from schema.types.rate_limit import RateLimit, rate_limit_type
from schema.types.scalars import BigInt
from schema.types.server_info import Guide, ProcessorInfo, ServerInfo, guide_type, processor_type

RECOMMENDED_CHUNK_BYTES = 50_000_000


def resolve_server_info(info: Info) -> ServerInfo:
    return ServerInfo(
        service="waybill",
        version=VERSION,
        tus_endpoint=f"{info.context.base_url}/files/",
        is_anonymous_allowed=info.context.means.gate.is_anonymous_allowed,
        oidc_issuer=info.context.means.settings.oidc_issuer or None,
        max_upload_size=BigInt(info.context.means.settings.max_upload_size),
        recommended_chunk_size=BigInt(RECOMMENDED_CHUNK_BYTES),
        processors=_processors(),
    )


async def resolve_guides(info: Info) -> list[Guide]:
    _ = info.context.viewer
    folder = guides_folder(info.context.means.settings)
    return [guide_type(guide, info.context) for guide in await asyncio.to_thread(list_guides, folder)]


async def resolve_limits(info: Info) -> list[RateLimit]:
    context = info.context
    return [rate_limit_type(left) for left in await context.means.rates.left(rate_key(context.caller, context.address))]


@cache
def _processors() -> list[ProcessorInfo]:
    return [processor_type(processor) for processor in list_kinds()]
