"""The address guard: only the public internet may be called.

Any way of writing an address is understood.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA gives out for hosts: IPv4-mapped, NAT64, unique local and link-local addresses lie outside of it."""
_REFUSED = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocols of the IETF; Python knows only parts of it, by its version
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "168.63.129.16/32",  # the host of a virtual machine, in Azure
        "2001::/23",  # protocols of the IETF, Teredo among them (RFC 2928)
        "2001:db8::/32",  # documentation, and so is the next
        "3fff::/20",
        "2002::/16",  # 6to4: an IPv4 address, private ones too, inside an IPv6 one (RFC 3056)
    )
)


def is_public(text: str) -> bool:
    """Whether the IP address `text` is one of the public internet; False for what is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address not in _GLOBAL_UNICAST):
        return False
    return address.is_global and not _is_special(address)


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    is_in_a_list = any(address.version == network.version and address in network for network in _REFUSED)
    return address.is_multicast or address.is_reserved or address.is_unspecified or is_in_a_list


def is_address(host: str) -> bool:
    """Whether `host` is an IP address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
