import random

from execution.groups.queue import Message, MessageQueue


def message(version: int, key: str = "a", *, is_urgent: bool = False, size: int = 1) -> Message:
    return Message(b"x" * size, key, version, is_urgent)


def versions(queue: MessageQueue) -> list[int]:
    return [queue.pop().version for _ in range(len(queue))]


def test_later_progress_takes_the_place_of_earlier_progress_of_its_key() -> None:
    queue = MessageQueue()
    assert all(queue.put(message(version, key)) for version, key in [(1, "a"), (5, "b"), (2, "a"), (3, "a")])
    assert versions(queue) == [3, 5]


def test_no_status_is_dropped_and_progress_after_it_stays_after_it() -> None:
    queue = MessageQueue()
    for version in range(1, 7):
        assert queue.put(message(version, is_urgent=version % 2 == 0))
    assert versions(queue) == [2, 4, 6]
    assert queue.put(message(7, is_urgent=True))
    assert queue.put(message(8))
    assert versions(queue) == [7, 8]


def test_messages_without_a_version_are_all_kept() -> None:
    queue = MessageQueue()
    assert all(queue.put(message(0)) for _ in range(3))
    assert len(queue) == 3


def test_a_full_queue_takes_nothing_but_what_replaces_something() -> None:
    queue = MessageQueue(max_messages=2)
    assert queue.put(message(1))
    assert queue.put(message(2, "b", is_urgent=True))
    assert not queue.put(message(3, "c"))
    assert queue.put(message(4))
    assert versions(queue) == [4, 2]


def test_bytes_are_bounded_beyond_the_first_message() -> None:
    queue = MessageQueue(max_bytes=100)
    assert queue.put(message(1, "a", size=1_000))
    assert not queue.put(message(1, "b", size=1))
    queue.pop()
    assert queue.put(message(1, "b", size=60))
    assert not queue.put(message(2, "c", size=60))
    assert queue.put(message(2, "b", size=90))
    assert not queue.put(message(3, "b", size=101))
    queue.clear()
    assert queue.put(message(1, "d", size=100))


def test_whatever_comes_each_key_tells_every_status_in_order_and_ends_with_its_latest() -> None:
    dice = random.Random(4)
    for _ in range(200):
        queue, statuses, latest = MessageQueue(), set(), {}
        for version in range(1, 40):
            key, is_urgent = dice.choice("abc"), dice.random() < 0.3
            assert queue.put(message(version, key, is_urgent=is_urgent))
            latest[key] = version
            statuses |= {version} if is_urgent else set()
        told = [queue.pop() for _ in range(len(queue))]
        assert statuses <= {one.version for one in told}
        for key, version in latest.items():
            own = [one.version for one in told if one.key == key]
            assert own == sorted(own)
            assert own[-1] == version
