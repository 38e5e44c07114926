"""Figures of a transfer, and the speed below which it stalls."""

from downloads.progress import Meter, StallDetector


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_follow_the_last_seconds() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin(1_000, 101_000)
    assert (meter.figures().bytes_per_second, meter.figures().eta_seconds) == (0.0, None)

    for _ in range(20):
        clock.now += 1
        meter.add(1_000)
    figures = meter.figures()
    assert (figures.received_bytes, figures.total_bytes) == (21_000, 101_000)
    assert figures.bytes_per_second == 1_000
    assert figures.eta_seconds == 80

    for _ in range(20):
        clock.now += 1
        meter.add(4_000)
    assert 3_900 < meter.figures().bytes_per_second <= 4_000


def test_a_silent_transfer_becomes_slow_and_has_no_time_left() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin(0, 10_000)
    clock.now += 1
    meter.add(1_000)
    clock.now += 30
    assert meter.figures().bytes_per_second < 100

    clock.now += 1_000
    assert meter.figures().bytes_per_second < 1


def test_without_a_length_there_is_no_time_left_and_at_the_end_it_is_nothing() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin(0, None)
    clock.now += 1
    meter.add(1_000)
    assert (meter.figures().bytes_per_second, meter.figures().eta_seconds) == (1_000, None)

    meter.begin(5, 5)
    assert meter.figures().eta_seconds == 0.0


def test_what_was_there_before_is_no_speed() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin(0, 10_000)
    clock.now += 1
    meter.add(5_000)
    meter.begin(4_000, 10_000)
    clock.now += 1
    assert meter.figures().bytes_per_second == 0


def test_less_than_a_kibibyte_a_second_over_the_window_is_a_stall() -> None:
    stall = StallDetector(10)
    assert [stall.add(500, 1) for _ in range(10)] == [False] * 9 + [True]

    fast = StallDetector(10)
    assert not any(fast.add(1_024, 1) for _ in range(100))


def test_a_burst_does_not_excuse_the_next_window() -> None:
    stall = StallDetector(10)
    assert not stall.add(10**9, 10)
    assert stall.add(100, 10)
