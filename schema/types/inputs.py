"""Inputs: uploads, reports, filters. Those of new jobs are in `schema/types/work.py`."""

from datetime import datetime
from typing import Any

import strawberry

from base.errors import ErrorCode, Refusal
from downloads.lifecycle import DownloadChanges
from jobs.queries import JobCriteria
from jobs.recording.reports import Report
from processors.registry import find_reference
from schema.types.enums import JobOrderField, JobStatus, JobType, OrderDirection, ReportStatus
from schema.types.scalars import BigInt, Json
from schema.types.work import check_priority, check_text

MAX_REVIEWED_FIELDS = 2_000


@strawberry.input(description="A file that will be sent by tus.")
class CreateUploadInput:
    """Goes to `uploads.lifecycle.create_upload`."""

    filename: str = strawberry.field(
        description="For people; folders before it are cut off. Empty, or nothing but folders: it is called `file`."
    )
    size: BigInt | None = strawberry.field(
        default=None, description="Bytes in all, 0 or more; where left out, the tus client says it later."
    )
    content_type: str | None = strawberry.field(
        default=None,
        description="Media type, without parameters; application/octet-stream where left out, and for what is none.",
    )
    external_id: str | None = strawberry.field(
        default=None, description="The client's own key; at most 255 characters."
    )


@strawberry.input(description="What is said about a job; what is left out stays as it is.")
class UpdateJobInput:
    """Goes to `jobs.lifecycle.update_job`."""

    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="For people; at most 500 characters. Null: it has no title any more."
    )
    priority: int | None = strawberry.field(
        default=None, description="Higher goes first; -100 to 100. Null: it stays as it is."
    )
    bandwidth_limit: int | None = strawberry.field(
        default=None,
        description="Downloads only: KiB per second, 0 = unlimited; takes effect while running. Null: it stays as it is.",
    )
    url: str | None = strawberry.field(
        default=None,
        description="Downloads that are PAUSED or FAILED: a fresh link to the same bytes; other bytes are refused when it goes "
        "on, with resumeJob or retryJob. Null: it stays as it is.",
    )

    def as_changes(self) -> dict[str, str | int | None]:
        """The columns that change.

        Raises:
            Refusal: BAD_INPUT for what is too long or out of range.
        """
        changes: dict[str, str | int | None] = {}
        if self.title is not strawberry.UNSET:
            check_text("title", self.title, 500)
            changes["title"] = self.title
        if self.priority is not None:
            check_priority(self.priority)
            changes["priority"] = self.priority
        return changes

    def as_download_changes(self) -> DownloadChanges | None:
        """What changes of a download; None where nothing does that only downloads have."""
        if self.bandwidth_limit is None and self.url is None:
            return None
        return DownloadChanges(self.bandwidth_limit, self.url)


@strawberry.input(description="What a worker says about its task; what is left out stays. No number falls.")
class ReportTaskInput:
    """Becomes `jobs.recording.reports.Report`."""

    status: ReportStatus = strawberry.field(default=ReportStatus.PROCESSING, description="How it stands.")
    percentage: float | None = strawberry.field(
        default=None, description="0 to 100; found from the items where left out."
    )
    total_items: int | None = strawberry.field(default=None, description="How many there are.")
    processed_items: int | None = strawberry.field(default=None, description="How many are done, failed ones included.")
    failed_items: int | None = strawberry.field(default=None, description="How many failed.")
    stage: str | None = strawberry.field(default=None, description="The worker's own word; at most 100 characters.")
    message: str | None = strawberry.field(
        default=None, description="A line for the task's log; at most 2,000 characters."
    )
    error_message: str | None = strawberry.field(
        default=None, description="With FAILED: why, for people; at most 2,000 characters."
    )
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
    options: Json | None = strawberry.field(
        default=None,
        description="Options that replace those of the same name; all together stay within what createTask takes.",
    )


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
    external_ids: list[str] | None = strawberry.field(
        default=None, description="Any of these keys of the client's own, letter for letter; at most 100."
    )
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


@strawberry.input(description="What one field of a sheet says.")
class FieldValueInput:
    """One of `ReviewItemInput.values`."""

    field: str = strawberry.field(description="Its label on the sheet, or the column of the student's number.")
    value: str = strawberry.field(description="What its filled bubbles stand for; empty where none is filled.")


@strawberry.input(description="A point of a picture.")
class PointInput:
    """One of `ReviewItemInput.corners`."""

    x: float = strawberry.field(description="Pixels from the left.")
    y: float = strawberry.field(description="Pixels from the top.")


@strawberry.input(description="What a person says about an item; without values and corners: it was read rightly.")
class ReviewItemInput:
    """Goes to `jobs.reviews.review_item`."""

    values: list[FieldValueInput] = strawberry.field(
        default_factory=list, description="Sheets: the fields that were read wrongly or not at all."
    )
    corners: list[PointInput] | None = strawberry.field(
        default=None,
        description="Sheets: the four corner marks in pixels of the picture, clockwise from the top left of the sheet; the "
        "sheet is read again.",
    )

    def as_review(self) -> dict[str, Any]:
        """As processors take it.

        Raises:
            Refusal: BAD_INPUT for more fields than any sheet has.
        """
        if len(self.values) > MAX_REVIEWED_FIELDS:
            message = f"values has at most {MAX_REVIEWED_FIELDS:,} entries."
            raise Refusal(ErrorCode.BAD_INPUT, message, "input.values")
        values = {given.field: given.value for given in self.values}
        corners = [[corner.x, corner.y] for corner in self.corners or ()]
        return {"values": values, **({"corners": corners} if corners else {})}


def criteria_of(filter_: JobFilter | None, *types: JobType) -> JobCriteria:
    """The filter as jobs takes it; `types` narrow it further.

    Raises:
        Refusal: BAD_INPUT for a kind that there is not.
    """
    given = filter_ or JobFilter()
    for kind in given.kinds or ():
        find_reference(kind, "filter.kinds")
    wanted = [type_ for type_ in types if given.types is None or type_ in given.types] if types else given.types
    return JobCriteria(
        ids=given.ids,
        types=wanted,
        kinds=given.kinds,
        statuses=given.statuses,
        is_active=given.is_active,
        search=given.search,
        reference=given.reference,
        external_ids=given.external_ids,
        created_after=given.created_after,
        created_before=given.created_before,
        owner_id=given.owner_id,
    )
