"""QR codes: references in texts of all sorts, and codes that shine through."""

import cv2
import numpy as np
import pytest
import segno

from processors.omr.pages.blank import is_blank
from processors.omr.reading.codes import find_references, parse_sheet_code, read_codes


def code(text: str, version: int | None = None, mask: int | None = None, scale: int = 6) -> np.ndarray:
    made = segno.make_qr(text, version=version, mask=mask)
    modules = np.asarray([list(row) for row in made.matrix], np.uint8)
    dark = np.kron(np.pad(modules, 4), np.ones((scale, scale), np.uint8))
    return np.where(dark, 20, 240).astype(np.uint8)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12345678", {"12345678"}),
        ("https://example.org/s/12345678?page=2", {"12345678"}),
        ('{"ref": "12345678", "n": 123}', {"12345678"}),
        ('{"reference": "12345678", "student": "87654321", "page": 1}', {"12345678"}),
        ("\ufeff12345678\r\n", {"12345678"}),
        ("123456789", set()),
        ("1234567", set()),
        ("A12345678", set()),
        ("１２３４５６７８", set()),
        ("12345678 87654321", {"12345678", "87654321"}),
        ("12345678 12345678", {"12345678"}),
    ],
)
def test_a_reference_is_eight_ascii_digits_that_stand_alone(text: str, found: set[str]) -> None:
    assert find_references(text) == found


@pytest.mark.parametrize("version", [1, 2, 5, 7, 10])
@pytest.mark.parametrize("mask", range(8))
def test_a_code_is_read_from_its_front_and_never_from_behind(version: int, mask: int) -> None:
    seen = code("12345678", version, mask)
    for turn in range(4):
        assert [one.text for one in read_codes(np.rot90(seen, turn))] == ["12345678"]
        assert read_codes(np.rot90(seen[:, ::-1], turn)) == []


def test_a_code_that_shines_through_a_blank_back_is_none_and_the_back_is_blank() -> None:
    seen = np.full((1754, 1240), 245, np.uint8)
    seen[100 : 100 + 174, 900 : 900 + 174] = code("12345678")
    shining = 245 - (245 - seen[:, ::-1].astype(float)) * 0.1
    back = np.clip(shining + np.random.default_rng(1).normal(0, 2, shining.shape), 0, 255).astype(np.uint8)

    assert read_codes(back) == []
    assert is_blank(back)
    assert not is_blank(seen)


def test_control_characters_are_not_spelled_out() -> None:
    assert read_codes(code("a\x1db"))[0].text == "a\x1db"


@pytest.mark.parametrize(
    "text", ["", "[]", "12345678", '{"page": 0}', '{"page": true}', '{"page": 1e9}', '{"reference": 5}']
)
def test_what_is_no_sheet_of_ours_says_nothing(text: str) -> None:
    said = parse_sheet_code(text)
    assert (said.reference, said.page, said.pages) == (None, None, None)


def test_a_blurred_code_of_the_least_modules_is_read_at_200_dpi() -> None:
    soft = np.asarray(cv2.GaussianBlur(code("12345678", scale=4), (0, 0), 1), np.uint8)
    assert read_codes(soft)[0].text == "12345678"
