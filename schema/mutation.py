"""Root fields that change something; each answers the changed object."""

import strawberry

from resolvers.downloads import resolve_start_downloads
from resolvers.jobs import (
    resolve_cancel_job,
    resolve_cancel_jobs,
    resolve_create_batch,
    resolve_create_task,
    resolve_delete_job,
    resolve_pause_job,
    resolve_purge_job,
    resolve_resume_job,
    resolve_retry_job,
    resolve_review_item,
    resolve_start_job,
    resolve_update_job,
)
from resolvers.people import (
    resolve_change_password,
    resolve_create_api_token,
    resolve_create_user,
    resolve_revoke_api_token,
    resolve_update_user,
)
from resolvers.session import resolve_login, resolve_logout, resolve_refresh_session, resolve_start_anonymous_session
from resolvers.uploads import resolve_create_upload, resolve_delete_upload, resolve_upload_file
from resolvers.webhooks import (
    resolve_create_webhook,
    resolve_delete_webhook,
    resolve_test_webhook,
    resolve_update_webhook,
)
from resolvers.workers import resolve_claim_task, resolve_report_task
from schema.types.download import DownloadStart
from schema.types.item import JobItem
from schema.types.job import Batch, Job, Task
from schema.types.people import ApiToken, Session, User
from schema.types.upload import Upload
from schema.types.webhook import Webhook, WebhookDelivery


@strawberry.type(description="What can be changed.")
class Mutation:
    """See `resolvers/`."""

    login: Session = strawberry.field(resolver=resolve_login, description="Sign in with a user name and a password.")
    refresh_session: Session = strawberry.field(
        resolver=resolve_refresh_session, description="New tokens for a refresh token."
    )
    logout: bool = strawberry.field(resolver=resolve_logout, description="End this session: its tokens are refused.")
    start_anonymous_session: Session = strawberry.field(
        resolver=resolve_start_anonymous_session,
        description="Come in without an account; FORBIDDEN unless serverInfo.isAnonymousAllowed.",
    )
    create_user: User = strawberry.field(
        resolver=resolve_create_user, description="Admins only. A name that is taken is DUPLICATE."
    )
    update_user: User = strawberry.field(
        resolver=resolve_update_user,
        description="Admins only; a disabled user's tokens and sockets end at once. What is left out stays as it is.",
    )
    change_password: User = strawberry.field(
        resolver=resolve_change_password, description="Give yourself another password; your other sessions end."
    )
    create_api_token: ApiToken = strawberry.field(
        resolver=resolve_create_api_token, description="For programs: a bearer token of the caller's own rights."
    )
    revoke_api_token: strawberry.ID = strawberry.field(
        resolver=resolve_revoke_api_token, description="End an API token; sockets that were opened with it are closed."
    )
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
    create_task: Task = strawberry.field(
        resolver=resolve_create_task,
        description="Work on one or a few files, with one result; starts when its uploads are complete.",
    )
    create_batch: Batch = strawberry.field(
        resolver=resolve_create_batch, description="Work over many alike items; starts when its uploads are complete."
    )
    start_downloads: list[DownloadStart] = strawberry.field(
        resolver=resolve_start_downloads,
        description="Have the server fetch what URLs lead to: one answer per URL, in their order; a bad one does not stop the others.",
    )
    start_job: Job = strawberry.field(
        resolver=resolve_start_job, description="Let a job that is AWAITING_INPUT go on; CANNOT_START otherwise."
    )
    update_job: Job = strawberry.field(
        resolver=resolve_update_job,
        description="Another title, another place in the queue; of a download another bandwidth, or a fresh link.",
    )
    pause_job: Job = strawberry.field(
        resolver=resolve_pause_job,
        description="Stops the work and keeps what is done; CANNOT_PAUSE where it neither waits nor runs.",
    )
    resume_job: Job = strawberry.field(
        resolver=resolve_resume_job, description="Goes on from where it was; CANNOT_RESUME where it is not paused."
    )
    cancel_job: Job = strawberry.field(
        resolver=resolve_cancel_job,
        description="CANCELLING at once, CANCELLED when the work has stopped; again = the same answer; CANNOT_CANCEL when finished.",
    )
    cancel_jobs: list[Job] = strawberry.field(
        resolver=resolve_cancel_jobs,
        description="Stops the active jobs that match, the oldest 1,000 at most. An empty filter is BAD_INPUT.",
    )
    retry_job: Job = strawberry.field(
        resolver=resolve_retry_job,
        description="Only FAILED or CANCELLED jobs, or COMPLETED ones with failures; keeps what succeeded when onlyFailedItems. "
        "What would fail again in the same way is CANNOT_RETRY: see error.isRetryable of the job and of its items.",
    )
    review_item: JobItem = strawberry.field(
        resolver=resolve_review_item,
        description="Say what is right where an item was doubtful, or that it is right as it is: it is done again with that, and the "
        "results of its job are written anew, as another attempt. INVALID_STATE until the job has ended; BAD_INPUT for kinds without "
        "reviews.",
    )
    delete_job: strawberry.ID = strawberry.field(
        resolver=resolve_delete_job,
        description="Soft: nobody finds it any more; batches need ADMIN; an active job is INVALID_STATE. Its disk is freed "
        "when its time is over as if it were there: inputs 7 days after its end, results 30, the rest 90, unless the server "
        "is set otherwise; `purgeJob` frees it at once.",
    )
    purge_job: strawberry.ID = strawberry.field(
        resolver=resolve_purge_job,
        description="Admins only: when this answers, its bytes are gone from the disk and its rows from the database, with "
        "names, sizes and checksums of inputs that no other job uses; the audit entries stay. Bytes that somebody is still "
        "sending go within seconds.",
    )
    claim_task: Task | None = strawberry.field(
        resolver=resolve_claim_task,
        description="Workers only: takes the next waiting external task, or the one that `id` names, under a lease; null where none waits.",
    )
    report_task: Task = strawberry.field(
        resolver=resolve_report_task,
        description="Workers only: progress, result or failure; each call renews the lease.",
    )
    create_webhook: Webhook = strawberry.field(
        resolver=resolve_create_webhook,
        description="Have an address told of your jobs, by signed messages (Standard Webhooks); events are task.completed, "
        "task.failed, batch.completed, batch.failed, download.completed, download.failed, download.skipped and job.cancelled.",
    )
    update_webhook: Webhook = strawberry.field(
        resolver=resolve_update_webhook,
        description="What is left out stays as it is. What waited for a webhook that is disabled is not sent any more.",
    )
    delete_webhook: strawberry.ID = strawberry.field(
        resolver=resolve_delete_webhook, description="Remove a webhook with its deliveries."
    )
    test_webhook: WebhookDelivery = strawberry.field(
        resolver=resolve_test_webhook,
        description="Sends webhook.test now, once, and answers what came of it within 15 s; works for a disabled one, too.",
    )
