"""`dev.py bench downloads` measures what it says, in small."""

import re
import subprocess
import sys

import pytest

from client.server_process import ROOT
from tests.clients.programs import program_or_skip


@pytest.mark.long
def test_bench_of_downloads_compares_three_programs_and_has_the_api_watched() -> None:
    for name in ("nginx", "curl", "aria2c"):
        program_or_skip(name)
    command = [sys.executable, "-m", "benchmarks.downloads", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^round 1, .*: (?:Waybill|curl|aria2c) [1-9][\d,]*$", done.stdout, re.MULTILINE)) == 9
    engine, _, product = done.stdout.partition("| through the API |")
    rows = re.compile(r"^\| (?:one file|200 files).* \|$", re.MULTILINE)
    assert (len(rows.findall(engine)), len(rows.findall(product))) == (3, 6)
    told = [int(row.split("|")[-2].replace(",", "")) for row in rows.findall(product)]
    assert [count > 0 for count in told] == [False, True] * 3
