"""tus-js-client, the protocol's JavaScript client, as Python tests see it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client.api import Waybill
from tests.clients.programs import Node


@dataclass(frozen=True)
class Outcome:
    """How an upload ended.

    Attributes:
        url: Of the upload; empty where none was created.
        requests: Method and status of each, such as `PATCH 204`, in the order in which they began; `-` instead of a
            status where no answer came.
        seconds: From the start of the first request to the end.
        error: What tus-js-client says went wrong: `message`, `status` and `body` of the answer; None where nothing did.
    """

    url: str
    requests: list[str]
    seconds: float
    error: dict[str, Any] | None


@dataclass(frozen=True)
class TusJs:
    """One version of tus-js-client, on behalf of one user."""

    node: Node
    version: int
    waybill: Waybill

    async def send(self, path: Path, source: str = "buffer", **options: Any) -> Outcome:
        """Upload the file at `path`; `options` are those of tus.mjs, `None` leaves one out that is set here."""
        said = {
            "endpoint": f"{self.waybill.base_url}/files/",
            "headers": self.waybill.headers,
            "metadata": {"filename": path.name},
            "retryDelays": None,
            **options,
        }
        outcome = await self.node.run("tus.mjs", version=self.version, path=str(path), source=source, **said)
        return Outcome(outcome["url"] or "", outcome["requests"], outcome["seconds"], outcome["error"])
