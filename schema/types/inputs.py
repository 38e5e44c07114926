"""What clients send."""

from datetime import datetime
from typing import Any

import strawberry

from base.errors import ErrorCode, Refusal
from jobs.lifecycle import NewJob
from jobs.queries import JobCriteria
from schema.types.enums import JobOrderField, JobStatus, JobType, OrderDirection
from schema.types.scalars import BigInt, Json


@strawberry.input(description="A file that will be sent by tus.")
class CreateUploadInput:
    """Goes to `uploads.lifecycle.create_upload`."""

    filename: str = strawberry.field(description="For people; never a path.")
    size: BigInt | None = strawberry.field(default=None, description="Bytes in all.")
    content_type: str | None = strawberry.field(
        default=None, description="Media type; application/octet-stream if left out."
    )
    external_id: str | None = strawberry.field(default=None, description="The client's own key.")


@strawberry.input(description="How a file of leads is read.")
class LeadsOptionsInput:
    """Becomes the options of the processor `leads`."""

    batch_size: int = strawberry.field(default=100, description="Rows in one slice: 1 to 10,000.")
    sheet: str | None = strawberry.field(
        default=None, description="Name of the sheet; the first with a table if left out."
    )
    columns: Json | None = strawberry.field(
        default=None, description="Which column holds which field; found from the header row where left out."
    )
    country: str | None = strawberry.field(
        default=None,
        description="ISO 3166-1 alpha-2: where phone numbers without a country code belong, if no column tells.",
    )

    def as_options(self) -> dict[str, Any]:
        """The options under the processor's own names."""
        options: dict[str, Any] = {
            "batchSize": self.batch_size,
            "sheet": self.sheet,
            "columns": self.columns,
            "country": self.country,
        }
        return {name: value for name, value in options.items() if value is not None}


@strawberry.input(description="Work of a processor that was installed as a package.")
class CustomOptionsInput:
    """Names the processor and its options."""

    kind: str = strawberry.field(description="See serverInfo.processors.")
    options: Json | None = strawberry.field(default=None, description="See the processor's optionsSchema.")


@strawberry.input(one_of=True, description="What is to be done: exactly one.")
class BatchWork:
    """One field per kind."""

    leads: LeadsOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Check a file of leads.")
    custom: CustomOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Any other kind.")

    def chosen(self) -> tuple[str, dict[str, Any]]:
        """Kind and options.

        Raises:
            Refusal: BAD_INPUT where the options of a custom kind are no object.
        """
        if self.leads:
            return "leads", self.leads.as_options()
        assert self.custom  # noqa: S101  exactly one of them is there: @oneOf
        options: Any = self.custom.options if self.custom.options is not None else {}
        if not isinstance(options, dict):
            raise Refusal(ErrorCode.BAD_INPUT, "Options are a JSON object.", "input.work.custom.options")
        return self.custom.kind, options


@strawberry.input(description="A new batch.")
class CreateBatchInput:
    """Goes to `jobs.lifecycle.create_job`."""

    work: BatchWork = strawberry.field(description="What is to be done.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        description="Its inputs. They may still be uploading: the batch starts when the last byte is in."
    )
    title: str | None = strawberry.field(default=None, description="For people; at most 500 characters.")
    external_id: str | None = strawberry.field(
        default=None, description="The client's own key: creating again with the same key returns the same batch."
    )
    priority: int = strawberry.field(default=0, description="Higher goes first; -100 to 100.")
    auto_start: bool = strawberry.field(
        default=True, description="False: stop in AWAITING_INPUT once uploaded, until startJob."
    )

    def as_new_job(self) -> NewJob:
        """What jobs takes.

        Raises:
            Refusal: BAD_INPUT for what is too long or out of range.
        """
        kind, options = self.work.chosen()
        for name, value, limit in (("title", self.title, 500), ("externalId", self.external_id, 255)):
            if value is not None and len(value) > limit:
                raise Refusal(ErrorCode.BAD_INPUT, f"{name} has at most {limit} characters.", f"input.{name}")
        if not -100 <= self.priority <= 100:
            raise Refusal(ErrorCode.BAD_INPUT, "priority is -100 to 100.", "input.priority")
        upload_ids = [str(id_) for id_ in self.upload_ids]
        return NewJob(kind, options, upload_ids, self.title, self.external_id, self.priority, self.auto_start)


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
