"""Options of the kind `demo`."""

from typing import ClassVar

from pydantic import Field

from processors.manifest import Options


class DemoOptions(Options):
    """Plays any life on command, so that a front end can be built before its processor exists. Items count from 0."""

    max_bytes: ClassVar[int] = 128 * 1024
    """`failItems` may have 10,000 numbers."""
    items: int = Field(20, ge=0, le=100_000, description="How many: 0 to 100,000.")
    seconds: float = Field(
        5, ge=0, le=86_400, allow_inf_nan=False, description="How long all of them take together: 0 to 86,400."
    )
    fail_items: tuple[int, ...] = Field((), alias="failItems", max_length=10_000, description="These fail, each alone.")
    fail_at: int | None = Field(
        None, alias="failAt", description="At this item the whole task fails; it can be retried."
    )
    stall_at: int | None = Field(
        None,
        alias="stallAt",
        description="At this item the work stands still until stopped, or until the item ends TIMED_OUT.",
    )
    ask_at: int | None = Field(
        None, alias="askAt", description="Before this item the task stops in AWAITING_INPUT, until startJob."
    )
