"""`dev.py bench jobs` measures what it says, in small."""

import os
import re
import subprocess
import sys

import pytest

from client.server_process import ROOT
from tests.conftest import service_or_skip


def said_by_bench(**environment: str) -> str:
    command = [sys.executable, "-m", "benchmarks.jobs", "--quick"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.trial
def test_bench_of_jobs_measures_the_queue_a_killed_worker_and_a_batch_on_two() -> None:
    said = said_by_bench(
        TEST_DATABASE_URL=service_or_skip("postgres", "TEST_DATABASE_URL"),
        TEST_REDIS_URL=service_or_skip("redis", "TEST_REDIS_URL"),
    )
    assert len(re.findall(r" [1-9][\d,]* slices/s$", said, re.MULTILINE)) == 4
    (seconds,) = re.findall(r"([\d.]+) s to its slice running again", said)
    assert 10 < float(seconds) < 100
    assert re.search(r"2 workers are faster +[\d.]+ times, [\d.]+ times", said)


@pytest.mark.long
def test_bench_of_jobs_without_services_says_what_to_set() -> None:
    said = said_by_bench(TEST_DATABASE_URL="", TEST_REDIS_URL="")
    assert said.count("slices/s") == 1
    assert "set TEST_DATABASE_URL and TEST_REDIS_URL" in said
