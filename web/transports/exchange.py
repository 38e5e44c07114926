"""Exchange over HTTP: a request, and what is known of its answer."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from auth.rates import Allowance
from schema.context import Context
from web.headers import RequestHeaders
from web.negotiation import Accepted
from web.requests import RequestBody
from web.transports.streams import StreamFormat


@dataclass(slots=True)
class Exchange:
    """A request, and what is known of its answer.

    Attributes:
        scope: Of ASGI.
        body: What is read; it knows whether that begins as a list.
        form: Reads the body where it is a form, and keeps its files until it is closed.
        context: Who calls.
        accepted: Forms of answers that the client takes.
        allowance: What is left to the caller after the operations so far; None where they are not counted.
    """

    scope: Any
    headers: RequestHeaders
    body: RequestBody
    form: Request | None
    context: Context
    accepted: Accepted[StreamFormat]
    allowance: Allowance | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])
