"""One attempt: what is sent, and what is made of whatever a receiver does."""

import asyncio
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from egress.session import guarded_session
from models import Webhook
from tests.certificates import certificate_for_localhost
from tests.webhooks.receiver_for_tests import Receiver, receiving
from webhooks.sending import Message, Outcome, Sender
from webhooks.signing import new_secret

MESSAGE = Message("delivery-1", "batch.completed", '{"title":"Größe"}'.encode(), 3)
NO_CERTIFICATE = Outcome(None, "The receiver's certificate is not good, or it speaks no TLS.")
ROOT = Path(__file__).parents[2]
MOMENT = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


def webhook_at(url: str) -> Webhook:
    return Webhook(id="webhook-1", owner_id="user-1", url=url, events=[], secret=new_secret())


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with guarded_session(is_private_allowed=True) as session:
        yield Sender(session)


async def test_a_message_is_posted_signed_and_byte_for_byte(sender: Sender, receiver: Receiver) -> None:
    webhook = webhook_at(receiver.url)
    assert await sender.send(webhook, MESSAGE) == Outcome(200, None)
    (request,) = receiver.received
    assert request.path == "/hook?key=hush"
    assert request.body == MESSAGE.body
    assert request.is_signed_with(webhook.secret)
    assert (request.id, request.headers["Content-Type"]) == (MESSAGE.id, "application/json")
    assert request.headers["User-Agent"].startswith("Waybill/")
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5


async def test_the_moment_of_a_signature_is_that_of_its_attempt(receiver: Receiver) -> None:
    async with guarded_session(is_private_allowed=True) as session:
        await Sender(session, clock=lambda: MOMENT).send(webhook_at(receiver.url), MESSAGE)
    assert receiver.received[0].headers["webhook-timestamp"] == str(int(MOMENT.timestamp()))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_delivered(sender: Sender, receiver: Receiver, status: int) -> None:
    receiver.status = status
    outcome = await sender.send(webhook_at(receiver.url), MESSAGE)
    assert (outcome.status_code, outcome.is_delivered, outcome.is_gone) == (status, True, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_is_a_failure(sender: Sender, receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": "/elsewhere"}
    outcome = await sender.send(webhook_at(receiver.url), MESSAGE)
    assert outcome == Outcome(status, f"The receiver answered {status}: redirects are not followed.")
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 429, 500, 502, 503])
async def test_any_other_answer_is_a_failure(sender: Sender, receiver: Receiver, status: int) -> None:
    receiver.status = status
    outcome = await sender.send(webhook_at(receiver.url), MESSAGE)
    assert outcome == Outcome(status, f"The receiver answered {status}.")
    assert outcome.is_gone is (status == 410)


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [
        (429, "120", 120), (503, " 7 ", 7), (503, "0", 0), (429, "99999999999999999999", 10**6), (500, "120", None),
        (503, "Thu, 26 Nov 2026 12:05:00 GMT", 300), (503, "Thu, 26 Nov 2026 11:00:00 GMT", 0), (503, "soon", None),
        (429, "-5", None), (429, "", None), (429, "1.5", None),
    ],
)  # fmt: skip
async def test_a_receiver_may_ask_to_wait(receiver: Receiver, status: int, text: str, seconds: int | None) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": text}
    async with guarded_session(is_private_allowed=True) as session:
        outcome = await Sender(session, clock=lambda: MOMENT).send(webhook_at(receiver.url), MESSAGE)
    assert outcome.wait == (None if seconds is None else timedelta(seconds=seconds))


async def test_a_receiver_that_hangs_is_given_up(receiver: Receiver) -> None:
    receiver.may_answer.clear()
    began = time.monotonic()
    async with guarded_session(is_private_allowed=True) as session:
        outcome = await Sender(session, timeout_seconds=0.2).send(webhook_at(receiver.url), MESSAGE)
    assert outcome == Outcome(None, "The receiver did not answer within 0.2 s.")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "answer",
    [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, b"HTTP/1.1 abc\r\n\r\n", b"\0" * 1_000],
)
async def test_what_is_no_http_is_a_failure(sender: Sender, answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await sender.send(webhook_at(f"http://127.0.0.1:{port}/"), MESSAGE)
    assert outcome == Outcome(None, "The receiver did not answer in HTTP, or broke the connection off.")


async def test_a_body_without_an_end_is_not_read(sender: Sender) -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                await writer.drain()
                sent += 65_536
        except OSError:
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await sender.send(webhook_at(f"http://127.0.0.1:{port}/"), MESSAGE)).is_delivered
        await asyncio.sleep(0.1)
    assert sent < 20_000_000


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", "The receiver could not be connected to."),
        ("http://nothing.invalid/", "This name is unknown, or leads to no address that webhooks may be sent to."),
        ("http://2130706433/", "This address cannot be called."),
        ("http://xn--/", "This name is unknown, or leads to no address that webhooks may be sent to."),
    ],
)
async def test_what_cannot_be_reached_is_a_failure_in_a_sentence(sender: Sender, url: str, error: str) -> None:
    assert await sender.send(webhook_at(url), MESSAGE) == Outcome(None, error)


async def test_what_nobody_foresaw_is_a_failure_too(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Event loops are known to raise RuntimeError where others raise OSError."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(sender._session, "_request", fail)
    with capture_logs() as logs:
        assert await sender.send(webhook_at(receiver.url), MESSAGE) == Outcome(None, "The message could not be sent.")
    assert [line["log_level"] for line in logs] == ["warning", "info"]


async def sent_by_a_process(url: str, **environment: str) -> str:
    """The outcome that a process of its own has, whose environment says whom it trusts."""
    program = (
        "import asyncio, sys\n"
        "from egress.session import guarded_session\n"
        "from tests.webhooks.test_sending import MESSAGE, Sender, webhook_at\n"
        "async def main():\n"
        "    async with guarded_session(is_private_allowed=True) as session:\n"
        "        print(await Sender(session).send(webhook_at(sys.argv[1]), MESSAGE), end='', file=sys.stderr)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, cwd=ROOT, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), 30)
    return said.decode()


async def test_https_is_spoken_with_who_has_a_good_certificate(tmp_path: Path) -> None:
    certificate = certificate_for_localhost(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with receiving(tls=tls) as receiver:
        url = f"https://{{}}:{receiver.port}/"
        trusted = {"SSL_CERT_FILE": str(certificate)}
        untrusted, other_name = await sent_by_a_process(url.format("localhost")), url.format("127.0.0.1")
        assert untrusted == str(NO_CERTIFICATE)
        assert await sent_by_a_process(other_name, **trusted) == str(NO_CERTIFICATE)
        assert receiver.received == []
        assert await sent_by_a_process(url.format("localhost"), **trusted) == str(Outcome(200, None))
        assert len(receiver.received) == 1


async def test_https_is_not_spoken_with_who_speaks_no_tls(sender: Sender, receiver: Receiver) -> None:
    assert await sender.send(webhook_at(receiver.url.replace("http:", "https:")), MESSAGE) == NO_CERTIFICATE
    assert receiver.received == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_and_a_name_of_it_are_refused(receiver: Receiver, host: str) -> None:
    async with guarded_session() as session:
        outcome = await Sender(session).send(webhook_at(f"http://{host}:{receiver.port}/"), MESSAGE)
    assert outcome == Outcome(None, "This name is unknown, or leads to no address that webhooks may be sent to.")
    assert receiver.received == []


async def test_the_log_has_a_line_for_each_attempt_without_secrets(sender: Sender, receiver: Receiver) -> None:
    webhook = webhook_at(receiver.url)
    receiver.status = 500
    with capture_logs() as logs:
        await sender.send(webhook, MESSAGE)
    assert logs == [
        {
            "event": "webhook", "log_level": "info", "webhook": "webhook-1", "url": f"http://127.0.0.1:{receiver.port}",
            "event_type": "batch.completed", "delivery": "delivery-1", "attempt": 3, "status": 500,
            "error": "The receiver answered 500.",
        }
    ]  # fmt: skip
    assert "hush" not in str(logs)
    assert webhook.secret not in str(logs)
