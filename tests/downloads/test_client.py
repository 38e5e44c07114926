"""The client on the wire: headers, cookies, the address guard, time-outs, politeness."""

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from downloads.bandwidth import Bandwidth
from downloads.client import Client
from downloads.connections import open_connections
from downloads.failures import FetchFailed
from downloads.fetch import Fetcher
from downloads.hosts import HostLimiter
from tests.downloads.conftest import KINDS, Fetching
from tests.downloads.servers_for_tests import (
    OURS,
    Asked,
    Change,
    Origin,
    Reply,
    first,
    held,
    redirecting,
    serving,
    speaking,
)

CONTENT = b"content " * 10_000


async def test_nothing_of_the_environment_is_used(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password pass\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving(Origin(CONTENT)) as origin:
        await fetching.fetch(origin.url())
        assert origin.asked[0].names == OURS


async def test_secrets_are_in_no_log_line(fetching: Fetching, capsys: pytest.CaptureFixture[str]) -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no HTTP at all\r\n\r\n")

    async with speaking(babble) as port:
        url = f"http://user:hush-hush@127.0.0.1:{port}/a"
        with pytest.raises(FetchFailed, match="good HTTP"):
            await fetching.fetch(url, headers=(("X-Api-Key", "hush-key"),), max_retries=1)
    printed = capsys.readouterr()
    assert "a transfer failed" in printed.out
    assert "hush" not in printed.out + printed.err + str(fetching.said)


async def test_long_and_many_headers_are_taken(fetching: Fetching) -> None:
    def many(_asked: Asked, reply: Reply) -> Reply:
        reply.headers += [("X-Long", "a" * 30_000), *((f"X-{number}", "a") for number in range(300))]
        return reply

    async with serving(Origin(CONTENT, change=many)) as origin:
        await fetching.fetch(origin.url())

    assert await fetching.content() == CONTENT


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::1]:{port}/",
        "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://127.1:{port}/", "http://0177.0.0.1:{port}/",
        "http://①②⑦.⓪.⓪.①:{port}/", "http://127。0。0。1:{port}/", "http://[::]:{port}/", "http://0.0.0.0:{port}/",
    ],
)  # fmt: skip
async def test_this_machine_is_not_fetched_from_by_any_of_its_names(fetching: Fetching, url: str) -> None:
    async with serving(Origin(CONTENT)) as origin, open_connections() as connections:
        guarded = Fetcher(Client(connections, HostLimiter()), fetching.storage)
        with pytest.raises(Refusal) as refused:
            await guarded.fetch(fetching.request(url.format(port=origin.port), max_retries=0))
        assert refused.value.code in {ErrorCode.URL_NOT_ALLOWED, ErrorCode.BAD_INPUT}
        assert origin.asked == []


def leading(monkeypatch: pytest.MonkeyPatch, addresses: dict[str, str]) -> None:
    """Let names lead to these addresses, as a name server would."""

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def test_every_hop_is_checked_when_it_connects(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hop is let through as if it were public; the second leads to this machine by a good name."""
    leading(monkeypatch, {"public.example": "127.0.0.2", "inner.example": "127.0.0.1"})
    monkeypatch.setattr("egress.session.is_public", lambda address: address == "127.0.0.2")
    async with serving(Origin(CONTENT)) as inner, serving(Origin(CONTENT), "127.0.0.2") as outer:
        outer.change = redirecting({"/file.bin": f"http://inner.example:{inner.port}/secret"})
        async with open_connections() as connections:
            guarded = Fetcher(Client(connections, HostLimiter()), fetching.storage)
            with pytest.raises(FetchFailed) as failed:
                await guarded.fetch(fetching.request(f"http://public.example:{outer.port}/file.bin"))
        assert (len(outer.asked), len(inner.asked)) == (1, 0)

    assert failed.value.code is ErrorCode.URL_NOT_ALLOWED
    assert not failed.value.is_transient


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_then(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"rebind.example": "127.0.0.2"}
    leading(monkeypatch, found)
    monkeypatch.setattr("egress.session.is_public", lambda address: address == "127.0.0.2")

    def rebind(_asked: Asked, reply: Reply) -> Reply:
        found["rebind.example"] = "127.0.0.1"
        reply.cut_after = 10
        return reply

    async with serving(Origin(CONTENT, change=rebind), "127.0.0.2") as outer, open_connections() as connections:
        guarded = Fetcher(Client(connections, HostLimiter()), fetching.storage)
        with pytest.raises(FetchFailed) as failed:
            await guarded.fetch(fetching.request(f"http://rebind.example:{outer.port}/file.bin"))
        assert len(outer.asked) == 1

    assert failed.value.code is ErrorCode.URL_NOT_ALLOWED


@pytest.mark.parametrize("name", ["nothing.invalid", f"{'a' * 64}.invalid"])
async def test_an_unknown_name_is_told_as_that(fetching: Fetching, name: str) -> None:
    with pytest.raises(FetchFailed, match="The name in this URL is unknown"):
        await fetching.fetch(f"http://{name}/a", max_retries=0)


async def test_a_server_that_falls_silent_is_left_and_asked_for_the_rest(fetching: Fetching) -> None:
    hold = asyncio.Event()
    async with serving(Origin(CONTENT, change=first(1, held(hold, 40_000)))) as origin:
        await fetching.fetch(origin.url(), read_timeout_seconds=0.5)
        hold.set()
        assert origin.ranges == [None, "bytes=40000-"]

    assert await fetching.content() == CONTENT
    assert fetching.warnings[0].startswith("The server did not answer in time")


async def test_a_server_that_never_answers_has_a_deadline(fetching: Fetching) -> None:
    async with speaking(lambda *_: asyncio.sleep(60)) as port:
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(f"http://127.0.0.1:{port}/a", max_retries=0, read_timeout_seconds=0.1)

    assert (failed.value.code, failed.value.is_transient) == (ErrorCode.TIMED_OUT, True)


async def test_a_head_that_drips_has_a_deadline(fetching: Fetching) -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X")
            await asyncio.sleep(0.02)

    async with asyncio.timeout(10), speaking(drip) as port:
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(
                f"http://127.0.0.1:{port}/a", max_retries=0, read_timeout_seconds=0.1, connect_timeout_seconds=0.2
            )

    assert failed.value.code is ErrorCode.TIMED_OUT


async def test_a_body_that_drips_has_stalled(fetching: Fetching) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"X")
            await asyncio.sleep(0.02)

    async with asyncio.timeout(10), speaking(drip) as port:
        with pytest.raises(FetchFailed, match=r"less than 1 KiB a second for 0\.2 s") as failed:
            await fetching.fetch(f"http://127.0.0.1:{port}/a", max_retries=0, read_timeout_seconds=0.2)

    assert (failed.value.code, failed.value.is_transient) == (ErrorCode.TIMED_OUT, True)


async def test_all_requests_of_a_file_share_its_time(fetching: Fetching) -> None:
    hold = asyncio.Event()
    async with serving(Origin(CONTENT, change=held(hold, 10_000))) as origin:
        with pytest.raises(FetchFailed, match=r"not complete within 1\.5 s") as failed:
            await fetching.fetch(origin.url(), timeout_seconds=1.5, read_timeout_seconds=1, max_retries=100)
        hold.set()
        assert len(origin.asked) == 2

    assert failed.value.code is ErrorCode.TIMED_OUT


async def test_the_limit_of_bandwidth_holds_for_the_wire_and_may_change(fetching: Fetching) -> None:
    bandwidth = Bandwidth(40_000)
    async with serving(Origin(CONTENT)) as origin:
        request = fetching.request(origin.url(), bandwidth=bandwidth)
        task = asyncio.create_task(fetching.fetcher.fetch(request))
        async with asyncio.timeout(10):
            while request.meter.received_bytes < 10_000:  # noqa: ASYNC110  there is nothing else to wait for
                await asyncio.sleep(0.01)
            began, had = time.monotonic(), request.meter.received_bytes
            await asyncio.sleep(0.5)
            rate = (request.meter.received_bytes - had) / (time.monotonic() - began)
            assert rate <= 40_000 * 1.1 + 2 * bandwidth.piece_bytes / 0.5
            assert not task.done()
            bandwidth.change(0)
            await task

    assert await fetching.content() == CONTENT


async def test_a_slow_limit_of_ours_is_no_stall(fetching: Fetching) -> None:
    async with serving(Origin(b"x" * 2_000)) as origin:
        await fetching.fetch(origin.url(), bandwidth=Bandwidth(1_000), read_timeout_seconds=0.5, max_retries=0)


async def test_two_files_at_once_from_one_host(fetching: Fetching) -> None:
    hold = asyncio.Event()
    async with serving(Origin(CONTENT, change=held(hold, 10))) as origin:
        requests = [replace(fetching.request(origin.url()), key=f"files/00/{number}") for number in range(5)]
        tasks = [asyncio.create_task(fetching.fetcher.fetch(request)) for request in requests]
        async with asyncio.timeout(10):
            while len(origin.asked) < 2:  # noqa: ASYNC110  there is nothing else to wait for
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            assert len(origin.asked) == 2
            hold.set()
            await asyncio.gather(*tasks)
        assert (len(origin.asked), origin.open_most) == (5, 2)


def busy(**headers: str) -> Change:
    def changed(_asked: Asked, _reply: Reply) -> Reply:
        return Reply(503, [("Content-Length", "0"), *headers.items()])

    return changed


async def test_a_host_that_asks_to_wait_is_left_alone_and_that_is_said(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, change=first(1, busy(**{"Retry-After": "1"})))) as origin:
        began = time.monotonic()
        await fetching.fetch(origin.url())
        assert time.monotonic() - began >= 0.95
        assert len(origin.asked) == 2

    assert [message for _, message in fetching.said][1] == "Waiting 1 s for 127.0.0.1, as the server asked."


async def test_memory_stays_bounded_before_a_slow_disk(fetching: Fetching, tmp_path: Any) -> None:
    """The kernel and two buffers of 512 KiB are full long before 60 MB: the rest waits at the server."""
    storage = KINDS["local"](tmp_path / "slow")
    sent = 0
    blocks = 60 * 16

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (blocks * 65_536))
        for _ in range(blocks):
            writer.write(bytes(65_536))
            await writer.drain()
            sent += 65_536

    bandwidth = Bandwidth(1)
    async with asyncio.timeout(20), speaking(pour) as port:
        request = fetching.request(f"http://127.0.0.1:{port}/a", bandwidth=bandwidth)
        task = asyncio.create_task(Fetcher(fetching.fetcher._client, storage).fetch(request))
        before = -1
        while sent == 0 or sent != before:
            before = sent
            await asyncio.sleep(0.1)
        assert sent < blocks * 65_536 / 2
        bandwidth.change(0)
        assert (await task).size_bytes == blocks * 65_536


@pytest.mark.parametrize(
    ("error", "requests", "sentence"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), 1, "is unknown"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), 3, "could not be looked up"),
        (socket.gaierror(socket.EAI_FAIL, "broken"), 3, "could not be looked up"),
        (UnicodeError("label too long"), 1, "is unknown"),
    ],
)
async def test_a_name_server_that_does_not_answer_is_asked_again_and_an_unknown_name_is_not(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch, error: Exception, requests: int, sentence: str
) -> None:
    asked: list[str] = []

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(FetchFailed, match=sentence):
        await fetching.fetch("http://name.example/a", max_retries=2)
    assert len(asked) == requests
