"""Sealed texts."""

import pytest

from auth.keys import Keys
from auth.sealing import SealBroken, Sealer

OLD, NEW = "o" * 32, "n" * 32


def test_what_is_sealed_opens_and_shows_nothing() -> None:
    sealer = Sealer(Keys(OLD), "a")
    sealed = sealer.seal("Bearer ünseen")

    assert "unseen" not in sealed
    assert sealed != sealer.seal("Bearer ünseen")
    assert sealer.open(sealed) == "Bearer ünseen"


def test_while_a_key_changes_what_the_other_sealed_opens() -> None:
    sealed = Sealer(Keys(OLD), "a").seal("text")

    assert Sealer(Keys(NEW, (OLD,)), "a").open(sealed) == "text"
    with pytest.raises(SealBroken):
        Sealer(Keys(NEW), "a").open(sealed)


def test_what_is_sealed_for_one_purpose_opens_for_no_other() -> None:
    sealed = Sealer(Keys(OLD), "a").seal("text")
    with pytest.raises(SealBroken):
        Sealer(Keys(OLD), "b").open(sealed)


@pytest.mark.parametrize("text", ["", "text", "ü", "gAAAAA=="])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(SealBroken):
        Sealer(Keys(OLD), "a").open(text)
