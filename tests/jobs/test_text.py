"""Text that every database stores."""

import orjson
import pytest

from jobs.text import sanitise, sanitise_json, sanitise_result


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain ä 😀", "plain ä 😀"),
        ("a\0b\0", "ab"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("\udcff", "\N{REPLACEMENT CHARACTER}"),
        ("", ""),
    ],
)
def test_text_is_made_storable(text: str, stored: str) -> None:
    assert sanitise(text) == stored


def test_text_is_cut() -> None:
    assert sanitise("äöü", 2) == "äö"


def test_json_is_made_storable_names_and_all() -> None:
    assert sanitise_json({"a\0": ["\0", 1, None, True, 2.5, {"b": "\ud800"}]}) == {
        "a": ["", 1, None, True, 2.5, {"b": "\N{REPLACEMENT CHARACTER}"}]
    }


@pytest.mark.parametrize("result", [b'{"a":1}', b'{"a": "\\\\u0000"}', b'{"a":"\xc3\xa4"}'])
def test_results_without_nul_keep_their_meaning(result: bytes) -> None:
    assert orjson.loads(sanitise_result(result)) == orjson.loads(result)


def test_nul_leaves_a_result_and_what_only_looks_like_it_stays() -> None:
    assert sanitise_result(orjson.dumps({"a": "\0x", "b": "\\u0000"})) == '{"a":"x","b":"\\\\u0000"}'
