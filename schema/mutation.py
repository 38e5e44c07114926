"""Root fields that change something; each answers the changed object."""

import strawberry

from resolvers.jobs import resolve_cancel_job, resolve_create_batch, resolve_retry_job, resolve_start_job
from resolvers.session import resolve_login, resolve_logout, resolve_refresh_session
from resolvers.uploads import resolve_create_upload, resolve_delete_upload, resolve_upload_file
from schema.types.job import Batch, Job
from schema.types.people import Session
from schema.types.upload import Upload


@strawberry.type(description="What can be changed.")
class Mutation:
    """See `resolvers/`."""

    login: Session = strawberry.field(resolver=resolve_login, description="Sign in with a user name and a password.")
    refresh_session: Session = strawberry.field(
        resolver=resolve_refresh_session, description="New tokens for a refresh token."
    )
    logout: bool = strawberry.field(resolver=resolve_logout, description="End this session: its tokens are refused.")
    create_upload: Upload = strawberry.field(
        resolver=resolve_create_upload, description="Announce a file; then send its bytes to `url` with any tus client."
    )
    upload_file: Upload = strawberry.field(
        resolver=resolve_upload_file,
        description="For small files, without a tus client: at most 100 MiB in one request.",
    )
    delete_upload: strawberry.ID = strawberry.field(
        resolver=resolve_delete_upload, description="Remove an upload and its bytes; jobs that wait for it fail."
    )
    create_batch: Batch = strawberry.field(
        resolver=resolve_create_batch, description="Work over many alike items; starts when its uploads are complete."
    )
    start_job: Job = strawberry.field(
        resolver=resolve_start_job, description="Let a job that is AWAITING_INPUT go on; CANNOT_START otherwise."
    )
    cancel_job: Job = strawberry.field(
        resolver=resolve_cancel_job,
        description="CANCELLING at once, CANCELLED when the work has stopped; again = the same answer; CANNOT_CANCEL when finished.",
    )
    retry_job: Job = strawberry.field(
        resolver=resolve_retry_job,
        description="Only FAILED or CANCELLED jobs, or COMPLETED ones with failures; keeps what succeeded when onlyFailedItems.",
    )
