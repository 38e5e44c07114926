"""Reading a workbook in a process that may die: whether calamine can take it within a cap on memory and time.

The older formats cannot be looked into cheaply, and calamine ends its process when a file makes it ask for too much.
"""

import subprocess
import sys
from pathlib import Path

from processors.tables.archives import unsafe

MEMORY_BYTES = 700 * 2**20
CPU_SECONDS = 60
UNREADABLE = 3
PROGRAM = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
import python_calamine
try:
    workbook = python_calamine.CalamineWorkbook.from_path(sys.argv[1])
    for name in workbook.sheet_names:
        workbook.get_sheet_by_name(name)
except (python_calamine.CalamineError, OSError, ValueError):
    sys.exit({UNREADABLE})
"""


def probe_workbook(path: Path, memory_bytes: int = MEMORY_BYTES) -> None:
    """Refuse a workbook that takes too much memory or time; other faults show again when it is read.

    Raises Refusal UNSAFE_ARCHIVE.
    """
    command = [sys.executable, "-I", "-c", PROGRAM, str(path), str(memory_bytes)]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode not in {0, UNREADABLE}:
        raise unsafe(f"takes more than {memory_bytes // 2**20} MiB of memory or {CPU_SECONDS} seconds to read")
