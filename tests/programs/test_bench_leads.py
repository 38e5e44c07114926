"""`dev.py bench leads` measures what it says, in small."""

import re
import subprocess
import sys

import pytest

from client.server_process import ROOT


@pytest.mark.long
def test_bench_of_leads_measures_ours_and_what_others_take_to_read_the_same_workbook() -> None:
    command = [sys.executable, "-m", "benchmarks.leads", "500"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^last byte to COMPLETED: [\d.]+ s = [1-9][\d,]* rows/s$", done.stdout, re.MULTILINE)
    assert re.search(r"p99 [\d.]+ ms, n=[1-9]", done.stdout)
    for name in ("openpyxl", "calamine"):
        assert re.search(rf"^{name} merely reads it in [\d.]+ s, .* [\d.]+ times", done.stdout, re.MULTILINE)
