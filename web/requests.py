"""Checks of GraphQL requests: method, type, size, shape and sender."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive
from strawberry.http import GraphQLRequestData

from base.errors import ErrorCode, Refusal

_JSON = "application/json"
METHODS = ("GET", "QUERY", "POST")
PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
"""Any of them, with any value, makes a browser ask before a page of another origin may send the request."""
_QUERY_TYPE = {"Accept-Query": _JSON}
"""Source: RFC 10008, section 3."""
_SIMPLE_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
_MEMBERS: tuple[tuple[str, type, str], ...] = (
    ("query", str, 'query is not a string: send the text of the operation, such as "{ viewer { id } }".'),
    ("operationName", str, "operationName is not a string: send the name of an operation in query, or leave it out."),
    ("variables", dict, 'variables is not an object: send one such as {"id": "..."}, or leave it out.'),
    ("extensions", dict, "extensions is not an object: send one, or leave it out."),
)
MAX_OPERATIONS = 10
"""In one list."""
_PEEK_TIMEOUT_SECONDS = 0.5
_HASH = re.compile(r"[0-9a-f]{64}")


def check_method_and_length(method: str, headers: Headers, limit: int) -> None:
    """Refuse what need not be read: METHOD_NOT_ALLOWED, FILE_TOO_LARGE."""
    if method not in METHODS:
        message = "GraphQL is asked with GET or QUERY (queries), or with POST."
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, message, headers={"Allow": ", ".join(METHODS), **_QUERY_TYPE})
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def is_asked_first(headers: Mapping[str, str]) -> bool:
    """Whether a browser would have asked (CORS preflight) before sending this for a page of another origin.

    A Bearer token counts, since only a script can have set it. Other schemes do not: browsers add Basic, Digest and
    Negotiate to a request by themselves.

    Source: Fetch, section 2.2.2: other headers than a few, and other types than those of forms, need a preflight.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        any(headers.get(name) for name in PREFLIGHT_HEADERS)
        or has_bearer_token(headers)
        or ("/" in media_type and media_type not in _SIMPLE_TYPES)
    )


def has_bearer_token(headers: Mapping[str, str]) -> bool:
    """Whether a token is sent in the way of RFC 6750; whether it is a good one is not asked here."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def check_get(data: GraphQLRequestData, headers: Mapping[str, str]) -> None:
    """Refuse a query that a page of any origin could have had sent by a link or an image.

    One that is known by its hash may go without: it was sent whole before, by somebody who could.

    Raises:
        Refusal: BAD_INPUT.
    """
    if data.query and not is_asked_first(headers):
        message = (
            "Send a query by GET with a Bearer token or apollo-require-preflight: true, or by POST as application/json."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message, PREFLIGHT_HEADERS[0])


def check_content_type(content_type: str) -> None:
    """Anything but JSON is refused, also because pages of other origins may send it without asking first.

    Raises:
        Refusal: UNSUPPORTED_TYPE.
    """
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != _JSON:
        raise Refusal(
            ErrorCode.UNSUPPORTED_TYPE,
            "Send the request as application/json, or with a small file as multipart/form-data; larger files go to /files/.",
            "Content-Type",
            headers=_QUERY_TYPE,
        )
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip('" ')
    if charset not in {"", "utf-8", "utf8"}:
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, "Send the request in UTF-8.", "Content-Type")


def data_in_url(params: Mapping[str, str | None]) -> GraphQLRequestData:
    """The request that a query string holds.

    Raises:
        Refusal: BAD_INPUT.
    """
    data: dict[str, Any] = dict(params)
    for name in ("variables", "extensions"):
        data[name] = parsed(data[name], name) if data.get(name) else None
    return request_data(data)


def parsed(text: Any, what: str) -> Any:
    """The JSON in `text`; refused as BAD_INPUT where it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(ErrorCode.BAD_INPUT, f"{what} is not JSON.", status=400) from None


def operations_in(body: Any) -> list[Any]:
    """The operations of a list, each of which may be wrong by itself.

    Raises:
        Refusal: BAD_INPUT for an empty list, and one that is too long.
    """
    if not 0 < len(body) <= MAX_OPERATIONS:
        raise Refusal(ErrorCode.BAD_INPUT, f"A list has 1 to {MAX_OPERATIONS} operations: send several requests.")
    return list(body)


def request_data(data: Any) -> GraphQLRequestData:
    """The request that an object in JSON is; its query is None where only a hash stands for it.

    Raises:
        Refusal: BAD_INPUT with what is wrong about it.
    """
    if isinstance(data, list):
        raise Refusal(ErrorCode.BAD_INPUT, "An operation is a JSON object, not a list.")
    if not isinstance(data, dict):
        raise Refusal(ErrorCode.BAD_INPUT, 'Send a JSON object: {"query": "...", "variables": {}}.')
    for name, type_, message in _MEMBERS:
        value = data.get(name)
        if value is not None and not isinstance(value, type_):
            raise Refusal(ErrorCode.BAD_INPUT, message, name)
    if not data.get("query") and hash_in(data.get("extensions")) is None:
        raise Refusal(ErrorCode.BAD_INPUT, "The query is missing: send the text of the operation as query.", "query")
    return GraphQLRequestData(
        query=data.get("query") or None,
        variables=data.get("variables"),
        operation_name=data.get("operationName") or None,
        extensions=data.get("extensions"),
    )


def hash_in(extensions: Any) -> str | None:
    """The SHA-256 under which a query is known, or wants to be; None where none is told.

    Raises:
        Refusal: BAD_INPUT where there is something in its place that is none.

    Source: Apollo, automatic persisted queries: `{"persistedQuery": {"version": 1, "sha256Hash": "<hex>"}}`.
    """
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if persisted is None:
        return None
    hash_ = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    is_good = isinstance(hash_, str) and _HASH.fullmatch(hash_)
    if not is_good or persisted.get("version") != 1:
        message = 'persistedQuery is {"version": 1, "sha256Hash": "<64 hexadecimal digits in lower case>"}.'
        raise Refusal(ErrorCode.BAD_INPUT, message, "extensions.persistedQuery")
    return str(hash_)


class RequestBody:
    """The body of a request while it comes in; refused when it grows too large.

    Attributes:
        is_list: Whether it begins as a list in JSON does, by what has come in.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._received_bytes = 0
        self._has_begun = False
        self.is_list = False

    async def receive(self) -> Message:
        """The next message of the request."""
        message = await self._receive()
        part: bytes = message.get("body", b"")
        self._received_bytes += len(part)
        if not self._has_begun and (start := part.lstrip()):
            self._has_begun, self.is_list = True, start.startswith(b"[")
        if self._received_bytes > self._limit:
            raise _too_large(self._limit)
        return message

    async def read(self) -> bytes:
        """All of it.

        Raises:
            Refusal: FILE_TOO_LARGE.
            ClientDisconnect: The client left before its end.
        """
        parts = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def peek(self) -> None:
        """Find out whether it is a list where nothing of it is read; not waited for longer than a moment."""
        with suppress(TimeoutError, Refusal):
            async with asyncio.timeout(_PEEK_TIMEOUT_SECONDS):
                await self.receive()


def _too_large(limit: int) -> Refusal:
    message = f"A GraphQL request of this kind has at most {limit // 2**20} MiB; larger files go to /files/."
    return Refusal(ErrorCode.FILE_TOO_LARGE, message)
