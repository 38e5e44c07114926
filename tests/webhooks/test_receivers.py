import pytest

from base.errors import ErrorCode, Refusal
from webhooks.payloads import EVENTS
from webhooks.receivers import MAX_URL, check_events, check_url, origin_of


def refusal_of(url: str, *, is_private_allowed: bool = False) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as refused:
        check_url(url, is_private_allowed=is_private_allowed)
    return refused.value.code, refused.value.field


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "http://example.com/hook", "https://example.com:8443/a/b?key=%20a&b=c", "https://[2a00:1450::1]/",
        "https://münchen.example/grüße", "HTTPS://EXAMPLE.COM/", "http://8.8.8.8/", "https://example.com/" + "a" * (MAX_URL - 20),
    ],
)  # fmt: skip
def test_an_http_address_can_be_called(url: str) -> None:
    check_url(url, is_private_allowed=False)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "https://",
        "https:///path", "https://user:secret@example.com/", "https://user@example.com/", "https://@example.com/",
        "https://example.com/#part", "https://example.com#", "https://example.com:0/", "https://example.com:99999/",
        "https://example.com:x/", "https://[::1", "https://exam ple.com/", "https://example.com/a b", "https://example.com/\n",
        "https://example.com/\0", "\thttps://example.com/", "https://example.com\\@127.0.0.1/", "https://example.com/\u2028",
        "https://example.com/" + "a" * MAX_URL,
    ],
)  # fmt: skip
def test_what_is_no_http_address_is_refused(url: str) -> None:
    assert refusal_of(url, is_private_allowed=True) == (ErrorCode.BAD_INPUT, "url")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://10.0.0.8:8443/x",
        "http://[::1]/",
        "http://169.254.169.254/latest/",
        "http://[::ffff:a00:1]/",
    ],
)
def test_an_address_that_is_private_at_first_sight_is_refused_unless_it_is_allowed(url: str) -> None:
    assert refusal_of(url) == (ErrorCode.URL_NOT_ALLOWED, "url")
    check_url(url, is_private_allowed=True)


def test_events_are_those_of_the_contract_and_each_counts_once() -> None:
    assert EVENTS == (
        "task.completed", "task.failed", "batch.completed", "batch.failed", "download.completed", "download.failed",
        "download.skipped", "job.cancelled",
    )  # fmt: skip
    assert check_events(["job.cancelled", "task.failed", "job.cancelled"]) == ["job.cancelled", "task.failed"]


@pytest.mark.parametrize("events", [[], ["task.done"], ["task.completed", "webhook.test"], [""], ["TASK.COMPLETED"]])
def test_no_event_and_an_unknown_one_are_refused(events: list[str]) -> None:
    with pytest.raises(Refusal) as refused:
        check_events(events)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "events")


def test_what_a_log_shows_of_an_address_is_its_origin() -> None:
    assert origin_of("https://example.com:8443/services/T0/hush?key=hush") == "https://example.com:8443"
