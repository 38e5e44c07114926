import pytest

from events.hub import Hub, LocalPublisher
from events.messages import (
    RELEASE_TOPIC,
    STOP_TOPIC,
    Event,
    access_topic,
    job_topic,
    jobs_topic,
    logs_topic,
    upload_topic,
)
from tests.events.events_for_tests import (
    JOB,
    OTHER,
    OWNER,
    event_now,
    is_told_of_loss,
    job_event,
    line_event,
    versions_now,
)

UPLOAD = "upload-1754556928-00000000000a"


@pytest.mark.parametrize(
    ("event", "topics"),
    [
        (job_event(1), {job_topic(JOB), jobs_topic(OWNER), jobs_topic(None)}),
        (line_event(1), {logs_topic(job_id=JOB), logs_topic(owner_id=OWNER), logs_topic()}),
        (Event("upload", {"id": UPLOAD, "version": 1}), {upload_topic(UPLOAD)}),
        (Event("stop", {"id": JOB}), {STOP_TOPIC}),
        (Event("access", {"id": OWNER}), {access_topic(OWNER)}),
    ],
)
async def test_an_event_is_heard_under_its_topics_and_no_others(event: Event, topics: set[str]) -> None:
    every = {
        job_topic(JOB), job_topic(OTHER), jobs_topic(OWNER), jobs_topic("user-1754556928-00000000000b"), jobs_topic(None),
        logs_topic(job_id=JOB), logs_topic(job_id=OTHER), logs_topic(owner_id=OWNER), logs_topic(), upload_topic(UPLOAD),
        upload_topic("upload-1754556928-00000000000b"), STOP_TOPIC, access_topic(OWNER), access_topic(OTHER),
    }  # fmt: skip
    hub = Hub()
    heard = set()
    for topic in every:
        with hub.listen(topic) as mailbox:
            hub.deliver(event)
            if await event_now(mailbox) == event:
                heard.add(topic)
    assert heard == topics


async def test_everybody_who_listens_hears() -> None:
    hub = Hub()
    with hub.listen(job_topic(JOB)) as first, hub.listen(job_topic(JOB)) as second:
        hub.deliver(job_event(1))
        assert (await versions_now(first), await versions_now(second)) == ([1], [1])


@pytest.mark.parametrize("event", [job_event(1), line_event(1)])
async def test_who_hears_an_event_under_two_topics_gets_it_once(event: Event) -> None:
    hub = Hub()
    with hub.listen(*event.topics) as mailbox:
        hub.deliver(event)
        assert await event_now(mailbox) == event
        assert await event_now(mailbox) is None


async def test_who_has_left_hears_nothing_and_leaves_nothing_behind() -> None:
    hub = Hub()
    with hub.listen(job_topic(JOB), jobs_topic(None)) as first:
        with hub.listen(job_topic(JOB)) as second:
            assert hub.listener_count == 2
        hub.deliver(job_event(1))
        assert (await versions_now(first), await versions_now(second)) == ([1], [])
    assert hub.listener_count == 0
    assert not hub._listeners


async def test_who_leaves_in_an_error_leaves_too() -> None:
    hub = Hub()
    with pytest.raises(RuntimeError), hub.listen(job_topic(JOB)):
        raise RuntimeError
    assert hub.listener_count == 0


async def test_a_loss_is_told_to_everybody_once() -> None:
    hub = Hub()
    with hub.listen(job_topic(JOB), jobs_topic(None)) as first, hub.listen(upload_topic(UPLOAD)) as second:
        hub.deliver_loss()
        for mailbox in (first, second):
            await is_told_of_loss(mailbox)
            assert await event_now(mailbox) is None


async def test_what_happens_between_listening_and_reading_is_in_the_mailbox() -> None:
    hub = Hub()
    with hub.listen(job_topic(JOB)) as mailbox:
        hub.deliver(job_event(1, "PENDING"))
        hub.deliver(job_event(2, "PROCESSING"))
        mailbox.seen(job_event(1, "PENDING"))
        assert await versions_now(mailbox) == [2]


async def test_one_process_publishes_into_its_own_hub_in_order() -> None:
    hub = Hub()
    with hub.listen(logs_topic()) as mailbox:
        await LocalPublisher(hub).publish(line_event(1), line_event(2), line_event(3))
        assert [(await mailbox.get()).row["id"] for _ in range(3)] == [1, 2, 3]


async def test_publishing_where_nobody_listens_is_nothing() -> None:
    hub = Hub()
    await LocalPublisher(hub).publish(job_event(1))
    assert hub.listener_count == 0


async def test_a_thousand_listeners_are_each_told_once() -> None:
    hub = Hub()
    mailboxes = [hub.listen(job_topic(JOB)) for _ in range(1_000)]
    opened = [mailbox.__enter__() for mailbox in mailboxes]
    hub.deliver(job_event(1))
    assert all(len(mailbox._waiting) == 1 for mailbox in opened)
    for mailbox in mailboxes:
        mailbox.__exit__(None, None, None)


@pytest.mark.parametrize("event", [job_event(3, title="Größe"), line_event(9), Event("stop", {"id": JOB})])
def test_an_event_survives_its_journey(event: Event) -> None:
    assert Event.decode(event.encode()) == event


def test_those_who_wait_for_orders_are_no_subscribers() -> None:
    hub, orders = Hub(), (STOP_TOPIC, RELEASE_TOPIC, access_topic(OWNER))
    with hub.listen(*orders), hub.listen(job_topic("job-1"), STOP_TOPIC):
        assert hub.listener_count == 1
