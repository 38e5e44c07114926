"""What the server is and can do."""

from functools import cache

from base.settings import VERSION
from processors.registry import list_kinds
from schema.context import Info
from schema.types.scalars import BigInt
from schema.types.server_info import ProcessorInfo, ServerInfo, processor_type

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


@cache
def _processors() -> list[ProcessorInfo]:
    return [processor_type(processor) for processor in list_kinds()]
