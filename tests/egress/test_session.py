"""The address guard of a session, at each socket."""

import asyncio
import socket
import threading
import time
from typing import Any

import aiohttp
import pytest

from egress.session import AddressRefused, guarded_session
from tests.webhooks.receiver_for_tests import receiving


async def why_not(url: str) -> OSError:
    """Why a guarded session does not connect to `url`."""
    async with guarded_session() as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.get(url)
    return refused.value.os_error


def leads_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let every name lead to the addresses of the next answer, the last one over and over; notes what was asked."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        return [(family, 1, 6, "", (address, port)) for family, address in zip(families, found, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_this_machine_is_not_called_by_any_of_its_names(host: str) -> None:
    async with receiving() as receiver:
        assert isinstance(await why_not(f"http://{host}:{receiver.port}/"), AddressRefused)
        assert receiver.received == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
async def test_an_address_in_disguise_is_not_called(host: str) -> None:
    async with receiving() as receiver, guarded_session() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{host}:{receiver.port}/")
        assert receiver.received == []


async def test_a_name_that_leads_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver:
        leads_to(monkeypatch, ["127.0.0.1"])
        assert isinstance(await why_not(f"http://good.example:{receiver.port}/"), AddressRefused)
        assert receiver.received == []


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_then(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    async def connect(_loop: object, _socket: object, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", connect)
    asked = leads_to(monkeypatch, ["93.184.216.34"], ["169.254.169.254"])
    async with guarded_session() as session:
        for kind in (ConnectionRefusedError, AddressRefused):
            with pytest.raises(aiohttp.ClientConnectorError) as refused:
                await session.get("http://rebinding.example/")
            assert isinstance(refused.value.os_error, kind)
    assert asked == ["rebinding.example"] * 2  # no answer is kept …
    assert connected == ["93.184.216.34"]  # … and none is used that was not looked at


async def test_of_several_addresses_only_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    async def connect(_loop: object, _socket: object, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", connect)
    leads_to(monkeypatch, ["10.0.0.1", "93.184.216.34", "::1"])
    assert not isinstance(await why_not("http://mixed.example/"), AddressRefused)
    assert set(connected) == {"93.184.216.34"}


async def test_where_private_addresses_are_allowed_this_machine_is_called() -> None:
    async with receiving() as receiver, guarded_session(is_private_allowed=True) as session:
        for host in ("127.0.0.1", "localhost"):
            async with session.post(f"http://{host}:{receiver.port}/") as response:
                assert response.status == 200
        assert len(receiver.received) == 2


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert isinstance(await why_not("http://127.0.0.1:1/"), AddressRefused)
        assert proxy.received == []


async def test_a_cookie_is_not_sent_back() -> None:
    async with receiving() as receiver, guarded_session(is_private_allowed=True) as session:
        receiver.headers["Set-Cookie"] = "a=b"
        for _ in range(2):
            async with session.get(f"http://127.0.0.1:{receiver.port}/"):
                pass
        assert [request.headers.get("Cookie") for request in receiver.received] == [None, None]


async def test_a_name_server_that_hangs_holds_up_its_own_caller_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, ask = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *given: Any, **named: Any) -> Any:
        if host == "hanging.example":
            hanging.wait(10)
        return ask("127.0.0.1", *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        async with receiving() as receiver, guarded_session(is_private_allowed=True) as session:
            url = f"http://{{}}.example:{receiver.port}/"
            stuck = [asyncio.create_task(session.get(url.format("hanging"))) for _ in range(50)]
            await asyncio.sleep(0.05)
            began = time.monotonic()
            async with session.get(url.format("other")) as response:
                assert response.status == 200
            assert await asyncio.to_thread(lambda: True)  # threads for other work are free
            assert time.monotonic() - began < 5
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
    finally:
        hanging.set()


async def test_a_name_without_an_address_is_told_as_that() -> None:
    async with guarded_session() as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError):
            await session.get("http://nothing.invalid/")
