"""Subscribers over sockets as the library graphql-ws has them: they reconnect, at any server, and subscribe again."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from client.api import PROTOCOL
from tests.journeys.retrying_client import IS_AWAY, TRANSIENT, RetryingClient

FATAL_CLOSES = {1002, 1003, 1007, 1008, 1009, 1010, 1011, 1015, 4004, 4005, 4400, 4401, 4406, 4409, 4429, 4500}
"""After these graphql-ws does not connect again, whatever it was told. Source: its `isFatalInternalCloseCode`."""
JOB_STATE = (
    "id version isActive status stage attempt hasFailures progress { percentage totalItems processedItems failedItems }"
)
UPLOAD_STATE = "id status offset sha256"
WATCH_JOB = f"subscription ($id: ID!) {{ jobUpdated(id: $id, maxPerSecond: 20) {{ {JOB_STATE} }} }}"
WATCH_BATCH = f"subscription ($id: ID!) {{ batchUpdated(id: $id) {{ {JOB_STATE} files {{ name sha256 }} }} }}"
WATCH_TASK = f"subscription ($id: ID!) {{ taskUpdated(id: $id) {{ {JOB_STATE} files {{ name sha256 }} }} }}"
WATCH_JOBS = f"subscription ($since: DateTime) {{ jobsUpdated(endedSince: $since) {{ {JOB_STATE} }} }}"
WATCH_UPLOAD = f"subscription ($id: ID!) {{ uploadUpdated(id: $id) {{ {UPLOAD_STATE} }} }}"
WATCH_LINES = "subscription ($id: ID!, $after: ID!) { logs(jobId: $id, after: $after, minLevel: DEBUG) { id message } }"
LIST_JOBS = f"{{ jobs(first: 100) {{ nodes {{ {JOB_STATE} }} }} }}"


@dataclass
class Subscriber:
    """One subscription, over all its connections.

    Attributes:
        last: The state that it knows, by id.
        lines: The log lines that it was told.
        faults: What no subscriber may see, in words.
    """

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    is_ended: bool = False
    last: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_told_ends(self) -> bool:
        """Whether it has ended; of a list, which does not end by itself, whether every job that it knows has."""
        if self.query != WATCH_JOBS:
            return self.is_ended
        return not any(state["isActive"] for state in self.last.values())

    def take(self, data: Mapping[str, Any]) -> None:
        """One message."""
        (state,) = data.values()
        if self.query == WATCH_LINES:
            if self.lines and int(state["id"]) <= int(self.lines[-1]["id"]):
                self.faults.append(f"line {state['id']} came after line {self.lines[-1]['id']}")
            self.lines.append(state)
            self.variables["after"] = state["id"]
            return
        order, before = _order(state), _order(self.last.get(state["id"], {}))
        if order < before:
            self.faults.append(f"{state['id']} went back from {before} to {order}: {self.query}")
        self.last[state["id"]] = state


def _order(state: Mapping[str, Any]) -> int:
    """What never goes back: the version of a job, the bytes of an upload."""
    return int(state.get("version", state.get("offset", -1)))


class LiveSocket:
    """One client with a socket and its subscribers, at whichever server answers."""

    def __init__(self, caller: RetryingClient, rng: random.Random) -> None:
        self.subscribers: list[Subscriber] = []
        self.refused: Counter[str] = Counter()
        self.closed: Counter[int] = Counter()
        self._caller = caller
        self._rng = rng
        self._ids = itertools.count(1)
        self._open: dict[str, Subscriber] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._url = rng.choice(caller.urls)

    async def add(self, subscriber: Subscriber) -> None:
        self.subscribers.append(subscriber)
        if self._socket is not None:
            await self._subscribe(subscriber)

    @property
    def is_told_ends(self) -> bool:
        """Whether every subscription has ended, and those to lists know of no job that goes on."""
        return all(subscriber.is_told_ends for subscriber in self.subscribers)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                async with self._caller.session.ws_connect(
                    f"{self._url}/graphql", protocols=[PROTOCOL], heartbeat=6, max_msg_size=0
                ) as socket:
                    await self._serve(socket)
                    self.closed[int(socket.close_code or 0)] += 1
            except IS_AWAY:
                pass
            finally:
                self._socket = None
            self._url = self._rng.choice(self._caller.urls)
            await asyncio.sleep(self._rng.uniform(0.1, 1))

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_json({"type": "connection_init", "payload": self._caller.headers})
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.ERROR:  # such as a heartbeat that nobody answers
                return
            message = frame.json()
            match message["type"]:
                case "connection_ack":
                    await self._subscribe_all(socket)
                case "ping":
                    await socket.send_json({"type": "pong"})
                case "next" if "data" in message["payload"] and not message["payload"].get("errors"):
                    self._open[message["id"]].take(message["payload"]["data"])
                case "next":
                    self._open[message["id"]].faults.append(f"told {message['payload']}")
                case "error":
                    await self._refuse(self._open.pop(message["id"]), message["payload"])
                case "complete":
                    self._open.pop(message["id"]).is_ended = True

    async def _subscribe_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._open.clear()
        self._socket = socket
        for subscriber in self.subscribers:
            if not subscriber.is_ended:
                await self._subscribe(subscriber)

    async def _subscribe(self, subscriber: Subscriber) -> None:
        id_ = str(next(self._ids))
        self._open[id_] = subscriber
        if self._socket is not None and not self._socket.closed:
            payload = {"query": subscriber.query, "variables": subscriber.variables}
            await self._socket.send_json({"id": id_, "type": "subscribe", "payload": payload})

    async def _refuse(self, subscriber: Subscriber, errors: list[dict[str, Any]]) -> None:
        """Subscribe once more a little later; graphql-ws leaves that to the page."""
        code = errors[0]["extensions"]["code"]
        self.refused[code] += 1
        if code not in TRANSIENT:
            subscriber.faults.append(f"refused: {errors}")
            return
        await asyncio.sleep(0.5)
        await self._subscribe(subscriber)
