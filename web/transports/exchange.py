"""Exchange over HTTP: a request, and what is known of its answer."""

from dataclasses import dataclass

from starlette.requests import Request

from auth.rates import Allowance
from schema.context import Context
from web.negotiation import Accepted
from web.requests import RequestBody
from web.transports.streams import StreamFormat


@dataclass
class Exchange:
    """A request, and what is known of its answer.

    Attributes:
        body: What the request reads from; it knows whether that begins as a list.
        context: Who calls.
        accepted: Forms of answers that the client takes.
        allowance: What is left to the caller after the operations so far; None where they are not counted.
    """

    request: Request
    body: RequestBody
    context: Context
    accepted: Accepted[StreamFormat]
    allowance: Allowance | None = None
