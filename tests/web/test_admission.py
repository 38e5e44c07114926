"""Admission of connections, and descriptors kept back."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from tests.web.connections_for_tests import Run, answer_on, echo, head, served
from tests.web_app import until
from web.admission import OWN_DESCRIPTORS, Admission, admission_for
from web.connection import ConnectionLimits

ROOT = Path(__file__).parents[2]
HERE = ("127.0.0.1", 5)


def number(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@contextmanager
def soft_limit(descriptors: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("limits", [{"per_address": 2}, {"total": 2}])
def test_one_connection_too_many_is_told_503_and_the_others_go_on(run: Run, limits: dict[str, Any]) -> None:
    async def body() -> None:
        async with served(echo, ConnectionLimits(Admission(**limits))) as port:
            open_before = number("waybill_connections")
            with capture_logs() as lines:
                first, second, *refused = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
                for reader, writer in refused:
                    answer, _, content = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
                    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
                    assert b"\r\nretry-after: 1" in answer
                    assert orjson.loads(content)["error"]["code"] == "SERVICE_UNAVAILABLE"
                    writer.close()
            assert [line["event"] for line in lines] == ["connections refused"]  # one line, however many there are
            assert number("waybill_connections") == open_before + 2
            for reader, writer in (first, second):
                writer.write(head(0))
                assert (await answer_on(reader))[0] == 200
                writer.close()
            await until(lambda: number("waybill_connections") == open_before)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(0))
            assert (await answer_on(reader))[0] == 200
            writer.close()

    run(body())


def test_a_trusted_proxy_brings_all_its_clients_and_is_not_limited_as_an_address() -> None:
    admission = Admission(per_address=1, trusted_proxies=("127.0.0.0/8",))
    assert [admission.admit(HERE, 5) for _ in range(3)] == ["", "", ""]
    assert admission.admit(("192.0.2.1", 5), 5) == "192.0.2.1"
    assert admission.admit(("192.0.2.1", 6), 5) is None


def test_of_ipv6_a_network_is_one_address() -> None:
    admission = Admission(per_address=1)
    assert admission.admit(("2001:db8::1", 5), 5) is not None
    assert admission.admit(("2001:db8::2", 5), 5) is None
    assert admission.admit(("2001:db8:0:1::2", 5), 5) is not None


def test_no_limit_is_none() -> None:
    admission = Admission(per_address=0)
    assert None not in [admission.admit(HERE, 5) for _ in range(1_000)]


def test_where_few_descriptors_are_left_nobody_is_let_in_and_the_server_can_open_files(run: Run) -> None:
    async def body() -> None:
        async with served(echo, ConnectionLimits(Admission(descriptors=100))) as port:
            before = number("waybill_refused_connections_total", reason="full")
            connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
            await until(lambda: number("waybill_refused_connections_total", reason="full") > before)
            for _, writer in connections:
                writer.close()

    run(body())


def test_the_limit_of_open_files_is_raised_to_what_is_needed() -> None:
    with soft_limit(512):
        admission_for(200, 0, (), workers=2)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == OWN_DESCRIPTORS + 8 + 400


LIMITED = """
import resource
from base.errors import Refusal
from web.admission import admission_for
resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
admission = admission_for(200, 0, (), workers=2)
print([admission.admit(("127.0.0.1", 5), 5) for _ in range(200)].count("127.0.0.1"))
try:
    admission_for(200, 0, (), workers=24)
except Refusal as refusal:
    print(refusal)
"""


def test_where_it_cannot_be_raised_there_are_fewer_connections_or_none_at_all() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, check=True)
    *_, count, sentence = done.stdout.splitlines()
    assert count == "68"
    assert sentence.startswith("The system lets this process open 400 files, and 416 are needed: raise the limit")
