"""Root fields that read. Those by id are nullable, so that one refusal does not empty the whole answer."""

import strawberry

from resolvers.downloads import resolve_download, resolve_downloads, resolve_plan_download
from resolvers.jobs import (
    resolve_batch,
    resolve_batches,
    resolve_job,
    resolve_jobs,
    resolve_statistics,
    resolve_task,
    resolve_tasks,
)
from resolvers.nodes import resolve_node, resolve_nodes
from resolvers.people import resolve_api_tokens, resolve_audit_log, resolve_users
from resolvers.server import resolve_guides, resolve_limits, resolve_server_info
from resolvers.session import resolve_viewer
from resolvers.uploads import resolve_upload, resolve_uploads
from resolvers.webhooks import resolve_webhooks
from schema.types.connection import Connection
from schema.types.download import Download, PlannedFile
from schema.types.job import Batch, Job, Task
from schema.types.node import Node
from schema.types.people import ApiToken, AuditEntry, User
from schema.types.rate_limit import RateLimit
from schema.types.server_info import Guide, ServerInfo
from schema.types.statistics import Statistics
from schema.types.upload import Upload
from schema.types.webhook import Webhook


@strawberry.type(description="What can be read.")
class Query:
    """See `resolvers/`."""

    node: Node | None = strawberry.field(resolver=resolve_node, description="Any object by its id.")
    nodes: list[Node | None] = strawberry.field(
        resolver=resolve_nodes, description="Up to 100 objects by their ids; null for each that does not exist for you."
    )
    viewer: User | None = strawberry.field(resolver=resolve_viewer, description="Who you are; null when not signed in.")
    limits: list[RateLimit] = strawberry.field(
        resolver=resolve_limits, description="What is left of your operations; empty when you are not limited."
    )
    server_info: ServerInfo = strawberry.field(
        resolver=resolve_server_info, description="What the server is and can do. Readable without signing in."
    )
    upload: Upload | None = strawberry.field(resolver=resolve_upload, description="One upload.")
    uploads: Connection[Upload] = strawberry.field(resolver=resolve_uploads, description="Your uploads, newest first.")
    task: Task | None = strawberry.field(resolver=resolve_task, description="One task.")
    tasks: Connection[Task] = strawberry.field(resolver=resolve_tasks, description="Your tasks, newest first.")
    batch: Batch | None = strawberry.field(resolver=resolve_batch, description="One batch.")
    batches: Connection[Batch] = strawberry.field(resolver=resolve_batches, description="Your batches, newest first.")
    download: Download | None = strawberry.field(resolver=resolve_download, description="One download.")
    downloads: Connection[Download] = strawberry.field(
        resolver=resolve_downloads, description="Your downloads, newest first."
    )
    plan_download: list[PlannedFile] = strawberry.field(
        resolver=resolve_plan_download,
        description="The files that would be fetched, those that would not and why; nothing is transferred or stored. At most 1,000 files, "
        "of which the servers of the first 40 are asked: of the others type and size may be null.",
    )
    job: Job | None = strawberry.field(resolver=resolve_job, description="One job of any type.")
    jobs: Connection[Job] = strawberry.field(resolver=resolve_jobs, description="Your jobs of all types, newest first.")
    statistics: Statistics = strawberry.field(
        resolver=resolve_statistics, description="Counts of your jobs (an admin's: of everybody's) that match."
    )
    guides: list[Guide] = strawberry.field(resolver=resolve_guides, description="PDFs for users, by their names.")
    webhooks: list[Webhook] = strawberry.field(
        resolver=resolve_webhooks, description="Your own webhooks, newest first."
    )
    api_tokens: list[ApiToken] = strawberry.field(
        resolver=resolve_api_tokens, description="Your own API tokens that were not revoked, newest first."
    )
    users: list[User] = strawberry.field(
        resolver=resolve_users, description="Admins only. All users, oldest first; `first` is at most 100."
    )
    audit_log: list[AuditEntry] = strawberry.field(
        resolver=resolve_audit_log,
        description="Admins only. Newest first, of one object or of all; `after` goes on to older ones; `first` is at most 100.",
    )
