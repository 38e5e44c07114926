"""Type of the server's own facts and limits."""

from collections.abc import Mapping
from pathlib import Path

import strawberry

from models.fields import now
from processors.contract import Kind
from processors.languages import list_languages
from processors.options import describe_options
from results import guides
from results.links import guide_path
from schema.context import Context
from schema.types.enums import JobType
from schema.types.scalars import BigInt, Json


@strawberry.type(description="One kind of work.")
class ProcessorInfo:
    """See `processors.contract.Kind`."""

    kind: str = strawberry.field(description="Its name.")
    type: JobType = strawberry.field(description="The type of its jobs.")
    description: str = strawberry.field(description="What it does.")
    accept: list[str] = strawberry.field(description="File name endings that it takes; empty = any file.")
    max_files: int = strawberry.field(description="Uploads that one job may have.")
    stages: list[str] = strawberry.field(description="Names of its stages in order.")
    options_schema: Json = strawberry.field(description="JSON Schema of its options.")
    languages: list[str] = strawberry.field(description="BCP 47; empty where language does not matter.")


@strawberry.type(description="What the server is and can do. Readable without signing in.")
class ServerInfo:
    """Constant while the server runs."""

    service: str = strawberry.field(description="waybill")
    version: str = strawberry.field(description="Semantic version.")
    tus_endpoint: str = strawberry.field(description="Where tus clients create uploads.")
    is_anonymous_allowed: bool = strawberry.field(description="startAnonymousSession works.")
    oidc_issuer: str | None = strawberry.field(description="Whose tokens are taken besides our own.")
    max_upload_size: BigInt = strawberry.field(description="Bytes.")
    recommended_chunk_size: BigInt = strawberry.field(
        description="Bytes. Below the body limit of common proxies: 50 MB by default."
    )
    processors: list[ProcessorInfo] = strawberry.field(description="What can be done.")


@strawberry.type(description="A PDF for users.")
class Guide:
    """See `results.guides.Guide`."""

    title: str = strawberry.field(description="For people.")
    filename: str = strawberry.field(description="What it is saved as.")
    size: BigInt = strawberry.field(description="Bytes.")
    url: str = strawberry.field(description="Signed link for a plain GET.")


def guide_type(guide: guides.Guide, context: Context) -> Guide:
    """The guide as clients see it."""
    path = guide_path(context.services.signer, guide.filename, now())
    return Guide(title=guide.title, filename=guide.filename, size=BigInt(guide.size_bytes), url=context.base_url + path)


def processor_type(kind: Kind, resources: Mapping[str, Path]) -> ProcessorInfo:
    """The kind as clients see it, with the languages that it knows thanks to the operator's `resources`."""
    return ProcessorInfo(
        kind=kind.name,
        type=kind.job_type,
        description=kind.description,
        accept=list(kind.accept),
        max_files=kind.max_files,
        stages=[stage.name for stage in kind.stages],
        options_schema=Json(describe_options(kind)),
        languages=list_languages(kind, resources),
    )
