"""Decisions: which bubbles of a field are filled, how sure that is, and what a person should look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from processors.omr.reading.bubbles import Inks

LEAST_MARK = 0.10
"""Ink below which nothing is a mark, however clean the sheet."""
USUAL_MARK = 0.6
"""Ink of a filled bubble where a sheet has none to measure."""
NOISE = 6.0
"""Deviations of empty bubbles above which ink is no noise."""
FAINT, SURE = 0.25, 0.45
"""Of the ink of this sheet's usual mark: below the first there is no mark, above the second there surely is."""
SECOND_DOUBTFUL, SECOND_MARK = 0.22, 0.62
"""Of a field's first mark: a second one above that is doubtful, or a mark of its own."""
NEARLY = 0.55
"""Of the least mark: an empty field with more ink than that is looked at."""


class FieldStatus(StrEnum):
    """How a field was read."""

    OK = "ok"
    EMPTY = "empty"
    MULTI = "multi"


@dataclass(frozen=True, slots=True)
class Decision:
    """The places of the filled bubbles, the confidence (0 to 1), and whether a person should look."""

    status: FieldStatus
    marked: tuple[int, ...]
    confidence: float
    needs_review: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """Ink of this sheet: `least` of a mark, `usual` of a filled bubble."""

    least: float
    usual: float


def measure_levels(inks: Inks) -> Levels:
    """The levels of a sheet, from the noise of its empty bubbles and the ink of its filled ones."""
    empties = np.concatenate([np.sort(field)[:-1] for field in inks if len(field) > 1] or [np.zeros(1, np.float32)])
    middle = float(np.median(empties))
    noise = float(np.median(np.abs(empties - middle))) * 1.4826
    least = max(LEAST_MARK, middle + NOISE * max(noise, 0.005))
    tops = np.asarray([float(field.max()) for field in inks])
    filled = tops[tops > least]
    usual = float(np.median(filled)) if len(filled) else USUAL_MARK
    return Levels(min(max(least, FAINT * usual), 0.8 * usual), usual)


def decide(inks: Inks) -> list[Decision]:
    """A decision for each field of a sheet."""
    levels = measure_levels(inks)
    return [decide_field(field, levels) for field in inks]


def decide_field(inks: npt.NDArray[np.float32], levels: Levels) -> Decision:
    """One field: empty, one mark, or several. What lies between is flagged, never guessed silently."""
    order: Sequence[int] = np.argsort(-inks, kind="stable").tolist()
    top = float(inks[order[0]])
    second = float(inks[order[1]]) if len(order) > 1 else 0.0
    if top < levels.least:
        near = top / levels.least
        return Decision(FieldStatus.EMPTY, (), round(1 - near**2, 3), near > NEARLY)
    marked = tuple(sorted(place for place in order if inks[place] >= max(SECOND_MARK * top, levels.least)))
    if len(marked) > 1:
        return Decision(FieldStatus.MULTI, marked, round(min(second / top, 1.0) / 2, 3), needs_review=True)
    strength = min(top / (SURE * levels.usual), 1.0)
    margin = 1 - second / top
    doubtful = strength < 1 or second > max(SECOND_DOUBTFUL * top, NEARLY * levels.least)
    return Decision(FieldStatus.OK, marked, round(strength * margin, 3), doubtful)
