"""The percentage and the time that is left."""

from datetime import UTC, datetime, timedelta

import pytest

from base.words import JobStatus
from jobs.recording.progress import completion_of, percentage_of, seconds_left, shares_of
from models import Job
from processors.contract import StageInfo

STAGES = (StageInfo("a", "A", 10), StageInfo("b", "B", 80), StageInfo("c", "C", 10))
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phase", "fraction", "percentage"),
    [(0, 0.0, 0.0), (0, 0.5, 5.0), (1, 0.0, 10.0), (1, 0.5, 50.0), (2, 1.0, 99.99), (2, 9.0, 99.99), (0, -1.0, 0.0)],
)
def test_the_percentage_is_the_shares_before_and_a_part_of_its_own(
    phase: int, fraction: float, percentage: float
) -> None:
    assert percentage_of(STAGES, phase, fraction) == percentage


def test_shares_leave_a_hundred_to_the_end() -> None:
    assert shares_of(STAGES) == (10.0, 80.0)
    assert shares_of((STAGES[0], StageInfo("b", "B", 90), StageInfo("c", "C", 0))) == (10.0, 89.99)
    assert shares_of((StageInfo("a", "A", 100), STAGES[1], STAGES[2])) == (99.99, 0.0)


def test_the_time_that_is_left_follows_the_rate_so_far() -> None:
    job = Job(status=JobStatus.PROCESSING, working_since=MOMENT, progressed_at=MOMENT, percentage=25.0)
    now = MOMENT + timedelta(seconds=10)
    assert seconds_left(job, now) == 30.0
    assert completion_of(job, now) == now + timedelta(seconds=30)


@pytest.mark.parametrize(
    "columns",
    [
        {"status": JobStatus.PENDING},
        {"working_since": None},
        {"progressed_at": None},
        {"percentage": 0.5},
        {"status": JobStatus.COMPLETED},
    ],
)
def test_nothing_is_said_where_the_rate_says_nothing(columns: dict[str, object]) -> None:
    moving = {"status": JobStatus.PROCESSING, "working_since": MOMENT, "progressed_at": MOMENT, "percentage": 25.0}
    job = Job(**{**moving, **columns})
    assert seconds_left(job, MOMENT + timedelta(seconds=10)) is None
    assert completion_of(job, MOMENT) is None


def test_waiting_and_pauses_do_not_count() -> None:
    job = Job(
        status=JobStatus.PROCESSING, working_since=MOMENT, progressed_at=MOMENT, worked_seconds=20.0, percentage=25.0
    )
    assert seconds_left(job, MOMENT + timedelta(seconds=10)) == 90.0


def test_a_clock_that_goes_back_gives_no_negative_time() -> None:
    job = Job(status=JobStatus.PROCESSING, working_since=MOMENT, progressed_at=MOMENT, percentage=25.0)
    assert seconds_left(job, MOMENT - timedelta(seconds=10)) == 0.0
