"""Fetching through real proxies: which one, what it is told, how it may fail."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.connector
import pytest

from base.errors import ErrorCode, Refusal
from base.words import ProxyMode
from downloads.client import Client
from downloads.connections import open_connections
from downloads.failures import FetchFailed
from downloads.fetch import Fetcher
from downloads.hosts import HostLimiter
from downloads.options import FetchOptions
from downloads.proxies import Proxies, check_proxy, read_system_proxies
from downloads.urls import parse_address
from storage.ports import Storage
from tests.downloads.conftest import Fetching
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving, speaking
from tests.egress.proxy_for_tests import SmallProxy, proxying

CONTENT = b"through a proxy " * 5_000
PUBLIC = "93.184.216.34"
WAYS = [("http", "GET"), ("socks5", "socks5")]


@asynccontextmanager
async def fetching_by(
    storage: Storage,
    folder: Path,
    proxies: Proxies,
    *,
    is_private_allowed: bool = False,
    hosts: HostLimiter | None = None,
) -> AsyncIterator[Fetching]:
    async with open_connections(is_private_allowed=is_private_allowed) as connections:
        hosts = hosts or HostLimiter(first_pause_seconds=0.01)
        client = Client(connections, hosts, proxies, is_private_allowed=is_private_allowed)
        yield Fetching(Fetcher(client, storage), storage, folder)


def custom(url: str) -> dict[str, Any]:
    return {"proxy_mode": ProxyMode.CUSTOM, "proxy_url": url, "max_retries": 0}


def allowing(proxy: SmallProxy) -> Proxies:
    return Proxies(allowed=frozenset({proxy.url("http"), proxy.url("socks5")}))


def name_leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let `a.example` lead to these addresses, the next one each time."""
    left = list(addresses)
    look_up = socket.getaddrinfo

    def found(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if host not in {"a.example", b"a.example"}:
            return look_up(host, port, *args, **kwargs)
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize(("scheme", "how"), WAYS)
async def test_a_file_comes_through_the_proxy_that_was_named(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, how: str
) -> None:
    name_leads_to(monkeypatch, PUBLIC)
    async with serving(Origin(CONTENT)) as origin, proxying(SmallProxy(origin.port)) as proxy:
        async with fetching_by(storage, tmp_path, allowing(proxy)) as fetching:
            await fetching.fetch("http://a.example:8080/a.bin", **custom(proxy.url(scheme)))

        assert await fetching.content() == CONTENT
        assert proxy.told == [(how, "a.example" if scheme == "http" else PUBLIC, 8080)]
        assert origin.asked[0].headers["Host"] == "a.example:8080"
        assert not any(name.lower().startswith("proxy-") for name in origin.asked[0].headers if scheme == "socks5")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_tls_goes_through_a_tunnel_to_a_checked_address_under_the_name_of_the_url(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    name_leads_to(monkeypatch, PUBLIC)
    context, certificate = _tls(tmp_path)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=str(certificate)))
    origin = Origin(CONTENT)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=context)
    async with (
        server,
        proxying(SmallProxy(server.sockets[0].getsockname()[1])) as proxy,
        fetching_by(storage, tmp_path, allowing(proxy)) as fetching,
    ):
        await fetching.fetch("https://a.example/a.bin", **custom(proxy.url(scheme)))

    assert await fetching.content() == CONTENT
    assert proxy.told == [("CONNECT" if scheme == "http" else "socks5", PUBLIC, 443)]


def _tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for `a.example`, and the certificate that vouches for it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=a.example"
    names = ["-addext", "subjectAltName=DNS:a.example", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "a.example", "169.254.169.254"])
async def test_the_address_guard_holds_through_a_proxy(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    name_leads_to(monkeypatch, "10.0.0.1")
    async with serving(Origin(CONTENT)) as origin, proxying(SmallProxy(origin.port)) as proxy:
        async with fetching_by(storage, tmp_path, allowing(proxy)) as fetching:
            for begin in ("http", "https"):
                with pytest.raises(FetchFailed) as refused:
                    await fetching.fetch(f"{begin}://{host}:{origin.port}/a.bin", **custom(proxy.url(scheme)))
                assert refused.value.code is ErrorCode.URL_NOT_ALLOWED

        assert (proxy.told, origin.asked) == ([], [])


async def test_a_redirect_to_the_own_network_is_refused_through_a_proxy(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, PUBLIC, "192.168.0.1")
    origin = Origin(CONTENT, change=_redirected)
    async with serving(origin), proxying(SmallProxy(origin.port)) as proxy:
        async with fetching_by(storage, tmp_path, allowing(proxy)) as fetching:
            with pytest.raises(FetchFailed) as refused:
                await fetching.fetch("http://a.example/a.bin", **custom(proxy.url("socks5")))

        assert refused.value.code is ErrorCode.URL_NOT_ALLOWED
        assert proxy.told == [("socks5", PUBLIC, 80)]


def _redirected(_asked: Asked, reply: Reply) -> Reply:
    reply.status = 302
    return reply.set("Location", "/b")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("begin", ["http", "https"])
async def test_a_proxy_that_wants_a_sign_in_gets_it_and_the_server_does_not(
    storage: Storage, tmp_path: Path, scheme: str, begin: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with (
        serving(Origin(CONTENT)) as origin,
        proxying(SmallProxy(sign_in=("us@er", "pa:ss"))) as proxy,
        fetching_by(storage, tmp_path, allowing(proxy), is_private_allowed=True) as fetching,
    ):
        url = origin.url() if begin == "http" else origin.url().replace("http:", "https:")
        for sign_in in ("", "us%40er:wrong@"):
            with pytest.raises(FetchFailed) as failed:
                await fetching.fetch(url, **custom(proxy.url(scheme, sign_in)))
            assert not failed.value.is_transient
            assert "proxy" in failed.value.message
        assert origin.asked == []
        if begin == "http":
            await fetching.fetch(url, **custom(proxy.url(scheme, "us%40er:pa%3Ass@")))
            assert await fetching.content() == CONTENT
    assert not {"wrong", "pa:ss", "pa%3Ass"} & set(caplog.text.replace("@", " ").split())
    assert "wrong" not in str(fetching.said)


@pytest.mark.parametrize(
    ("scheme", "refuses_with", "is_transient"),
    [("http", 403, False), ("http", 502, True), ("socks5", 2, False), ("socks5", 4, True)],
)
async def test_a_proxy_that_does_not_connect_is_an_honest_error(
    storage: Storage, tmp_path: Path, scheme: str, refuses_with: int, is_transient: bool
) -> None:
    async with (
        proxying(SmallProxy(refuses_with=refuses_with)) as proxy,
        fetching_by(storage, tmp_path, allowing(proxy)) as fetching,
    ):
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(f"https://{PUBLIC}/a.bin", **custom(proxy.url(scheme)))

    assert (failed.value.code, failed.value.is_transient) == (ErrorCode.DOWNLOAD_FAILED, is_transient)
    assert "proxy" in failed.value.message


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("begin", ["http", "https"])
async def test_a_proxy_that_asks_to_wait_does_not_hold_back_the_host(
    storage: Storage, tmp_path: Path, status: int, begin: str
) -> None:
    hosts = HostLimiter(first_pause_seconds=3_600)
    async with (
        proxying(SmallProxy(refuses_with=status)) as proxy,
        fetching_by(storage, tmp_path, allowing(proxy), hosts=hosts) as fetching,
    ):
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(f"{begin}://{PUBLIC}/a.bin", **custom(proxy.url("http")))
    assert failed.value.is_transient
    assert hosts.seconds_to_wait(PUBLIC) == 0


async def test_a_host_that_asks_to_wait_through_a_tunnel_is_left_alone(storage: Storage, tmp_path: Path) -> None:
    hosts = HostLimiter(first_pause_seconds=3_600)
    async with (
        serving(Origin(CONTENT, change=lambda _asked, _reply: Reply(429, [("Content-Length", "0")]))) as origin,
        proxying(SmallProxy()) as proxy,
        fetching_by(storage, tmp_path, allowing(proxy), is_private_allowed=True, hosts=hosts) as fetching,
    ):
        with pytest.raises(FetchFailed):
            await fetching.fetch(origin.url(), **custom(proxy.url("socks5")))
    assert hosts.seconds_to_wait("127.0.0.1") > 100


@pytest.mark.parametrize("begin", ["http", "https"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_hangs_up_or_is_not_there_is_an_error(
    storage: Storage, tmp_path: Path, scheme: str, begin: str
) -> None:
    async with proxying(SmallProxy(hangs_up=True)) as proxy:
        proxies = allowing(proxy)
        async with fetching_by(storage, tmp_path, proxies) as fetching:
            with pytest.raises(FetchFailed):
                await fetching.fetch(f"{begin}://{PUBLIC}/a.bin", **custom(proxy.url(scheme)))
    async with fetching_by(storage, tmp_path, proxies) as fetching:
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(f"{begin}://{PUBLIC}/a.bin", **custom(proxy.url(scheme)))
    assert failed.value.is_transient


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_says_nothing_has_a_deadline(storage: Storage, tmp_path: Path, scheme: str) -> None:
    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with speaking(say_nothing) as port:
        proxy = SmallProxy(port=port)
        async with fetching_by(storage, tmp_path, allowing(proxy)) as fetching:
            with pytest.raises(FetchFailed) as failed:
                await fetching.fetch(
                    f"https://{PUBLIC}/a.bin", connect_timeout_seconds=0.2, **custom(proxy.url(scheme))
                )
    assert failed.value.code is ErrorCode.TIMED_OUT


async def test_a_proxy_that_is_not_allowed_is_never_asked(storage: Storage, tmp_path: Path) -> None:
    async with proxying(SmallProxy()) as proxy, fetching_by(storage, tmp_path, Proxies()) as fetching:
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(f"http://{PUBLIC}/a.bin", **custom(proxy.url("http")))
        assert (refused.value.code, proxy.told) == (ErrorCode.URL_NOT_ALLOWED, [])


async def test_proxies_of_the_environment_are_asked_with_system_alone(storage: Storage, tmp_path: Path) -> None:
    async with serving(Origin(CONTENT)) as origin, proxying(SmallProxy()) as proxy:
        system = read_system_proxies({"HTTP_PROXY": proxy.url("http")})
        async with fetching_by(storage, tmp_path, Proxies(system=system), is_private_allowed=True) as fetching:
            await fetching.fetch(origin.url(), proxy_mode=ProxyMode.NONE)
            assert proxy.told == []
            await fetching.fetcher.discard("files/f3/file-1", fetching.folder)
            await fetching.fetch(origin.url(), proxy_mode=ProxyMode.SYSTEM)
            assert proxy.told == [("GET", "127.0.0.1", origin.port)]


@pytest.mark.parametrize(
    ("environment", "url", "place"),
    [
        ({"https_proxy": "http://p:1"}, "https://a.example/", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://a.example/", None),
        ({"HTTPS_PROXY": "http://q:1", "https_proxy": "http://p:1"}, "https://a.example/", "http://p:1"),
        ({"ALL_PROXY": "socks5h://p"}, "http://a.example/", "socks5://p:1080"),
        ({"all_proxy": "socks5://p:1", "no_proxy": "a.example,b.example"}, "http://a.example/", None),
        ({"all_proxy": "socks5://p:1", "no_proxy": ".example"}, "http://a.example:81/", None),
        ({"all_proxy": "socks5://p:1", "NO_PROXY": "*"}, "http://a.example/", None),
        ({"all_proxy": "socks5://p:1", "no_proxy": "a.example:80"}, "http://a.example:81/", "socks5://p:1"),
        ({}, "http://a.example/", None),
    ],
)
def test_the_usual_variables_are_read(environment: dict[str, str], url: str, place: str | None) -> None:
    proxies = Proxies(system=read_system_proxies(environment))
    proxy = proxies.choose(FetchOptions(proxy_mode=ProxyMode.SYSTEM), parse_address(url))

    assert (proxy.place if proxy else None) == place


def test_a_system_proxy_of_another_kind_is_an_error_that_says_so() -> None:
    proxies = Proxies(system={"all": "socks4://p:1"})
    with pytest.raises(FetchFailed, match="ask its operator"):
        proxies.choose(FetchOptions(proxy_mode=ProxyMode.SYSTEM), parse_address("http://a.example/"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ftp://p:1", ErrorCode.BAD_INPUT),
        ("http://", ErrorCode.BAD_INPUT),
        ("http://p:99999", ErrorCode.BAD_INPUT),
        ("http://p:1/path", ErrorCode.BAD_INPUT),
        ("http://q:1", ErrorCode.URL_NOT_ALLOWED),
        ("socks5://p:1", ErrorCode.URL_NOT_ALLOWED),
    ],
)
def test_a_proxy_is_checked_when_it_is_named(text: str, code: ErrorCode) -> None:
    with pytest.raises(Refusal) as refused:
        check_proxy(text, {"http://p:1"}, "options.proxyUrl")
    assert (refused.value.code, refused.value.field) == (code, "options.proxyUrl")


def test_an_allowed_proxy_may_be_named_with_credentials_which_are_not_shown() -> None:
    proxy = check_proxy("HTTP://us%40er:secret@P:1/", {"http://p:1"})

    assert (proxy.username, proxy.password, proxy.place) == ("us@er", "secret", "http://p:1")
    assert "secret" not in repr(proxy) + repr(FetchOptions(proxy_url="http://u:secret@p:1"))


@pytest.mark.parametrize(("scheme", "how"), [("http", "CONNECT"), ("socks5", "socks5")])
async def test_the_program_of_a_resolver_goes_through_the_proxy_that_was_named(
    monkeypatch: pytest.MonkeyPatch, scheme: str, how: str
) -> None:
    name_leads_to(monkeypatch, PUBLIC, "10.0.0.1")
    async with serving(Origin(CONTENT)) as origin, proxying(SmallProxy(leads_to=origin.port)) as proxy:
        async with open_connections() as connections, aiohttp.ClientSession() as program:
            client = Client(connections, HostLimiter(), allowing(proxy))
            async with client.forward_proxy(FetchOptions(**custom(proxy.url(scheme)))) as forward:
                async with program.get("http://a.example/x", proxy=forward) as response:
                    assert await response.read() == CONTENT
                async with program.get("http://a.example/x", proxy=forward) as response:
                    assert response.status == 403  # now the name leads to a private address
        assert proxy.told == [(how, PUBLIC, 80)]
        assert len(origin.asked) == 1
