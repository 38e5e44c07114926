"""Content negotiation: in which form a client wants its answer.

Source: RFC 9110, section 12.5.1 (Accept); GraphQL over HTTP, section 6.1.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from base.errors import ErrorCode, Refusal
from web.pipeline import SUBSCRIPTION

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
_KNOWN = 256
_KNOWN_CHARACTERS = 500
"""Of an Accept that is read once for all requests that have it: clients have few, and no long ones."""
_ELEMENT = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+')
_PARAMETER = re.compile(r'(?:[^;"]|"(?:\\.|[^"\\])*"?)+')
"""Commas and semicolons in quotes separate nothing. Both take a time that grows with the text alone."""


class Offer(Protocol):
    """A form in which results can be streamed."""

    @property
    def media_type(self) -> str:
        """Without parameters, in lower case."""

    @property
    def required(self) -> Mapping[str, str]:
        """Parameters by which a client must ask for it: there are others of the same media type."""


Streamed = TypeVar("Streamed", bound=Offer)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of Accept.

    Attributes:
        name: `type/subtype`, `type/*` or `*/*`, in lower case.
        weight: 0 = not acceptable, up to 1.
        parameters: Those of the media type, names in lower case, without quotes.
    """

    name: str
    weight: float
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted(Generic[Streamed]):
    """Forms of answers that a client takes.

    Attributes:
        json: The media type for one answer in JSON; None where the client takes none.
        json_weight: How much it likes that.
        stream: The form of a stream; None where it takes none that is spoken here.
        stream_weight: How much it likes that.
    """

    json: str | None
    json_weight: float
    stream: Streamed | None
    stream_weight: float

    def form_for(self, operation_type: str) -> Streamed | str:
        """The form of the answer: a stream, or the media type of JSON.

        Raises:
            Refusal: NOT_ACCEPTABLE where nothing fits.
        """
        if self.stream is not None and (operation_type == SUBSCRIPTION or self.stream_weight > self.json_weight):
            return self.stream
        return self.json_for_many()

    def json_for_many(self) -> str:
        """The media type of JSON, for what is never streamed.

        Raises:
            Refusal: NOT_ACCEPTABLE.
        """
        if self.json is None:
            message = f"This is answered as {JSON} or {RESPONSE_JSON}: name one of them in Accept, or leave Accept out."
            raise Refusal(ErrorCode.NOT_ACCEPTABLE, message, "Accept")
        return self.json


def negotiate(accept: str, streams: tuple[Streamed, ...]) -> Accepted[Streamed]:
    """What `Accept` says of JSON and of the forms of streams; one that names nothing that is wanted takes JSON.

    A stream must be named, because `*/*` stands for a client that has not thought of streams.
    """
    return _negotiate(accept, streams) if len(accept) > _KNOWN_CHARACTERS else _known(accept, streams)


def _negotiate(accept: str, streams: tuple[Streamed, ...]) -> Accepted[Streamed]:
    ranges = [media_range for element in _ELEMENT.findall(accept) if (media_range := _read(element)) is not None]
    if not any(media_range.weight > 0 for media_range in ranges):
        return Accepted(JSON, 1.0, None, 0.0)
    modern = _weight_of(RESPONSE_JSON, [one for one in ranges if one.name == RESPONSE_JSON])
    classic = _weight_of(JSON, ranges)
    weights = {stream: _weight_of(stream.media_type, _naming(stream, ranges)) for stream in streams}
    best = max(weights, key=weights.__getitem__, default=None)
    json = RESPONSE_JSON if modern > 0 and modern >= classic else JSON if classic > 0 else None
    stream = best if best is not None and weights[best] > 0 else None
    return Accepted(json, max(modern, classic), stream, weights[stream] if stream is not None else 0.0)


_known = lru_cache(_KNOWN)(_negotiate)


def _naming(stream: Offer, ranges: Iterable[MediaRange]) -> list[MediaRange]:
    return [
        one
        for one in ranges
        if one.name == stream.media_type
        and all(one.parameters.get(name) == value for name, value in stream.required.items())
    ]


def _weight_of(media_type: str, ranges: Iterable[MediaRange]) -> float:
    """The weight that the most specific of the ranges gives."""
    family = media_type.partition("/")[0] + "/*"
    for name in (media_type, family, "*/*"):
        weights = [one.weight for one in ranges if one.name == name]
        if weights:
            return max(weights)
    return 0.0


def _read(element: str) -> MediaRange | None:
    name, _, rest = element.partition(";")
    if not (name := name.strip().lower()):
        return None
    pairs = (parameter.partition("=") for parameter in _PARAMETER.findall(rest))
    parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    try:
        weight = float(parameters.pop("q", "1"))
    except ValueError:
        weight = 0.0
    return MediaRange(name, weight if 0 <= weight <= 1 else 0.0, parameters)
