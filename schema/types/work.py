"""What clients send for new jobs: the kinds of work, each with its options."""

from typing import Any

import strawberry

from base.errors import ErrorCode, Refusal
from jobs.creation import NewJob
from schema.types.scalars import Json


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


@strawberry.input(description="Work done by somebody else's program: it claims the task and reports.")
class ExternalOptionsInput:
    """Becomes the options of the kind `external`."""

    queue: str = strawberry.field(default="default", description="Which workers: claimTask names it, too.")
    options: Json | None = strawberry.field(default=None, description="For the worker, which finds it in Task.options.")

    def as_options(self) -> dict[str, Any]:
        """The options under the kind's own names."""
        return {"queue": self.queue, "options": self.options}


@strawberry.input(
    description="Plays any life on command, so that a front end can be built before its processor exists. Items count from 0."
)
class DemoOptionsInput:
    """Becomes the options of the processor `demo`."""

    items: int = strawberry.field(default=20, description="How many: 0 to 100,000.")
    seconds: float = strawberry.field(default=5, description="How long all of them take together: 0 to 86,400.")
    fail_items: list[int] | None = strawberry.field(default=None, description="These fail, each alone.")
    fail_at: int | None = strawberry.field(default=None, description="At this item the whole task fails.")
    stall_at: int | None = strawberry.field(
        default=None, description="At this item the work stands still until stopped."
    )
    ask_at: int | None = strawberry.field(
        default=None, description="Before this item the task stops in AWAITING_INPUT, until startJob."
    )

    def as_options(self) -> dict[str, Any]:
        """The options under the processor's own names."""
        options: dict[str, Any] = {
            "items": self.items,
            "seconds": self.seconds,
            "failItems": self.fail_items,
            "failAt": self.fail_at,
            "stallAt": self.stall_at,
            "askAt": self.ask_at,
        }
        return {name: value for name, value in options.items() if value is not None}


@strawberry.input(one_of=True, description="What is to be done: exactly one.")
class TaskWork:
    """One field per kind."""

    external: ExternalOptionsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Have another program do it."
    )
    demo: DemoOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Play it.")
    custom: CustomOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Any other kind.")

    def chosen(self) -> tuple[str, dict[str, Any]]:
        """Kind and options; raises what `custom_work` raises."""
        if self.external:
            return "external", self.external.as_options()
        if self.demo:
            return "demo", self.demo.as_options()
        assert self.custom  # noqa: S101  exactly one of them is there: @oneOf
        return custom_work(self.custom)


@strawberry.input(one_of=True, description="What is to be done: exactly one.")
class BatchWork:
    """One field per kind."""

    leads: LeadsOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Check a file of leads.")
    custom: CustomOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Any other kind.")

    def chosen(self) -> tuple[str, dict[str, Any]]:
        """Kind and options; raises what `custom_work` raises."""
        if self.leads:
            return "leads", self.leads.as_options()
        assert self.custom  # noqa: S101  exactly one of them is there: @oneOf
        return custom_work(self.custom)


def custom_work(given: CustomOptionsInput) -> tuple[str, dict[str, Any]]:
    """Kind and options.

    Raises:
        Refusal: BAD_INPUT where the options are no object.
    """
    options: Any = given.options if given.options is not None else {}
    if not isinstance(options, dict):
        raise Refusal(ErrorCode.BAD_INPUT, "Options are a JSON object.", "input.work.custom.options")
    return given.kind, options


@strawberry.input(description="A new task.")
class CreateTaskInput:
    """Goes to `jobs.lifecycle.create_job`."""

    work: TaskWork = strawberry.field(description="What is to be done.")
    upload_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="At most 2,000. May still be uploading: the task starts when the last byte is in.",
    )
    title: str | None = strawberry.field(default=None, description="For people; at most 500 characters.")
    external_id: str | None = strawberry.field(
        default=None, description="The client's own key: creating again with the same key returns the same task."
    )
    priority: int = strawberry.field(default=0, description="Higher goes first; -100 to 100.")
    auto_start: bool = strawberry.field(
        default=True, description="False: stop in AWAITING_INPUT once uploaded, until startJob."
    )


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


def new_job_of(given: CreateTaskInput | CreateBatchInput) -> NewJob:
    """What jobs takes.

    Raises:
        Refusal: BAD_INPUT for what is too long or out of range.
    """
    kind, options = given.work.chosen()
    check_text("title", given.title, 500)
    check_text("externalId", given.external_id, 255)
    check_priority(given.priority)
    upload_ids = [str(id_) for id_ in given.upload_ids]
    return NewJob(kind, options, upload_ids, given.title, given.external_id, given.priority, given.auto_start)


def check_text(name: str, value: str | None, limit: int) -> None:
    """Raises Refusal BAD_INPUT for a text of more than `limit` characters."""
    if value is not None and len(value) > limit:
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} has at most {limit} characters.", f"input.{name}")


def check_priority(priority: int) -> None:
    """Raises Refusal BAD_INPUT out of -100 to 100."""
    if not -100 <= priority <= 100:
        raise Refusal(ErrorCode.BAD_INPUT, "priority is -100 to 100.", "input.priority")
