"""The figures of all rounds as a table: medians, how far they range, and how they compare."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace

from benchmarks.tus.batch import Result
from benchmarks.tus.load import Phase
from benchmarks.tus.measuring import Figures

Rounds = Mapping[str, Sequence[Figures]]
"""By the title of the phase, what each round came to."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        pick: The figure.
        form: How it is printed.
        times: At least so many times as good as the peer is the target; 0 where there is none.
        below: And less than this; 0 where there is no such target.
    """

    title: str
    pick: Callable[[Figures], float]
    form: str = ",.0f"
    is_more_better: bool = False
    times: float = 1
    below: float = 0


SPEED = Row("MB/s", lambda figures: figures.speed, is_more_better=True)
ROUND = Row("POST + PATCH + DELETE, median ms", lambda figures: figures.round_ms, ".2f")
PING = Row("GET /health meanwhile, p99 ms", lambda figures: figures.ping_ms, ".1f", below=20)
USAGE = (
    Row("peak memory of the server, MB", lambda figures: figures.peak_mb),
    Row("CPU of the server, s", lambda figures: figures.server_cpu, ".2f"),
    Row("CPU of the load client, s", lambda figures: figures.client_cpu, ".2f", times=0),
)
SPREAD = 0.2
"""How far the p99 of the last files of a job may be from that of the first."""
WIDTHS = (34, 24, 24, 7, 24, 24)


def print_table(phases: Sequence[Phase], columns: Mapping[str, Rounds], ours: str, peer: str, beside: str) -> None:
    """Print `ours` beside `peer`, which may be missing in `columns`, and the column `beside` at the end."""
    print(f"ratio: {ours} / {peer}; ahead: more MB/s, less of all else\n")
    _print_line("median (min..max) of the rounds", ours, peer, "ratio", "target", beside)
    for phase in phases:
        print(f"\n{phase.title}")
        for row in _rows_of(phase):
            values = {name: [row.pick(figures) for figures in rounds[phase.title]] for name, rounds in columns.items()}
            mine, theirs = values[ours], values.get(peer)
            ratio = statistics.median(mine) / statistics.median(theirs) if theirs else None
            _print_line(
                f"  {row.title}",
                _cell(row, mine),
                _cell(row, theirs) if theirs else "-",
                f"{ratio:.2f}" if ratio is not None else "-",
                _verdict(row, statistics.median(mine), ratio),
                _cell(row, values[beside]),
            )


def print_batch(title: str, results: Mapping[str, Sequence[Result]]) -> None:
    """Print the medians of all rounds but the first of each server, which warms it up."""
    print(f"\n{title}")
    for name, rounds in results.items():
        speed, middle, first, last = (
            statistics.median(values) for values in zip(*map(astuple, rounds[1:]), strict=True)
        )
        verdict = "yes" if abs(last / first - 1) <= SPREAD else "NO"
        print(
            f"  {name}: {speed:.0f} files/s; PATCH: median {middle:.1f} ms, p99 {first:.1f} ms at the start and "
            f"{last:.1f} ms at the end ({last / first - 1:+.0%}), within {SPREAD:.0%}: {verdict}"
        )


def _rows_of(phase: Phase) -> list[Row]:
    if phase.rounds:
        return [ROUND, *USAGE]
    speed = replace(SPEED, times=1.8) if phase.uploads == 1 else SPEED
    return [speed, PING, *USAGE]


def _cell(row: Row, values: Sequence[float]) -> str:
    median, least, most = (format(value, row.form) for value in (statistics.median(values), min(values), max(values)))
    return f"{median} ({least}..{most})"


def _verdict(row: Row, value: float, ratio: float | None) -> str:
    """The targets, and whether each is met."""
    said = []
    if row.times and ratio is not None:
        gain = ratio if row.is_more_better else 1 / ratio
        said.append(f"{f'{row.times:g}x' if row.times > 1 else 'ahead'}: {'yes' if gain >= row.times else 'NO'}")
    if row.below:
        said.append(f"< {row.below:g}: {'yes' if value < row.below else 'NO'}")
    return ", ".join(said)


def _print_line(*cells: str) -> None:
    print("  ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip())
