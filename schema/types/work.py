"""Inputs of new jobs: kinds of work with their options."""

from typing import Any

import strawberry

from base.errors import ErrorCode, Refusal
from base.words import JobType
from jobs.creation import NewJob
from schema.types.options import Choice, with_kinds
from schema.types.scalars import Json

_CUSTOM_OPTIONS = "input.work.custom.options"


@strawberry.input(description="Work of a processor that was installed as a package.")
class CustomOptionsInput:
    """Names the processor and its options."""

    kind: str = strawberry.field(description="See serverInfo.processors.")
    options: Json | None = strawberry.field(
        default=None,
        description="See the processor's optionsSchema; at most 64 KiB as JSON, unless the processor says otherwise.",
    )


@strawberry.input(one_of=True, description="What is to be done: exactly one.")
@with_kinds(JobType.TASK)
class TaskWork(Choice):
    """One field for each built-in kind of task."""

    custom: CustomOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Any other kind.")


@strawberry.input(one_of=True, description="What is to be done: exactly one.")
@with_kinds(JobType.BATCH)
class BatchWork(Choice):
    """One field for each built-in kind of batch."""

    custom: CustomOptionsInput | None = strawberry.field(default=strawberry.UNSET, description="Any other kind.")


def chosen_work(work: TaskWork | BatchWork) -> tuple[str, dict[str, Any], str]:
    """Kind, options and the input that holds them; raises what `custom_work` raises."""
    if chosen := work.chosen_kind():
        name, given = chosen
        return name, given.as_options(), f"input.work.{name}"
    assert work.custom  # noqa: S101  exactly one of them is there: @oneOf
    return custom_work(work.custom)


def custom_work(given: CustomOptionsInput) -> tuple[str, dict[str, Any], str]:
    """Kind, options and the input that holds them.

    Raises:
        Refusal: BAD_INPUT where the options are no object.
    """
    options: Any = given.options if given.options is not None else {}
    if not isinstance(options, dict):
        raise Refusal(ErrorCode.BAD_INPUT, "Options are a JSON object.", _CUSTOM_OPTIONS)
    return given.kind, options, _CUSTOM_OPTIONS


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
    kind, options, field = chosen_work(given.work)
    check_text("title", given.title, 500)
    check_text("externalId", given.external_id, 255)
    check_priority(given.priority)
    upload_ids = [str(id_) for id_ in given.upload_ids]
    return NewJob(kind, options, upload_ids, given.title, given.external_id, given.priority, given.auto_start, field)


def check_text(name: str, value: str | None, limit: int) -> None:
    """Raises Refusal BAD_INPUT for a text of more than `limit` characters."""
    if value is not None and len(value) > limit:
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} has at most {limit} characters.", f"input.{name}")


def check_priority(priority: int) -> None:
    """Raises Refusal BAD_INPUT out of -100 to 100."""
    if not -100 <= priority <= 100:
        raise Refusal(ErrorCode.BAD_INPUT, "priority is -100 to 100.", "input.priority")
