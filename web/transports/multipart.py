"""Multipart transport: results as parts of one HTTP answer.

Source: Apollo, multipart protocol for GraphQL subscriptions (subscriptionSpec 1.0); RFC 2046, section 5.1.
"""

from collections.abc import Mapping
from types import MappingProxyType

HEARTBEAT_SECONDS = 5.0
"""As often as Apollo Router."""
_BOUNDARY = "graphql"
_DELIMITER = b"\r\n--graphql"
_PART = b"\r\nContent-Type: application/json\r\n\r\n"


class MultipartFormat:
    """Parts `{"payload": result}`; `{}` is the heartbeat, errors beside a payload of null are those of the transport.

    Clients take a part for complete when its delimiter has come: each part is sent with the one behind it.
    """

    media_type = "multipart/mixed"
    required: Mapping[str, str] = MappingProxyType({"subscriptionspec": "1.0"})
    content_type = f'multipart/mixed;boundary="{_BOUNDARY}";subscriptionSpec="1.0"'
    opening = b"--graphql"
    heartbeat = _PART + b"{}" + _DELIMITER
    complete = b"--\r\n"

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.heartbeat_seconds = heartbeat_seconds

    def next(self, result: bytes) -> bytes:
        """The part for a result in JSON."""
        return _PART + b'{"payload":' + result + b"}" + _DELIMITER

    def ended(self, result: bytes) -> bytes:
        """The server ends the stream: why, as an error of the transport."""
        return _PART + b'{"payload":null,' + result.removeprefix(b"{") + _DELIMITER + self.complete

    def interrupted(self, result: bytes) -> bytes:
        """The server stops: clients that retry come back."""
        return self.ended(result)
