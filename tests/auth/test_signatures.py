import re

import pytest

from auth.keys import Keys
from auth.signatures import Signer

SIGNER = Signer(Keys("a secret of the tests, long enough"))


def test_a_signature_is_43_characters_that_an_address_may_have() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", SIGNER.sign("file", "text"))


def test_equal_texts_have_equal_signatures() -> None:
    assert SIGNER.sign("file", "text") == Signer(Keys("a secret of the tests, long enough")).sign("file", "text")


def test_a_signature_is_good_for_its_text_purpose_and_secret_alone() -> None:
    signature = SIGNER.sign("file", "text")
    assert SIGNER.is_valid("file", "text", signature)
    assert not SIGNER.is_valid("file", "texT", signature)
    assert not SIGNER.is_valid("bundle", "text", signature)
    assert not Signer(Keys("another secret of the tests, as long")).is_valid("file", "text", signature)


def test_signed_with_is_the_first_key_and_the_signatures_of_all_are_good() -> None:
    old, new = "the old secret of the tests, long enough", "the new secret of the tests, long enough"
    both = Signer(Keys(new, (old,)))
    by_old, by_new = Signer(Keys(old)).sign("file", "text"), Signer(Keys(new)).sign("file", "text")
    assert both.sign("file", "text") == by_new
    assert both.is_valid("file", "text", by_new)
    assert both.is_valid("file", "text", by_old)
    assert not both.is_valid("bundle", "text", by_old)
    assert not both.is_valid("file", "text", SIGNER.sign("file", "text"))
    assert not Signer(Keys(new)).is_valid("file", "text", by_old)


def test_purpose_and_text_cannot_be_shifted_against_each_other() -> None:
    assert not SIGNER.is_valid("fil", "etext", SIGNER.sign("file", "text"))


@pytest.mark.parametrize("signature", ["", "=", "\0", "ü" * 43, "\ud800", "x" * 43, "x" * 1_000_000])
def test_nonsense_is_no_signature_and_no_error(signature: str) -> None:
    assert not SIGNER.is_valid("file", "text", signature)


def test_a_signature_cut_or_with_padding_is_none() -> None:
    signature = SIGNER.sign("file", "text")
    assert not SIGNER.is_valid("file", "text", signature[:-1])
    assert not SIGNER.is_valid("file", "text", f"{signature}=")
