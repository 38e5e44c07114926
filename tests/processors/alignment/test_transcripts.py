"""Transcripts of every kind, and the recordings that they belong to."""

import pytest

from base.errors import ErrorCode, Refusal
from processors.alignment.textgrid import Interval, TextGrid, Tier, write_textgrid
from processors.alignment.transcripts import Pair, Utterance, pair_files, read_transcript

ANN = Utterance(0.5, 2.25, "Ann", "Hello, there.")
BEN = Utterance(2.5, 4.0, "Ben", "Good morning.")


def test_plain_text_is_one_utterance_a_line() -> None:
    for data in ("\ufeffOne  line.\r\n\r\nAnother —\tline.\n".encode(), "One line.\nAnother — line.".encode("utf-16")):
        assert read_transcript("talk.txt", data) == [
            Utterance(None, None, None, "One line."),
            Utterance(None, None, None, "Another — line."),
        ]


def test_older_encodings_are_read() -> None:
    (utterance,) = read_transcript("talk.lab", "Zoë’s café".encode("cp1252"))
    assert utterance.text == "Zoë’s café"


TABLES = {
    "headings": 'start,end,speaker,text\n0.5,2.25,Ann,"Hello, there."\n2.5,4.0,Ben,Good morning.\n',
    "other order": "Text;Speaker;Begin;End\nGood morning.;Ben;2,5;4,0\nHello, there.;Ann;0,5;2,25\n",
    "no headings": "0.5\t2.25\tAnn\tHello, there.\n2.5\t4\tBen\tGood morning.\n",
    "clock": "Tier\tBegin Time - hh:mm:ss.ms\tEnd Time - hh:mm:ss.ms\tAnnotation\nAnn\t00:00:00.500\t00:00:02.250\tHello, there.\nBen\t00:00:02.500\t00:00:04.000\tGood morning.\n",
    "units": 'start (s),end (s),speaker,text\n0.5 s,2.25 s,Ann,"Hello, there."\n\n2.5,4.0,Ben,Good morning.\n2.5,4.0,Ben,\n',
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_tables_are_read_by_their_headings_or_by_their_times(table: str) -> None:
    assert read_transcript("talk.csv", table.encode()) == [ANN, BEN]


def test_a_label_track_is_told_from_text() -> None:
    data = b"0.5\t2.25\tHello, there.\n2.5\t4.0\tGood morning.\n"
    assert [(one.start, one.text) for one in read_transcript("labels.txt", data)] == [(0.5, ANN.text), (2.5, BEN.text)]


def test_utterances_of_a_textgrid_have_their_tier_as_speaker_and_come_in_order() -> None:
    grid = TextGrid(
        0,
        5,
        (
            Tier("Ben", (Interval(2.5, 4, "Good\tmorning."),)),
            Tier("Ann", (Interval(0, 0.5, " "), Interval(0.5, 2.25, "Hello, there."))),
            Tier("Ann - words", (Interval(0.5, 1, "hello"),)),
            Tier("notes", (Interval(0, 1, "door"),)),
        ),
    )
    assert read_transcript("talk.TextGrid", write_textgrid(grid)) == [ANN, BEN]
    assert read_transcript("talk.txt", write_textgrid(grid)) == [ANN, BEN]


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("a.txt", b"", ErrorCode.BAD_INPUT, "no text"),
        ("a.txt", b" \n\t\n", ErrorCode.BAD_INPUT, "no text"),
        ("a.csv", b"", ErrorCode.BAD_INPUT, "no text"),
        ("a.txt", bytes(range(256)) * 4, ErrorCode.CORRUPT_FILE, "no text"),
        ("a.csv", b"one,two\nthree,four\n", ErrorCode.BAD_INPUT, "start, end and text"),
        ("a.csv", b"just words\nand more\n", ErrorCode.BAD_INPUT, "start, end and text"),
        ("a.csv", b"start,end,text\nsoon,later,hello\n", ErrorCode.BAD_INPUT, "Row 2"),
        ("a.csv", b"start,end,text\n3,2,hello\n", ErrorCode.BAD_INPUT, "row 2"),
        ("a.lab", b"0 4300000 sil\n4300000 9100000 hello -12.5\n", ErrorCode.BAD_INPUT, "HTK"),
        ("a.txt", b"x" * 9_000_000, ErrorCode.FILE_TOO_LARGE, "8 MiB"),
        ("a.txt", b"x" * 200_000, ErrorCode.BAD_INPUT, "divide it"),
        ("a.TextGrid", write_textgrid(TextGrid(0, 1, (Tier("words", (Interval(0, 1, "hi"),)),))), ErrorCode.BAD_INPUT, "alignment"),
        ("a.TextGrid", write_textgrid(TextGrid(0, 1, (Tier("Ann", ()),))), ErrorCode.BAD_INPUT, "no text"),
    ],
)  # fmt: skip
def test_what_is_no_transcript_is_refused(name: str, data: bytes, code: ErrorCode, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_transcript(name, data)
    assert caught.value.code is code
    assert words in caught.value.message


def test_files_are_paired_by_name_whatever_its_case_form_and_folder() -> None:
    names = [
        "b/Rec10.WAV",
        "rec2.mp3",
        "Cafe\u0301.flac",
        "rec2.lab",
        "b/rec10.TXT",
        "Caf\u00e9.flac.txt",
        "fixed.dict",
    ]
    pairing = pair_files(names)
    assert pairing.pairs == (Pair(0, 4), Pair(2, 5), Pair(1, 3))
    assert pairing.dictionaries == (6,)
    assert pairing.unpaired == ()


def test_one_recording_and_one_transcript_are_a_pair_whatever_their_names() -> None:
    assert pair_files(["speech.wav", "script.txt"]).pairs == (Pair(0, 1),)


def test_what_has_no_partner_is_told_with_its_reason() -> None:
    names = ["a.wav", "a.txt", "a.TextGrid", "a.mp3", "b.wav", "c.txt", "readme.pdf", "__MACOSX/._a.wav"]
    pairing = pair_files(names)
    assert pairing.pairs == (Pair(0, 2),)
    reasons = {names[one.file]: one.reason for one in pairing.unpaired}
    assert reasons.keys() == set(names) - {"a.wav", "a.TextGrid"}
    for name, words in {
        "a.txt": "“a.TextGrid” is the transcript",
        "a.mp3": "same name as “a.wav”",
        "b.wav": "b.txt",
        "c.txt": "no recording of the same name",
        "readme.pdf": "by its ending",
        "__MACOSX/._a.wav": "operating system",
    }.items():
        assert words in reasons[name]


def test_every_file_is_in_one_place_however_odd_its_name() -> None:
    names = [
        "",
        ".",
        "..",
        ".wav",
        "a",
        "a.",
        "\0.wav",
        "x" * 5_000 + ".wav",
        "a.wav",
        "a.wav",
        "\u202etxt.wav",
        "../../a.txt",
    ]
    pairing = pair_files(names)
    places = [*(place for pair in pairing.pairs for place in (pair.audio, pair.transcript)), *pairing.dictionaries]
    assert sorted([*places, *(one.file for one in pairing.unpaired)]) == list(range(len(names)))
    assert all(one.reason.isprintable() for one in pairing.unpaired)
