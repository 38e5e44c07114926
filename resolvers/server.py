"""Resolvers of `serverInfo` and `limits`."""

import asyncio
from functools import cache

from auth.rates import rate_key
from base.settings import VERSION, Settings
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
        is_anonymous_allowed=info.context.services.auth.is_anonymous_allowed,
        oidc_issuer=info.context.services.settings.oidc_issuer or None,
        max_upload_size=BigInt(info.context.services.settings.max_upload_size),
        recommended_chunk_size=BigInt(RECOMMENDED_CHUNK_BYTES),
        processors=_processors(info.context.services.settings),
    )


async def resolve_guides(info: Info) -> list[Guide]:
    _ = info.context.viewer
    folder = guides_folder(info.context.services.settings)
    return [guide_type(guide, info.context) for guide in await asyncio.to_thread(list_guides, folder)]


async def resolve_limits(info: Info) -> list[RateLimit]:
    context = info.context
    return [
        rate_limit_type(left) for left in await context.services.rates.left(rate_key(context.caller, context.address))
    ]


@cache
def _processors(settings: Settings) -> list[ProcessorInfo]:
    return [processor_type(processor, settings.resources) for processor in list_kinds()]
