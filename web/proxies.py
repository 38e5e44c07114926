"""Forwarded addresses and hosts, believed where the proxy is trusted."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import Headers

from web.headers import request_headers

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PAIR = re.compile(r'(proto|host)\s*=\s*"?([^";,\s]+)"?')
_FOR = re.compile(r'for\s*=\s*"?([^";,\s]+)"?')


def base_url_of(scope: Mapping[str, Any], public_url: str, trusted_proxies: Sequence[str]) -> str:
    """How the client reached us: scheme, host and prefix, without a slash at the end.

    PUBLIC_URL wins; forwarded headers count only when they come from a trusted proxy.
    """
    if public_url:
        return public_url
    headers = request_headers(scope)
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    host = headers.get("host") or "{}:{}".format(*(scope.get("server") or ("127.0.0.1", 80)))
    if is_trusted(scope.get("client"), trusted_proxies):
        forwarded_scheme, forwarded_host = _forwarded_by_proxy(headers)
        scheme = forwarded_scheme if forwarded_scheme in {"http", "https"} else scheme
        host = forwarded_host if _HOST.fullmatch(forwarded_host) else host
    return f"{scheme}://{host}{scope.get('root_path', '')}"


def _forwarded_by_proxy(headers: Headers) -> tuple[str, str]:
    """Scheme and host that the first proxy saw; empty where none says.

    Source: RFC 7239, section 4 (Forwarded); X-Forwarded-Proto and X-Forwarded-Host by convention, which win.
    """
    first = headers.get("forwarded", "").split(",")[0]
    pairs = dict(_PAIR.findall(first.lower()))
    scheme = headers.get("x-forwarded-proto") or pairs.get("proto", "")
    host = headers.get("x-forwarded-host") or pairs.get("host", "")
    return scheme.split(",")[0].strip().lower(), host.split(",")[0].strip()


def is_trusted(client: tuple[str, int] | None, trusted_proxies: Sequence[str]) -> bool:
    """Whether this peer, an address and a port, is a trusted proxy."""
    if client is None or not trusted_proxies:
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in trusted_proxies)


def address_of(scope: Mapping[str, Any], trusted_proxies: Sequence[str]) -> str | None:
    """The network address of the client; None where the transport, or the last trusted proxy, does not tell one.

    It is the last that no trusted proxy has; whatever stands before it in the header, anybody may have written.

    Source: RFC 7239, section 5.2; X-Forwarded-For by convention, which wins.
    """
    client = scope.get("client")
    if client is None:
        return None
    if not trusted_proxies:
        return str(client[0])
    headers = request_headers(scope)
    forwarded = ",".join(headers.getlist("x-forwarded-for"))
    way = forwarded.split(",") if forwarded else _FOR.findall(",".join(headers.getlist("forwarded")).lower())
    address = str(client[0])
    while way and is_trusted((address, 0), trusted_proxies):
        before = _without_port(way.pop().strip())
        if not before:
            break
        address = before
    return address


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
