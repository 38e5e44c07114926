import time

import pytest

from base.errors import ErrorCode, Refusal
from models.ids import new_id, new_ids, type_of_id

TYPES = ["task", "batch", "download", "upload", "file", "item", "user", "session", "slice"]


@pytest.mark.parametrize("type_", TYPES)
def test_an_id_names_its_type(type_: str) -> None:
    assert type_of_id(new_id(type_)) == type_


def test_an_id_has_the_second_in_which_it_was_made_and_12_hex_digits() -> None:
    before = int(time.time())
    type_, seconds, random = new_id("batch").split("-")
    assert (type_, len(random), random == random.lower(), int(random, 16) >= 0) == ("batch", 12, True, True)
    assert before <= int(seconds) <= time.time()


def test_ids_sort_by_the_second_in_which_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for second in (1_754_556_928, 1_754_556_929, 1_999_999_999):
        monkeypatch.setattr("models.ids.time.time", lambda second=second: second + 0.9)
        made.append(new_id("task"))
    assert made == sorted(made)


def test_no_two_ids_are_equal() -> None:
    assert len({new_id("item") for _ in range(10_000)}) == 10_000


def test_many_ids_are_ascending_and_of_the_right_shape() -> None:
    ids = new_ids("item", 5_000)
    assert (len(set(ids)), ids) == (5_000, sorted(ids))
    assert {type_of_id(id_) for id_ in (ids[0], ids[-1])} == {"item"}
    assert new_ids("item", 0) == []


def test_many_ids_at_the_end_of_the_numbers_still_have_12_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.ids.secrets.randbelow", lambda limit: limit - 1)
    ids = new_ids("item", 3)
    assert [id_[-12:] for id_ in ids] == ["fffffffffffc", "fffffffffffd", "fffffffffffe"]


@pytest.mark.parametrize(
    "id_",
    [
        "", "batch", "batch-1754556928", "batch-1754556928-12a41dbec0f", "batch-1754556928-12a41dbec0f33",
        "batch-1754556928-12A41DBEC0F3", "Batch-1754556928-12a41dbec0f3", "robot-1754556928-12a41dbec0f3",
        "batch-175455692-12a41dbec0f3", "batch-1754556928-12a41dbec0f3\n", " batch-1754556928-12a41dbec0f3",
        "batch-\u0661754556928-12a41dbec0f3", "batch-1754556928-12a41dbec0f3' OR 1=1 --", "x" * 1_000_000, "\0",
    ],
)  # fmt: skip
def test_another_shape_is_refused_and_the_field_is_named(id_: str) -> None:
    with pytest.raises(Refusal) as caught:
        type_of_id(id_, "input.uploadIds")
    assert (caught.value.code, caught.value.field, caught.value.http_status) == (
        ErrorCode.INVALID_ID, "input.uploadIds", 400,
    )  # fmt: skip
