"""Chat completions: what is sent, what is asked for again, and what is refused with which sentence."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from base.errors import ErrorCode, Refusal
from base.resilience import Backoff
from egress.chat import DEADLINE_SECONDS, MAX_ATTEMPTS, MAX_WAIT_SECONDS, REST_SECONDS, ChatClient, ChatEndpoint
from egress.session import guarded_session
from tests.chat_server import ChatServer, chat_server

KEY = "a key of the tests"
SCHEMA = {"type": "object"}
CONTENT = '{"leads": [{"id": 1}]}'
QUICK = Backoff(first_seconds=0.5, max_seconds=2.0, min_seconds=0.1)


@dataclass
class FakeTime:
    """Seconds that pass when somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if seconds:
            self.slept.append(seconds)


@dataclass
class Asking:
    """A client of a stand-in server, and its time."""

    server: ChatServer
    client: ChatClient
    time: FakeTime

    async def ask(self, *acts: str) -> str:
        """What is answered where the server does `acts`, one after the other."""
        self.server.acts.extend(acts)
        with capture_logs():
            return await self.client.ask("Be short.", CONTENT, SCHEMA, read)

    async def refusal(self, *acts: str) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.ask(*acts)
        return caught.value


def read(text: str) -> str:
    """Refuses all but what `well_answered` writes."""
    if "Steel" not in text:
        message = "it is not about steel"
        raise ValueError(message)
    return text


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    async with chat_server() as server, guarded_session(is_private_allowed=True) as session:
        time = FakeTime()
        endpoint = ChatEndpoint(server.url, "a-model", KEY, timeout_seconds=5)
        yield Asking(server, ChatClient(session, endpoint, QUICK, time, time.sleep), time)


async def test_a_question_is_sent_with_key_model_and_schema(asking: Asking) -> None:
    assert '"industry":"Steel"' in await asking.ask()

    (request,), (headers,) = asking.server.requests, asking.server.headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert request == {
        "model": "a-model",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": CONTENT}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}},
    }


async def test_without_a_key_none_is_sent(asking: Asking) -> None:
    asking.client._endpoint = replace(asking.client._endpoint, key="")
    await asking.ask()
    assert "Authorization" not in asking.server.headers[0]


@pytest.mark.parametrize("act", ["429", "500", "503", "broken off", "not JSON", "cut", "nothing", "no completion"])
async def test_what_may_pass_is_asked_for_again_after_a_pause(asking: Asking, act: str) -> None:
    assert "Steel" in await asking.ask(act, act, "well")
    assert len(asking.server.requests) == 3
    assert [0.1 <= seconds <= 2.0 for seconds in asking.time.slept] == [True, True]


@pytest.mark.parametrize(
    ("act", "code", "sentence"),
    [
        ("500", ErrorCode.SERVICE_UNAVAILABLE, "The endpoint answered 500."),
        ("429", ErrorCode.SERVICE_UNAVAILABLE, "The endpoint answered 429."),
        ("broken off", ErrorCode.SERVICE_UNAVAILABLE, "The endpoint broke its answer off."),
        ("not JSON", ErrorCode.PROCESSING_FAILED, "The model's answer does not fit: it is not about steel."),
        ("cut", ErrorCode.PROCESSING_FAILED, "The model's answer was cut off at its greatest length."),
        ("nothing", ErrorCode.PROCESSING_FAILED, "The model did not answer."),
        ("no completion", ErrorCode.PROCESSING_FAILED, "The endpoint's answer is no chat completion."),
    ],
)
async def test_after_four_attempts_it_is_given_up_with_the_last_reason(
    asking: Asking, act: str, code: ErrorCode, sentence: str
) -> None:
    refusal = await asking.refusal(*[act] * MAX_ATTEMPTS)
    assert (refusal.code, refusal.message) == (code, sentence)
    assert len(asking.server.requests) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("401", "The endpoint answered 401: whoever runs this server looks at WAYBILL_ENRICH_URL, _KEY and _MODEL."),
        ("418", "The endpoint answered 418."),
        ("redirect", "The endpoint answered 302."),
        ("huge", "The endpoint's answer is larger than 1 MiB."),
    ],
)
async def test_what_will_not_pass_is_asked_for_once(asking: Asking, act: str, sentence: str) -> None:
    refusal = await asking.refusal(act)
    assert refusal.message == sentence
    assert len(asking.server.requests) == 1
    assert asking.time.slept == []


async def test_an_answer_that_takes_too_long_is_timed_out(asking: Asking) -> None:
    asking.client._endpoint = replace(asking.client._endpoint, timeout_seconds=0.2)
    refusal = await asking.refusal(*["never"] * MAX_ATTEMPTS)
    assert (refusal.code, refusal.message) == (ErrorCode.TIMED_OUT, "The endpoint did not answer within 0.2 s.")


async def test_retry_after_is_obeyed(asking: Asking) -> None:
    asking.server.retry_after = "30"
    assert "Steel" in await asking.ask("429", "well")
    assert sum(asking.time.slept) == pytest.approx(30)


async def test_who_asks_to_wait_for_too_long_is_not_waited_for(asking: Asking) -> None:
    asking.server.retry_after = str(int(DEADLINE_SECONDS) + 1)
    refusal = await asking.refusal("503")
    assert refusal.message == "The endpoint answered 503."
    assert asking.time.slept == []


@pytest.mark.parametrize("asked", ["999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_an_endpoint_is_asked_again_within_an_hour(asking: Asking, asked: str) -> None:
    asking.server.retry_after = asked
    await asking.refusal("429")
    await asking.time.sleep(MAX_WAIT_SECONDS - 1)
    resting = await asking.refusal()
    assert resting.message == "The endpoint failed a moment ago, and is left alone for a while."
    await asking.time.sleep(1)
    assert "Steel" in await asking.ask()


@pytest.mark.parametrize("act", ["500", "401"])
async def test_an_endpoint_that_is_away_is_left_alone_for_a_while(asking: Asking, act: str) -> None:
    await asking.refusal(*[act] * MAX_ATTEMPTS)
    asking.server.acts.clear()
    asked = len(asking.server.requests)

    resting = await asking.refusal()
    assert (resting.code, len(asking.server.requests)) == (ErrorCode.SERVICE_UNAVAILABLE, asked)
    assert resting.message == "The endpoint failed a moment ago, and is left alone for a while."
    await asking.time.sleep(REST_SECONDS)
    assert "Steel" in await asking.ask()


async def test_an_answer_that_does_not_fit_keeps_nobody_else_from_asking(asking: Asking) -> None:
    await asking.refusal(*["not JSON"] * MAX_ATTEMPTS)
    assert "Steel" in await asking.ask()


@pytest.mark.parametrize(("is_private_allowed", "sentence"), [
    (False, "The endpoint leads to an address that is not public; see WAYBILL_ENRICH_ALLOW_PRIVATE."),
    (True, "The endpoint could not be connected to."),
])  # fmt: skip
async def test_an_address_that_may_not_be_called_or_does_not_answer(is_private_allowed: bool, sentence: str) -> None:
    time = FakeTime()
    async with guarded_session(is_private_allowed=is_private_allowed) as session:
        client = ChatClient(session, ChatEndpoint("http://127.0.0.1:1/v1", "m"), QUICK, time, time.sleep)
        with capture_logs(), pytest.raises(Refusal) as caught:
            await client.ask("", CONTENT, SCHEMA, read)
    assert (caught.value.code, caught.value.message) == (ErrorCode.SERVICE_UNAVAILABLE, sentence)


async def test_neither_key_nor_the_endpoints_words_are_logged_or_told(asking: Asking) -> None:
    asking.server.acts.extend(["500"] * MAX_ATTEMPTS)
    with capture_logs() as lines, pytest.raises(Refusal) as caught:
        await asking.client.ask("", CONTENT, SCHEMA, read)
    assert [line["event"] for line in lines] == ["chat_failed"]
    for text in (str(lines), str(caught.value), repr(asking.client._endpoint)):
        assert KEY not in text
        assert "secret details" not in text
