"""Sockets to other machines, behind the address guard."""

import socket

import aiohappyeyeballs
import aiohttp

from egress.session import address_resolver, socket_factory

_NEXT_ADDRESS_SECONDS = 0.25
"""RFC 8305, section 5: so long after one address the next is tried, too."""


async def connect_guarded(host: str, port: int, *, is_private_allowed: bool = False) -> socket.socket:
    """A socket that is connected to `host`, a name or an address.

    Raises:
        AddressRefused: None of its addresses is public.
        OSError: The name cannot be resolved, or nobody answers.
    """
    found = await address_resolver().resolve(host, port, socket.AF_UNSPEC)
    addresses: list[aiohttp.AddrInfoType] = [
        (each["family"], socket.SOCK_STREAM, each["proto"], "", _place(each["family"], each["host"], each["port"]))
        for each in found
    ]
    return await aiohappyeyeballs.start_connection(
        addresses,
        happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
        socket_factory=socket_factory(is_private_allowed=is_private_allowed),
    )


def _place(family: int, host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    return (host, port, 0, 0) if family == socket.AF_INET6 else (host, port)
