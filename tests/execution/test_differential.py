"""Plans and graphql-core compared over values of every kind."""

import gc
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from graphql import parse, validate
from hypothesis import given
from hypothesis import strategies as st

from execution.plans.cache import PlanCache
from tests.execution.comparing import compare
from tests.execution.operations_for_tests import OperationWriter
from tests.execution.zoo_for_tests import SCHEMA, Given

PER_EXAMPLE = 20
"""Operations that one example of hypothesis compares: drawing takes longer than comparing."""


@pytest.fixture(scope="module")
def seen() -> Iterator[Counter[str]]:
    """Operations that were compared, and whether enough of them reached plans, no executor, and graphql-core."""
    seen: Counter[str] = Counter()
    yield seen
    gc.collect()  # so that Python warns of what was left behind here, and not in a later test
    assert seen["compared"] >= 1_000
    assert seen["compiled"] > seen["compared"] / 2
    assert seen["single"] > seen["compared"] / 20, seen
    assert seen["bailed"] > seen["compared"] / 20


# graphql-core leaves coroutines of a list's items behind where a later item fails; so Python warns, in whatever frame it then is.
@pytest.mark.filterwarnings("ignore:coroutine 'Executor", "ignore::pytest.PytestUnraisableExceptionWarning")
@given(seed=st.integers(0, 2**64), oddness=st.sampled_from([0, 0, 1, 3, 15]))
async def test_generated_operations_over_values_of_every_kind(seen: Counter[str], seed: int, oddness: int) -> None:
    for number in range(PER_EXAMPLE):
        dice = random.Random(f"{seed} {number}")
        word, root = dice.choice([("query", SCHEMA.query_type)] * 4 + [("mutation", SCHEMA.mutation_type)])
        assert root is not None
        text = OperationWriter(SCHEMA, dice, lambda *_: [], max_depth=4).write(root, word)
        document = parse(text)
        assert validate(SCHEMA, document) == [], text
        cache = PlanCache(min_uses=1)
        seen["compared"] += 1
        seen["single"] += await compare(SCHEMA, document, Given(seed, oddness), cache)
        seen["compiled"] += cache.counts.compiled
        seen["bailed"] += cache.counts.bailed
        seen["fallback"] += cache.counts.fallback
