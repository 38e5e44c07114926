"""Cut stretches between anchors, in pauses, into chunks of 30 seconds."""

from collections.abc import Iterator, Sequence

from processors.alignment.passes.activity import Activity
from processors.alignment.passes.anchors import Stretch
from processors.alignment.passes.script import PlacedToken

LEAST_SECONDS, MOST_SECONDS = 8.0, 28.0


def cut_stretch(stretch: Stretch, activity: Activity) -> Iterator[Stretch]:
    """Parts of `stretch`; one in which there is no anchor for long may be longer."""
    start, first = stretch.start, 0
    while stretch.end - start > MOST_SECONDS:
        cuts = list(_cuts(stretch.tokens, first, start + LEAST_SECONDS))
        within = [cut for cut in cuts if cut[1] <= start + MOST_SECONDS]
        if not cuts:
            break
        place, begin, end = max(within, key=lambda cut: cut[2] - cut[1]) if within else cuts[0]
        at = activity.find_cut(begin, end) if end - begin > 0.03 else begin
        yield Stretch(stretch.tokens[first:place], start, at)
        start, first = at, place
    yield Stretch(stretch.tokens[first:], start, stretch.end)


def _cuts(tokens: Sequence[PlacedToken], first: int, after: float) -> Iterator[tuple[int, float, float]]:
    """Where one anchor follows on another after the time `after`: the place of the second, and the gap between them."""
    for place in range(first + 1, len(tokens)):
        left, right = tokens[place - 1].end, tokens[place].start
        if left is not None and right is not None and left > after:
            yield place, left, right
