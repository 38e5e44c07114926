import hashlib

from uploads.digests import DigestCache


def test_a_state_is_carried_from_one_request_to_the_next() -> None:
    kept = DigestCache()
    state = kept.pop("upload-1", 0)
    assert state is not None
    state.update(b"abc")
    kept.put("upload-1", 3, state)
    carried = kept.pop("upload-1", 3)
    assert carried is not None
    carried.update(b"def")
    assert carried.hexdigest() == hashlib.sha256(b"abcdef").hexdigest()


def test_a_state_of_another_offset_is_not_used() -> None:
    kept = DigestCache()
    kept.put("upload-1", 3, hashlib.sha256(b"abc"))
    assert kept.pop("upload-1", 2) is None
    assert kept.pop("upload-1", 3) is None
    assert kept.pop("unknown", 3) is None


def test_only_so_many_states_are_kept() -> None:
    kept = DigestCache(capacity=2)
    for name in ("oldest", "older", "newest"):
        kept.put(name, 1, hashlib.sha256(b"a"))
    assert [kept.pop(name, 1) is None for name in ("oldest", "older", "newest")] == [True, False, False]
