"""What clients send about what is there: uploads, reports, filters. What new jobs are to do: work.py."""

from datetime import datetime

import strawberry

from base.errors import ErrorCode, Refusal
from jobs.queries import JobCriteria
from jobs.reports import Report
from schema.types.enums import JobOrderField, JobStatus, JobType, OrderDirection, ReportStatus
from schema.types.scalars import BigInt, Json
from schema.types.work import check_priority, check_text


@strawberry.input(description="A file that will be sent by tus.")
class CreateUploadInput:
    """Goes to `uploads.lifecycle.create_upload`."""

    filename: str = strawberry.field(description="For people; never a path.")
    size: BigInt | None = strawberry.field(default=None, description="Bytes in all.")
    content_type: str | None = strawberry.field(
        default=None, description="Media type; application/octet-stream if left out."
    )
    external_id: str | None = strawberry.field(default=None, description="The client's own key.")


@strawberry.input(description="What is said about a job; what is left out stays.")
class UpdateJobInput:
    """Goes to `jobs.lifecycle.update_job`."""

    title: str | None = strawberry.field(default=None, description="For people; at most 500 characters.")
    priority: int | None = strawberry.field(default=None, description="Higher goes first; -100 to 100.")
    bandwidth_limit: int | None = strawberry.field(
        default=None, description="Downloads only; takes effect while running."
    )

    def check(self) -> None:
        """Raises Refusal BAD_INPUT for what is too long or out of range."""
        check_text("title", self.title, 500)
        if self.priority is not None:
            check_priority(self.priority)
        if self.bandwidth_limit is not None:
            raise Refusal(ErrorCode.BAD_INPUT, "Only downloads have a bandwidth.", "input.bandwidthLimit")


@strawberry.input(description="What a worker says about its task; what is left out stays. No number falls.")
class ReportTaskInput:
    """Becomes `jobs.reports.Report`."""

    status: ReportStatus = strawberry.field(default=ReportStatus.PROCESSING, description="How it stands.")
    percentage: float | None = strawberry.field(
        default=None, description="0 to 100; found from the items where left out."
    )
    total_items: int | None = strawberry.field(default=None, description="How many there are.")
    processed_items: int | None = strawberry.field(default=None, description="How many are done, failed ones included.")
    failed_items: int | None = strawberry.field(default=None, description="How many failed.")
    stage: str | None = strawberry.field(default=None, description="The worker's own word; at most 100 characters.")
    message: str | None = strawberry.field(default=None, description="A line for the task's log.")
    error_message: str | None = strawberry.field(default=None, description="With FAILED: why, for people.")
    is_retryable: bool | None = strawberry.field(
        default=None, description="With FAILED: whether the same task could succeed another time."
    )
    result_upload_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Uploads that hold the results; set with COMPLETED. They pass to the task's owner."
    )

    def as_report(self) -> Report:
        """What jobs takes."""
        return Report(
            status=self.status,
            percentage=self.percentage,
            total_items=self.total_items,
            processed_items=self.processed_items,
            failed_items=self.failed_items,
            stage=self.stage,
            message=self.message,
            error_message=self.error_message,
            is_retryable=bool(self.is_retryable),
            result_upload_ids=[str(id_) for id_ in self.result_upload_ids or ()],
        )


@strawberry.input(description="For a job in AWAITING_INPUT: more uploads, changed options.")
class StartJobInput:
    """Goes to `jobs.lifecycle.start_job`."""

    add_upload_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="More inputs.")
    options: Json | None = strawberry.field(default=None, description="Options that replace those of the same name.")


@strawberry.input(description="Which jobs: every criterion that is given must hold.")
class JobFilter:
    """Becomes `jobs.queries.JobCriteria`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="At most 500.")
    types: list[JobType] | None = strawberry.field(default=None, description="Any of these types.")
    kinds: list[str] | None = strawberry.field(default=None, description="Any of these kinds.")
    statuses: list[JobStatus] | None = strawberry.field(default=None, description="Any of these statuses.")
    is_active: bool | None = strawberry.field(default=None, description="True: only jobs that are not finished.")
    search: str | None = strawberry.field(
        default=None, description="Case-insensitive part of the title or of an upload's file name."
    )
    reference: str | None = strawberry.field(default=None, description="The business number.")
    created_after: datetime | None = strawberry.field(default=None, description="Created then or later.")
    created_before: datetime | None = strawberry.field(default=None, description="Created before then.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="Admins only; everyone else sees their own and nothing else."
    )


@strawberry.input(description="The order of a list of jobs.")
class JobOrder:
    """A field and a direction."""

    field: JobOrderField = strawberry.field(default=JobOrderField.CREATED_AT, description="What counts first.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Which end comes first.")


def criteria_of(filter_: JobFilter | None, *types: JobType) -> JobCriteria:
    """The filter as jobs takes it; `types` narrow it further."""
    given = filter_ or JobFilter()
    wanted = [type_ for type_ in types if given.types is None or type_ in given.types] if types else given.types
    return JobCriteria(
        ids=given.ids,
        types=wanted,
        kinds=given.kinds,
        statuses=given.statuses,
        is_active=given.is_active,
        search=given.search,
        reference=given.reference,
        created_after=given.created_after,
        created_before=given.created_before,
        owner_id=given.owner_id,
    )
