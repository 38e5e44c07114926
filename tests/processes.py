"""The processes of this machine, as /proc tells them."""

from pathlib import Path


def state_of(pid: int) -> tuple[str, int]:
    """A process's state and its parent; X and 0 where there is none."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return state, int(parent)


def children_of(pid: int) -> list[int]:
    """Every process below `pid`."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = [child for child in pids if state_of(child)[1] == pid]
    return found + [below for child in found for below in children_of(child)]


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a dead one that nobody has waited for does not."""
    return [pid for pid in pids if state_of(pid)[0] not in "XZ"]
