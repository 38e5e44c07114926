"""Srcset as browsers read it; cases from the tests of the web platform and from real servers."""

import pytest

from downloads.resolving.srcset import parse_srcset


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", []),
        (" , , ", []),
        ("a.jpg", ["a.jpg"]),
        ("a.jpg 1x, b.jpg 2x", ["a.jpg", "b.jpg"]),
        ("a.jpg 100w,b.jpg 200w 50h", ["a.jpg", "b.jpg"]),
        ("a.jpg, b.jpg", ["a.jpg", "b.jpg"]),
        ("a.jpg,b.jpg", ["a.jpg,b.jpg"]),
        ("a,b.jpg 1x, c.jpg 2x", ["a,b.jpg", "c.jpg"]),
        ("data:image/png;base64,AAAA 1x, b.jpg", ["data:image/png;base64,AAAA", "b.jpg"]),
        ("a.jpg,,,", ["a.jpg"]),
        ("a.jpg -1x, b.jpg 0w, c.jpg 1x 2x, d.jpg 1w 2x, e.jpg 5h", []),
        ("a.jpg 1q, b.jpg x, c.jpg 1.5w, d.jpg .5x, e.jpg 1e3x, f.jpg +1x, g.jpg 1.x", ["d.jpg", "e.jpg"]),
        ("a.jpg (1x, 2x), b.jpg 0x", ["b.jpg"]),
        ("\ta.jpg\n1x\f,\rb.jpg", ["a.jpg", "b.jpg"]),
        ("a.jpg " + "9" * 5_000 + "w", ["a.jpg"]),
    ],
)
def test_candidates_are_those_of_the_standard(text: str, urls: list[str]) -> None:
    assert parse_srcset(text) == urls
