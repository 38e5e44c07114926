"""The proxy that a download goes through, if any."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # it is documented by its behaviour

from base.errors import ErrorCode, Refusal
from base.words import ProxyMode
from downloads.failures import FetchFailed
from downloads.options import FetchOptions
from downloads.urls import Address
from egress.proxies import Proxy, parse_proxy

_SUFFIX = "_proxy"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that there are.

    Attributes:
        allowed: Those that may be named with CUSTOM, as `http://host:port` or `socks5://host:port`.
        system: Those of the environment: by `http`, `https`, `all`; `no` has the hosts that are called directly.
    """

    allowed: frozenset[str] = frozenset()
    system: Mapping[str, str] = field(default_factory=dict, repr=False)

    def choose(self, options: FetchOptions, address: Address) -> Proxy | None:
        """The proxy for one hop; None: there is none on the way.

        Raises:
            Refusal: URL_NOT_ALLOWED: it may not be named (any more).
            FetchFailed: That of the environment is none that is known here.
        """
        if options.proxy_mode is ProxyMode.CUSTOM:
            return check_proxy(options.proxy_url or "", self.allowed)
        if options.proxy_mode is ProxyMode.SYSTEM:
            return self._of_system(address)
        return None

    def _of_system(self, address: Address) -> Proxy | None:
        place = address.host if address.url.port is None else f"{address.host}:{address.url.port}"
        text = self.system.get(address.url.scheme) or self.system.get("all")
        if not text or proxy_bypass_environment(place, dict(self.system)):
            return None
        try:
            return parse_proxy(text)
        except ValueError:
            message = "The server's own proxy is of a kind that downloads cannot use: ask its operator."
            raise FetchFailed(ErrorCode.DOWNLOAD_FAILED, message) from None


def check_proxy(text: str, allowed: Collection[str], field: str | None = None) -> Proxy:
    """The proxy that `text` names.

    Raises:
        Refusal: BAD_INPUT: it is no URL of one. URL_NOT_ALLOWED: its operator does not allow it.
    """
    try:
        proxy = parse_proxy(text)
    except ValueError as error:
        raise Refusal(ErrorCode.BAD_INPUT, str(error), field) from error
    if proxy.place not in allowed:
        message = "This proxy is not one that may be used here: ask the operator, or leave it out."
        raise Refusal(ErrorCode.URL_NOT_ALLOWED, message, field)
    return proxy


def read_system_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The proxies that the usual variables name: `https_proxy`, `no_proxy` …, in small letters before large ones."""
    small = {name: value for name, value in environment.items() if name == name.lower()}
    found: dict[str, str] = {}
    for name, value in [*small.items(), *environment.items()]:
        scheme = name.lower().removesuffix(_SUFFIX)
        if name.lower().endswith(_SUFFIX) and value:
            found.setdefault(scheme, value)
    return found
