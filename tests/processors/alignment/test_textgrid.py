"""TextGrids: every form is read, and what is written is read by all."""

from collections.abc import Callable
from pathlib import Path

import parselmouth
import pytest
import textgrid
import tgt
from hypothesis import given, settings
from hypothesis import strategies as st
from parselmouth.praat import call
from praatio import textgrid as praatio

from base.errors import ErrorCode, Refusal
from processors.alignment.textgrid import (
    Interval,
    TextGrid,
    Tier,
    format_time,
    is_textgrid,
    read_textgrid,
    write_textgrid,
)

SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
2
"IntervalTier"
"Ann ""the first"""
0
2.5
2
0
1e-05
""
1e-05
2.5
"déjà vu"
"TextTier"
"bell"
0
2.5
1
0.30000000000000004
"ding"
'''
LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0 
xmax = 2.5 
tiers? <exists> 
size = 2 
item []: 
    item [1]:
        class = "IntervalTier" 
        name = "Ann ""the first""" 
        xmin = 0 
        xmax = 2.5 
        intervals: size = 2 
        intervals [1]:
            xmin = 0 
            xmax = 1e-05 
            text = "" 
        intervals [2]:
            xmin = 1e-05 
            xmax = 2.5 
            text = "déjà vu" 
    item [2]:
        class = "TextTier" 
        name = "bell" 
        xmin = 0 
        xmax = 2.5 
        points: size = 1 
        points [1]:
            number = 0.30000000000000004 
            mark = "ding" 
'''  # noqa: W291  Praat writes a space at the end of lines
CHRONOLOGICAL = '''"Praat chronological TextGrid text file"
0 2.5   ! Time domain.
2   ! Number of tiers.
"IntervalTier" "Ann ""the first""" 0 2.5
"TextTier" "bell" 0 2.5

1 0 1e-05
""

1 1e-05 2.5
"déjà vu"

2 0.30000000000000004
"ding"
'''
COLLECTION = LONG.replace('Object class = "TextGrid"\n', 'Object class = "Collection"\nsize = 1\nitem []:\n    item [1]:\n        class = "TextGrid"\n        name = "talk"\n')  # fmt: skip
EXPECTED = TextGrid(0, 2.5, (Tier('Ann "the first"', (Interval(0, 1e-05, ""), Interval(1e-05, 2.5, "déjà vu"))),))
GRID = TextGrid(
    0,
    2.00025,
    (
        Tier(
            "words",
            (Interval(0.1, 0.5, "it's"), Interval(0.5, 0.7, 'a "quoted" word'), Interval(1.2, 1.9, "naïve мир")),
        ),
        Tier("phones", (Interval(0.1, 0.3, "IH"), Interval(0.3, 0.5, "T"))),
    ),
)
WHOLE_WORDS = [
    (0, 0.1, ""),
    (0.1, 0.5, "it's"),
    (0.5, 0.7, 'a "quoted" word'),
    (0.7, 1.2, ""),
    (1.2, 1.9, "naïve мир"),
    (1.9, 2.00025, ""),
]


@pytest.mark.parametrize(
    "form", [SHORT, LONG, CHRONOLOGICAL, COLLECTION], ids=["short", "long", "chronological", "collection"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_form_is_read_in_every_encoding(form: str, encoding: str, line_end: str) -> None:
    data = form.replace("\n", line_end).encode(encoding)
    assert is_textgrid(data)
    assert read_textgrid(data) == EXPECTED


def test_what_praat_saves_is_read(tmp_path: Path) -> None:
    path = tmp_path / "grid.TextGrid"
    grid = call("Create TextGrid", 0, 1 / 3, "Zoë bell", "bell")
    call(grid, "Insert boundary", 1, 0.1 + 0.2)
    call(grid, "Set interval text", 1, 1, 'say "é"')
    read = {}
    for command in ("Save as text file", "Save as short text file", "Save as chronological text file"):
        call(grid, command, str(path))
        assert is_textgrid(path.read_bytes())
        read[command] = read_textgrid(path.read_bytes())
    (only,) = set(read.values())
    assert only == TextGrid(
        0, 1 / 3, (Tier("Zoë", (Interval(0, 0.1 + 0.2, 'say "é"'), Interval(0.1 + 0.2, 1 / 3, ""))),)
    )


def test_a_binary_textgrid_says_how_to_save_it_as_text(tmp_path: Path) -> None:
    path = tmp_path / "grid.TextGrid"
    call(call("Create TextGrid", 0, 1, "words", ""), "Save as binary file", str(path))
    assert is_textgrid(path.read_bytes())
    with pytest.raises(Refusal, match="Save as text file") as caught:
        read_textgrid(path.read_bytes())
    assert caught.value.code is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("xmax = 2.5", "xmax = two", ErrorCode.CORRUPT_FILE),
        ("intervals: size = 2 ", "intervals: size = 3000000000 ", ErrorCode.CORRUPT_FILE),
        ("intervals: size = 2 ", "intervals: size = 0.5 ", ErrorCode.CORRUPT_FILE),
        ("size = 2 ", "size = -2 ", ErrorCode.CORRUPT_FILE),
        ("xmax = 1e-05", "xmax = -1", ErrorCode.CORRUPT_FILE),
        ("xmax = 1e-05", "xmax = 1e999", ErrorCode.CORRUPT_FILE),
        ('"IntervalTier"', '"PitchTier"', ErrorCode.CORRUPT_FILE),
        ('"TextGrid"', '"Pitch 1"', ErrorCode.UNSUPPORTED_TYPE),
        ('mark = "ding"', 'mark = "ding', ErrorCode.CORRUPT_FILE),
        ('"ooTextFile"', '"sound"', ErrorCode.UNSUPPORTED_TYPE),
    ],
)
def test_what_is_no_textgrid_is_refused(old: str, new: str, code: ErrorCode) -> None:
    with pytest.raises(Refusal) as caught:
        read_textgrid(LONG.replace(old, new, 1).encode())
    assert caught.value.code is code


def test_a_textgrid_that_breaks_off_anywhere_is_refused() -> None:
    data = LONG.rstrip().encode()
    for end in range(40, len(data) - 1, 7):
        with pytest.raises(Refusal):
            read_textgrid(data[:end])


def test_a_textgrid_without_tiers_is_empty() -> None:
    data = b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<absent>\n'
    assert read_textgrid(data) == TextGrid(0, 2, ())


def test_written_bytes_are_long_form_utf8_without_mark_with_lf_and_full_cover() -> None:
    data = write_textgrid(GRID)
    text = data.decode("utf-8")
    assert text.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 2.00025 \n')
    assert "\r" not in text
    words, phones = read_textgrid(data).tiers
    assert [(one.start, one.end, one.text) for one in words.intervals] == WHOLE_WORDS
    assert [(one.start, one.end, one.text) for one in phones.intervals] == [
        (0, 0.1, ""),
        (0.1, 0.3, "IH"),
        (0.3, 0.5, "T"),
        (0.5, 2.00025, ""),
    ]


def by_praatio(path: Path) -> list[tuple[float, float, str]]:
    grid = praatio.openTextgrid(str(path), includeEmptyIntervals=True)
    assert grid.tierNames == ("words", "phones")
    return [(one.start, one.end, one.label) for one in grid.getTier("words").entries]


def by_textgrid(path: Path) -> list[tuple[float, float, str]]:
    grid = textgrid.TextGrid.fromFile(str(path))
    assert [tier.name for tier in grid.tiers] == ["words", "phones"]
    return [(one.minTime, one.maxTime, one.mark) for one in grid.tiers[0]]


def by_tgt(path: Path) -> list[tuple[float, float, str]]:
    grid = tgt.read_textgrid(str(path), include_empty_intervals=True)
    assert grid.get_tier_names() == ["words", "phones"]
    return [(float(one.start_time), float(one.end_time), one.text) for one in grid.get_tier_by_name("words")]


def by_praat(path: Path) -> list[tuple[float, float, str]]:
    grid = parselmouth.read(str(path))
    assert [call(grid, "Get tier name", number) for number in (1, 2)] == ["words", "phones"]
    return [
        (
            call(grid, "Get start time of interval", 1, number),
            call(grid, "Get end time of interval", 1, number),
            call(grid, "Get label of interval", 1, number),
        )
        for number in range(1, call(grid, "Get number of intervals", 1) + 1)
    ]


@pytest.mark.parametrize("reader", [by_praatio, by_textgrid, by_tgt, by_praat])
def test_every_tool_reads_the_same_times_and_labels(
    reader: Callable[[Path], list[tuple[float, float, str]]], tmp_path: Path
) -> None:
    path = tmp_path / "grid.TextGrid"
    path.write_bytes(write_textgrid(GRID))
    found = reader(path)
    assert [label for *_, label in found] == [label for *_, label in WHOLE_WORDS]
    assert [times[:2] for times in found] == [pytest.approx(times[:2], abs=1e-9) for times in WHOLE_WORDS]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1e-7, "0"),
        (1e-6, "0.000001"),
        (0.1 + 0.2, "0.3"),
        (3600, "3600"),
        (12.5, "12.5"),
        (1e9, "1000000000"),
    ],
)
def test_times_have_at_most_six_digits_and_no_exponent(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


def test_overlaps_are_a_fault_of_the_caller() -> None:
    for intervals in ([(0, 1), (0.5, 2)], [(0, 3)]):
        grid = TextGrid(0, 2, (Tier("words", tuple(Interval(start, end, "x") for start, end in intervals)),))
        with pytest.raises(ValueError, match="overlaps"):
            write_textgrid(grid)


labels = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
steps = st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 400_000), labels), max_size=8)


@given(st.lists(st.tuples(labels, steps), min_size=1, max_size=4), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_whole(tiers: list[tuple[str, list[tuple[int, int, str]]]], encoding: str) -> None:
    made, ends = [], [1.0]
    for name, wanted in tiers:
        at, intervals = 0, []
        for gap, length, label in wanted:
            intervals.append(Interval((at + gap) / 10**6, (at + gap + length) / 10**6, label))
            at += gap + length
        ends.append(at / 10**6)
        made.append(Tier(name, tuple(intervals)))
    grid = TextGrid(0, max(ends), tuple(made))
    read = read_textgrid(write_textgrid(grid).decode().encode(encoding))
    assert (read.start, read.end) == (0, grid.end)
    for tier, expected in zip(read.tiers, grid.tiers, strict=True):
        assert tier.name == expected.name
        edges = [0.0, *(one.end for one in tier.intervals)]
        assert [one.start for one in tier.intervals] == edges[:-1]
        assert edges[-1] == grid.end
        assert all(one.end > one.start for one in tier.intervals)
        spoken = [one for one in expected.intervals if one.text]
        assert [one for one in tier.intervals if one.text] == spoken


@given(st.binary(max_size=400) | st.text('"<>!0123456789.e+- \nx').map(str.encode))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for begin in (b"", b'File type = "ooTextFile"\n"TextGrid"\n', b'"Praat chronological TextGrid text file"\n'):
        is_textgrid(begin + data)
        try:
            read_textgrid(begin + data)
        except Refusal as refusal:
            assert refusal.code in {ErrorCode.CORRUPT_FILE, ErrorCode.UNSUPPORTED_TYPE}  # noqa: PT017
