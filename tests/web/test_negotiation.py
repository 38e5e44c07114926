"""Accept says in which form an answer comes: weights, wildcards, parameters, and what fits nothing."""

import pytest

from base.errors import ErrorCode, Refusal
from web.negotiation import JSON, RESPONSE_JSON, negotiate
from web.transports.multipart import MultipartFormat
from web.transports.sse import EventStreamFormat

SSE, MULTIPART = EventStreamFormat(), MultipartFormat()
SPEC = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"
APOLLO = f"{SPEC},{RESPONSE_JSON},{JSON};q=0.9"


def form_for(accept: str, type_: str) -> object:
    try:
        return negotiate(accept, (SSE, MULTIPART)).form_for(type_)
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize(
    ("accept", "for_query", "for_subscription"),
    [
        ("text/event-stream", SSE, SSE),
        ("Text/Event-Stream;charset=utf-8", SSE, SSE),
        (f"text/event-stream, {JSON}", JSON, SSE),
        (f"text/event-stream;q=0.5, {JSON}", JSON, SSE),
        (f"text/event-stream, {JSON};q=0.5", SSE, SSE),
        (f"text/event-stream, {RESPONSE_JSON};q=0.5, {JSON};q=0.7", SSE, SSE),
        ("text/event-stream;q=0.1, */*;q=0.2", JSON, SSE),
        (SPEC, MULTIPART, MULTIPART),
        ('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"', MULTIPART, MULTIPART),
        ("Multipart/Mixed; SubscriptionSpec=1.0", MULTIPART, MULTIPART),
        ('multipart/mixed;boundary="a,b;c";subscriptionSpec="1.0"', MULTIPART, MULTIPART),
        (APOLLO, RESPONSE_JSON, MULTIPART),
        (f"{SPEC};q=0.2, text/event-stream;q=0.3", SSE, SSE),
        (f"{SPEC};q=0.3, text/event-stream;q=0.2", MULTIPART, MULTIPART),
    ],
)
def test_a_stream_is_given_to_who_names_it(accept: str, for_query: object, for_subscription: object) -> None:
    assert (form_for(accept, "query"), form_for(accept, "subscription")) == (for_query, for_subscription)


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/*", JSON, f"{RESPONSE_JSON};q=0", f"{RESPONSE_JSON};q=many", ", ;;=,", "*/*;q=0.1, text/html",
     f"multipart/mixed;incrementalSpec=v0.2, {JSON};q=0.1", f"text/event-stream;q=0, {JSON}", "text/event-stream;q=0, */*",
     "text/event-stream;q=2, */*"],
)  # fmt: skip
def test_everybody_else_gets_json(accept: str) -> None:
    assert (form_for(accept, "query"), form_for(accept, "subscription")) == (JSON, JSON)


@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/*", "text/*", "multipart/mixed", "multipart/mixed;incrementalSpec=v0.2",
     "multipart/mixed;subscriptionSpec=2.0", f"{JSON};q=0, text/html", "*/*;q=0, text/html"],
)  # fmt: skip
def test_what_fits_nothing_is_not_acceptable(accept: str) -> None:
    assert (form_for(accept, "query"), form_for(accept, "subscription")) == (ErrorCode.NOT_ACCEPTABLE,) * 2


@pytest.mark.parametrize("text", ["a", "a;", "a ", '"', '\\"', ",", ";=", "=;", '";'])
def test_a_long_accept_is_read_in_a_time_that_grows_with_its_length_alone(text: str) -> None:
    """With the square of it, this would take minutes."""
    long = text * (60_000 // len(text))

    assert form_for(f"text/event-stream, {long}", "query") is SSE
    assert form_for(f"text/event-stream; a={long}", "query") in {SSE, JSON}
