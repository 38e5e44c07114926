"""A forward proxy on loopback: who may use it, where it leads, and how far it goes."""

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import aiohttp
import pytest

from egress.forward_proxy import ForwardLimits, opened_forward_proxy
from egress.sockets import connect_guarded
from tests.downloads.servers_for_tests import Origin, Reply, serving, speaking

DEADLINE_SECONDS = 60


async def to_origin(url: str, *, is_private_allowed: bool = True) -> socket.socket:
    """Connects as `Connect` says."""
    parts = urlsplit(url)
    return await connect_guarded(parts.hostname or "", parts.port or 443, is_private_allowed=is_private_allowed)


async def say(proxy: str, *heads: str, is_signed_in: bool = True) -> bytes:
    """All that the proxy answers to these lines and an empty one, until it ends the connection."""
    parts = urlsplit(proxy)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [*heads, f"Proxy-Authorization: {sign_in(proxy)}"] if is_signed_in else [*heads]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await reader.read(-1)
    finally:
        writer.close()


def sign_in(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"Basic {b64encode(f'{parts.username}:{parts.password}'.encode()).decode()}"


async def _never(_url: str) -> socket.socket:
    await asyncio.Event().wait()
    raise AssertionError


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """A server that says what it hears, in capitals, until its client has said all."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1_000):
            writer.write(data.upper())

    async with speaking(talk) as port:
        yield port


async def test_plain_http_goes_to_the_origin_without_what_is_for_the_proxy() -> None:
    async with serving(Origin(b"hello")) as origin, opened_forward_proxy(to_origin) as proxy:
        async with aiohttp.ClientSession() as session, session.get(origin.url("/a?b=c"), proxy=proxy) as response:
            assert (response.status, await response.read()) == (200, b"hello")
        [asked] = origin.asked
    assert asked.target == "/a?b=c"
    assert asked.headers["Host"] == f"127.0.0.1:{origin.port}"
    assert asked.headers["Connection"] == "close"
    assert not [name for name in asked.headers if name.lower().startswith("proxy-")]


async def test_a_body_goes_along() -> None:
    async with echoing() as port, opened_forward_proxy(to_origin) as proxy:
        parts = urlsplit(proxy)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        writer.write(f"{head}Proxy-Authorization: {sign_in(proxy)}\r\n\r\nbo".encode())
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert (await reader.readuntil(b"BO")).startswith(b"POST / HTTP/1.1\r\nHOST: A\r\nCONTENT-LENGTH: 4\r\n")
            writer.write(b"dy")
            assert await reader.readexactly(2) == b"DY"
        writer.close()


async def test_a_tunnel_passes_on_what_both_say() -> None:
    async with echoing() as port, opened_forward_proxy(to_origin) as proxy:
        parts = urlsplit(proxy)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        place = f"127.0.0.1:{port}"
        writer.write(
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: {sign_in(proxy)}\r\n\r\n".encode()
        )
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert status_of(await reader.readuntil(b"\r\n\r\n")) == 200
            for word in (b"one", b"two"):
                writer.write(word)
                assert await reader.readexactly(3) == word.upper()
            writer.write_eof()
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("given", [None, "Basic d2F5YmlsbDpub25l", "Bearer x", "Basic \xff"])
async def test_without_its_password_nobody_is_connected(given: str | None) -> None:
    async with serving(Origin()) as origin, opened_forward_proxy(to_origin) as proxy:
        heads = [f"GET {origin.url()} HTTP/1.1", "Host: a", *([f"Proxy-Authorization: {given}"] if given else [])]
        answer = await say(proxy, *heads, is_signed_in=False)
    assert status_of(answer) == 407
    assert b"proxy-authenticate: basic" in answer.lower()
    assert origin.asked == []


async def test_each_has_a_password_of_its_own() -> None:
    async with opened_forward_proxy(to_origin) as one, opened_forward_proxy(to_origin) as other:
        assert len(urlsplit(one).password or "") >= 32
        assert urlsplit(one).password != urlsplit(other).password
        assert urlsplit(one).hostname == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "2130706433"])
async def test_a_private_address_is_not_connected_to(host: str) -> None:
    connect = partial(to_origin, is_private_allowed=False)
    async with serving(Origin()) as origin, opened_forward_proxy(connect) as proxy:
        place = f"{host}:{origin.port}"
        for head in (f"GET http://{place}/ HTTP/1.1", f"CONNECT {place} HTTP/1.1"):
            assert status_of(await say(proxy, head, f"Host: {place}")) == 403
    assert origin.asked == []


async def test_a_name_that_leads_to_this_machine_is_refused_when_it_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(Origin()) as origin, opened_forward_proxy(partial(to_origin, is_private_allowed=False)) as proxy:
        look_up = socket.getaddrinfo
        found = look_up("127.0.0.1", origin.port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *given, **named: found if host == "good.example" else look_up(host, *given, **named),
        )
        assert status_of(await say(proxy, "GET http://good.example/ HTTP/1.1", "Host: good.example")) == 403
    assert origin.asked == []


async def test_an_origin_that_is_not_there_is_502() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}"
        async with opened_forward_proxy(to_origin) as proxy:
            assert status_of(await say(proxy, f"CONNECT {place} HTTP/1.1", f"Host: {place}")) == 502


async def test_an_origin_that_takes_too_long_to_connect_is_504() -> None:
    async with opened_forward_proxy(_never, ForwardLimits(connect_seconds=0.01)) as proxy:
        assert status_of(await say(proxy, "CONNECT a.example:443 HTTP/1.1", "Host: a.example")) == 504


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1",
        "GET https://a.example/ HTTP/1.1",
        "GET ftp://a.example/ HTTP/1.1",
        "GET http://[::1 HTTP/1.1",
        "?",
    ],
)
async def test_what_is_no_request_to_a_proxy_is_400(head: str) -> None:
    async with opened_forward_proxy(to_origin) as proxy:
        assert status_of(await say(proxy, head, "Host: a")) == 400


async def test_a_client_that_says_nothing_is_hung_up_on() -> None:
    async with opened_forward_proxy(to_origin, ForwardLimits(head_seconds=0.01)) as proxy:
        parts = urlsplit(proxy)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert await reader.read() == b""
        writer.close()


async def test_a_head_that_does_not_end_is_400() -> None:
    async with opened_forward_proxy(to_origin) as proxy:
        assert status_of(await say(proxy, "GET http://a.example/ HTTP/1.1", f"Long: {'x' * 100_000}")) == 400


async def test_beyond_its_bytes_a_connection_breaks() -> None:
    limits = ForwardLimits(size_bytes=200_000)
    async with serving(Origin(bytes(1_000_000))) as origin, opened_forward_proxy(to_origin, limits) as proxy:
        answer = await say(proxy, f"GET {origin.url()} HTTP/1.1", "Host: a")
        assert status_of(answer) == 200
        assert len(answer) <= limits.size_bytes
        assert await say(proxy, f"GET {origin.url()} HTTP/1.1", "Host: a") == b""  # the bytes are those of all together
        assert len(origin.asked) == 1


async def test_a_connection_breaks_when_its_time_is_over() -> None:
    async with opened_forward_proxy(_never, ForwardLimits(connection_seconds=0.01)) as proxy:
        assert await say(proxy, "CONNECT a.example:443 HTTP/1.1", "Host: a.example") == b""


async def test_more_connections_than_there_may_be_are_503() -> None:
    arrived, going_on = asyncio.Event(), asyncio.Event()

    async def wait(url: str) -> socket.socket:
        arrived.set()
        await going_on.wait()
        return await to_origin(url)

    async with serving(Origin(b"hello")) as origin, opened_forward_proxy(wait, ForwardLimits(connections=1)) as proxy:
        request = (f"GET {origin.url()} HTTP/1.1", "Host: a")
        first = asyncio.create_task(say(proxy, *request))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await arrived.wait()
        assert status_of(await say(proxy, *request)) == 503
        going_on.set()
        assert (await first).endswith(b"hello")


async def test_its_connections_end_with_it() -> None:
    going_on = asyncio.Event()

    def held(_asked: object, reply: Reply) -> Reply:
        reply.cut_after, reply.hold = 2, going_on
        return reply

    async with serving(Origin(b"hello", change=held)) as origin:
        async with opened_forward_proxy(to_origin) as proxy:
            parts = urlsplit(proxy)
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            head = f"GET {origin.url()} HTTP/1.1\r\nHost: a\r\nProxy-Authorization: {sign_in(proxy)}\r\n\r\n"
            writer.write(head.encode())
            async with asyncio.timeout(DEADLINE_SECONDS):
                await reader.readuntil(b"he")
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert await reader.read() == b""
        writer.close()
        with pytest.raises(OSError):  # noqa: PT011  nobody listens there any more
            await asyncio.open_connection(parts.hostname, parts.port)
