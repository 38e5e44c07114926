"""Lengths of runs: how many slices of a job a worker takes at once, so that taking them costs less than doing them."""

from base.words import SlicePhase
from jobs.scheduling.claims import Claim

RUN_SECONDS = 0.25
"""A run is to take so long at most: meanwhile nothing else has its turn."""
MOST_SLICES = 32
JOBS_REMEMBERED = 256


class RunLengths:
    """One slice of a job at first, and twice as many as long as they take half of `seconds`; half as many above."""

    def __init__(self, most: int = MOST_SLICES, seconds: float = RUN_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._lengths: dict[str, int] = {}

    def length_for(self, job_id: str) -> int:
        """How many slices of the job are to be taken next; 1 or more."""
        return self._lengths.get(job_id, 1)

    def learn(self, claim: Claim, seconds: float) -> None:
        """A run has taken so long; a plan and a finish tell nothing."""
        if claim.phase is not SlicePhase.PROCESS:
            return
        length = len(claim.slices)
        if seconds > self._seconds:
            length = max(length // 2, 1)
        elif seconds <= self._seconds / 2:
            length = min(length * 2, self._most)
        self._lengths.pop(claim.job.id, None)
        self._lengths[claim.job.id] = length
        if len(self._lengths) > JOBS_REMEMBERED:
            del self._lengths[next(iter(self._lengths))]
