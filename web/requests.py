"""What a GraphQL request over HTTP must look like before anybody reads it as one: method, type, size, shape, and sender."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import Message, Receive
from strawberry.http import GraphQLRequestData

from base.errors import ErrorCode, Refusal

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
METHODS = ("GET", "POST")
PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
"""Any of them, with any value, makes a browser ask before a page of another origin may send the request."""
_SIMPLE_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
_HASH = re.compile(r"[0-9a-f]{64}")


def check_head(method: str, headers: Headers, limit: int) -> None:
    """Refuse what need not be read: METHOD_NOT_ALLOWED, FILE_TOO_LARGE."""
    if method not in METHODS:
        message = "GraphQL is asked with GET (queries) or POST."
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, message, headers={"Allow": ", ".join(METHODS)})
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def is_asked_first(headers: Mapping[str, str]) -> bool:
    """Whether a browser would have asked (CORS preflight) before sending this for a page of another origin.

    Authorization does not count: a browser adds a Basic one by itself.

    Source: Fetch, section 2.2.2: other headers than a few, and other types than those of forms, need a preflight.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return any(headers.get(name) for name in PREFLIGHT_HEADERS) or (
        "/" in media_type and media_type not in _SIMPLE_TYPES
    )


def check_get(data: GraphQLRequestData, headers: Mapping[str, str]) -> None:
    """Refuse a query that a page of any origin could have had sent by a link or an image.

    One that is known by its hash may go without: it was sent whole before, by somebody who could.

    Raises:
        Refusal: BAD_INPUT.
    """
    if data.query and not is_asked_first(headers):
        message = "Send a query by GET with the header apollo-require-preflight: true, or by POST as application/json."
        raise Refusal(ErrorCode.BAD_INPUT, message, PREFLIGHT_HEADERS[0])


def check_content_type(content_type: str) -> None:
    """Anything but JSON is refused, also because pages of other origins may send it without asking first.

    Raises:
        Refusal: UNSUPPORTED_TYPE.
    """
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != JSON:
        raise Refusal(
            ErrorCode.UNSUPPORTED_TYPE,
            "Send the request as application/json, or with a small file as multipart/form-data; larger files go to /files/.",
            "Content-Type",
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
        raise Refusal(ErrorCode.BAD_INPUT, f"{what} is not JSON.") from None


def request_data(data: Any) -> GraphQLRequestData:
    """The request that an object in JSON is; its query is None where only a hash stands for it.

    Raises:
        Refusal: BAD_INPUT with what is wrong about it.
    """
    if isinstance(data, list):
        raise Refusal(ErrorCode.BAD_INPUT, "Send one operation at a time: a JSON object, not a list.")
    if not isinstance(data, dict):
        raise Refusal(ErrorCode.BAD_INPUT, 'Send a JSON object: {"query": "...", "variables": {}}.')
    for name, type_, what in (
        ("query", str, "a string"),
        ("operationName", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    ):
        if not isinstance(data.get(name), type_ | None):
            raise Refusal(ErrorCode.BAD_INPUT, f"{name} is {what}.", name)
    if not data.get("query") and hash_in(data.get("extensions")) is None:
        raise Refusal(ErrorCode.BAD_INPUT, "The query is missing.", "query")
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
    told = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if told is None:
        return None
    hash_ = told.get("sha256Hash") if isinstance(told, dict) else None
    is_good = isinstance(hash_, str) and _HASH.fullmatch(hash_)
    if not is_good or told.get("version") != 1:
        message = 'persistedQuery is {"version": 1, "sha256Hash": "<64 hexadecimal digits in lower case>"}.'
        raise Refusal(ErrorCode.BAD_INPUT, message, "extensions.persistedQuery")
    return str(hash_)


def media_type(headers: Headers) -> str:
    """The media type that the client likes better; application/json for who names none.

    Source: GraphQL over HTTP, section 6.1; RFC 9110, section 12.5.1.
    """
    liked = dict(_preference(part) for part in headers.get("accept", "").lower().split(","))
    return RESPONSE_JSON if liked.get(RESPONSE_JSON, 0.0) > 0 and liked[RESPONSE_JSON] >= liked.get(JSON, 0.0) else JSON


def bounded(receive: Receive, limit: int) -> Receive:
    """`receive`, which refuses a body that grows over `limit` bytes."""
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return receive_bounded


def _preference(part: str) -> tuple[str, float]:
    name, *parameters = (text.strip() for text in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0


def _too_large(limit: int) -> Refusal:
    message = f"A GraphQL request of this kind has at most {limit // 2**20} MiB; larger files go to /files/."
    return Refusal(ErrorCode.FILE_TOO_LARGE, message)
