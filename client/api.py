"""The API client: signing in, operations, subscriptions and files."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

Variables = dict[str, Any]
Data = dict[str, Any]

PROTOCOL = "graphql-transport-ws"
CHUNK_BYTES = 1024 * 1024

LOGIN = """mutation Login($username: String!, $password: String!) {
  login(username: $username, password: $password) { accessToken }
}"""


class WaybillError(Exception):
    """A refusal of the server: `code` as in the API's ErrorCode, and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Waybill:
    """One caller of a server; `async with Waybill("http://127.0.0.1:8000") as waybill` closes its connections."""

    def __init__(self, base_url: str, token: str = "") -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    @property
    def headers(self) -> dict[str, str]:
        """What says who calls; empty before `login`."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def login(self, username: str, password: str) -> None:
        """Sign in; all that follows is done as this user."""
        session = await self.execute(LOGIN, {"username": username, "password": password})
        self.token = session["login"]["accessToken"]

    async def execute(self, query: str, variables: Variables | None = None) -> Data:
        """The `data` of one query or mutation.

        Raises:
            WaybillError: The server refused; when it refused several fields, the first of them.
        """
        body = {"query": query, "variables": variables or {}}
        async with self._session.post(f"{self.base_url}/graphql", json=body, headers=self.headers) as response:
            return data_of(await _json_of(response))

    async def subscribe(self, query: str, variables: Variables | None = None) -> AsyncGenerator[Data]:
        """The `data` of every message, over a socket of its own, until the server completes the subscription.

        Raises:
            WaybillError: The server refused, or closed the socket: the code is then `SOCKET_` and the close code.
        """
        operation = {"query": query, "variables": variables or {}}
        url = f"{self.base_url}/graphql"
        async with self._session.ws_connect(url, protocols=[PROTOCOL], heartbeat=20, max_msg_size=0) as socket:
            await socket.send_json({"type": "connection_init", "payload": self.headers})
            async with aclosing(_messages(socket)) as messages:
                async for message in messages:
                    match message["type"]:
                        case "connection_ack":
                            await socket.send_json({"type": "subscribe", "id": "1", "payload": operation})
                        case "next":
                            yield data_of(message["payload"])
                        case "error":
                            raise error_of(message["payload"])
                        case "complete":
                            return

    async def fetch(self, url: str) -> bytes:
        """The bytes behind a link of the API, such as `File.url`; links carry their own right."""
        async with self._session.get(self.absolute(url)) as response:
            await _check(response)
            return await response.read()

    async def download(self, url: str, path: Path) -> str:
        """Write the bytes behind a link to `path` and return their SHA-256 in hex."""
        digest = hashlib.sha256()
        async with self._session.get(self.absolute(url)) as response:
            await _check(response)
            with path.open("wb") as file:
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
        return digest.hexdigest()

    def absolute(self, url: str) -> str:
        """A link of the API with its host, whether or not the server wrote one."""
        return url if "://" in url else f"{self.base_url}/{url.lstrip('/')}"


def data_of(answer: dict[str, Any]) -> Data:
    """The `data` of a GraphQL answer.

    Raises:
        WaybillError: It has errors.
    """
    if errors := answer.get("errors"):
        raise error_of(errors)
    data: Data = answer["data"]
    return data


def error_of(errors: list[dict[str, Any]]) -> WaybillError:
    """The first of some GraphQL errors."""
    return WaybillError(errors[0].get("extensions", {}).get("code", "UNKNOWN"), errors[0]["message"])


async def _messages(socket: aiohttp.ClientWebSocketResponse) -> AsyncGenerator[dict[str, Any]]:
    """Every message of the protocol but pings, which are answered here."""
    async for frame in socket:
        if frame.type is aiohttp.WSMsgType.ERROR:
            break
        message = frame.json()
        if message["type"] == "ping":
            await socket.send_json({"type": "pong"})
        elif message["type"] != "pong":
            yield message
    raise WaybillError(f"SOCKET_{socket.close_code}", "The server closed the connection before the end.")


async def _json_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The JSON object of an answer; what is no JSON comes from something between us and the server."""
    try:
        answer = await response.json(content_type=None)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise WaybillError(f"HTTP_{response.status}", f"{response.url} does not answer as a Waybill server does.")
    if isinstance(refusal := answer.get("error"), dict):
        raise WaybillError(refusal["code"], refusal["message"])
    return answer


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:
        await _json_of(response)
        raise WaybillError(f"HTTP_{response.status}", f"{response.url} cannot be read.")
