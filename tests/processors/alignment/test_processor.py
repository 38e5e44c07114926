"""Whole alignments, from files to results, on speech whose times are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from base.errors import ErrorCode, Refusal
from processors.contract import ItemStatus
from tests.processors.alignment.conftest import Run, RunAlignment, wav
from tests.processors.alignment.espeak import RATE, hiss, say, silence
from tests.processors.alignment.texts import BREAD, HARBOUR, LETTER, MARKET


def starts_of(run: Run, text: str) -> list[float]:
    """How far words begin from where espeak-ng says it, in seconds; of words that it runs together it tells the first."""
    placed = iter(run.words())
    assert [word for word, _, _ in run.words()] == [word.strip(".,") for word in text.split()]
    errors = []
    for word, known in say(text).words:
        start = next(start for shown, start, _ in placed if shown == word.split()[0].strip(".,"))
        errors.append(abs(start - known))
    return errors


def test_words_and_phones_are_where_they_are_spoken(run_alignment: RunAlignment) -> None:
    run = run_alignment({"harbour.wav": wav(say(HARBOUR).samples), "harbour.txt": HARBOUR.encode()})

    errors = starts_of(run, HARBOUR)
    assert np.median(errors) <= 0.03
    assert np.mean(np.array(errors) <= 0.1) >= 0.9
    (result,) = run.results
    assert (result["wordCount"], result["alignedWordCount"], result["unalignedWords"]) == (38, 38, [])
    grid = run.grid()
    assert [tier.name for tier in grid.tiers] == ["words", "phones"]
    assert grid.end == result["duration"] == pytest.approx(len(say(HARBOUR).samples) / RATE, abs=0.001)
    phones = [one.text for one in grid.tiers[1].intervals if one.text]
    assert phones[:2] in (["DH", "AH"], ["DH", "IY"])
    assert {made.name for made in run.items[0].files} == {"harbour.TextGrid", "harbour.wav"}
    assert run.files["harbour.wav"] == wav(np.frombuffer(run.files["harbour.wav"][44:], "<i2"))


def test_a_word_after_digital_silence_is_placed_after_it(run_alignment: RunAlignment) -> None:
    first = say("The old farmer discovered the yellow window under the bridge when the rain had stopped.")
    second_text = "A tall visitor bought a quiet village near the harbour before breakfast."
    second, pause = say(second_text), silence(0.4)
    text = f"The old farmer discovered the yellow window under the bridge when the rain had stopped. {second_text}"
    run = run_alignment({"a.wav": wav(np.concatenate([first.samples, pause, second.samples])), "a.txt": text.encode()})

    (start,) = [start for word, start, _ in run.words() if word == "A"]
    assert start == pytest.approx((len(first.samples) + len(pause)) / RATE + second.words[0][1], abs=0.1)


def test_the_first_phone_does_not_take_the_silence_before_it(run_alignment: RunAlignment) -> None:
    sentence = "Two tall visitors bought a quiet village near the harbour."
    lead = hiss(0.25, 3.0)
    run = run_alignment({"a.wav": wav(np.concatenate([lead, say(sentence).samples])), "a.txt": sentence.encode()})

    assert run.words()[0][1] == pytest.approx(len(lead) / RATE, abs=0.1)


def test_several_pairs_are_several_items_in_natural_order(run_alignment: RunAlignment) -> None:
    texts = {"talk10": MARKET, "talk9": LETTER}
    files = {f"{name}.wav": wav(say(text).samples) for name, text in texts.items()}
    files |= {f"{name}.lab": text.encode() for name, text in texts.items()}
    run = run_alignment(files)

    assert run.names == ["talk9.wav", "talk10.wav"]
    assert [item.status for item in run.items] == [ItemStatus.COMPLETED, ItemStatus.COMPLETED]
    assert run.summary["wordCount"] == len(MARKET.split()) + len(LETTER.split())
    assert run.summary["duration"] == pytest.approx(say(MARKET).seconds + say(LETTER).seconds, abs=0.01)
    assert sum(item.audio_seconds for item in run.items) == pytest.approx(run.summary["duration"], abs=0.01)


def test_a_paragraph_that_is_not_in_the_text_leaves_the_others_where_they_are(run_alignment: RunAlignment) -> None:
    parts = [say(HARBOUR).samples, silence(0.5), say(MARKET).samples, silence(0.5), say(LETTER).samples]
    run = run_alignment({"a.wav": wav(np.concatenate(parts)), "a.txt": f"{HARBOUR}\n{LETTER}".encode()})

    (result,) = run.results
    assert result["alignedWordCount"] >= 0.97 * result["wordCount"]
    before, after = say(HARBOUR), say(LETTER)
    offset = (sum(map(len, parts)) - len(after.samples)) / RATE
    known = [(word, start) for word, start in before.words] + [(word, start + offset) for word, start in after.words]
    placed = {round(start, 2): word for word, start, _ in run.words()}
    right = sum(any(abs(start - at) < 0.15 and shown == word for at, shown in placed.items()) for word, start in known)
    assert right >= 0.95 * len(known)
    strange = (len(before.samples) / RATE + 1.0, offset - 1.0)
    assert not [word for word, start, _ in run.words() if strange[0] < start < strange[1]]


def test_text_that_nobody_says_is_told_and_not_invented(run_alignment: RunAlignment) -> None:
    run = run_alignment({"a.wav": wav(say(HARBOUR).samples), "a.txt": f"{HARBOUR}\n{MARKET}".encode()})

    (result,) = run.results
    assert result["alignedWordCount"] <= len(HARBOUR.split()) + 2
    assert {one["index"] for one in result["unalignedWords"]} >= set(
        range(len(HARBOUR.split()) + 2, result["wordCount"])
    )
    assert "words were not found" in result["warnings"][-1]


def test_text_that_something_else_is_said_for_is_not_laid_over_it(run_alignment: RunAlignment) -> None:
    """About as long as what is said instead, so that time alone would not tell."""
    parts = [say(HARBOUR).samples, silence(0.5), say(LETTER).samples, silence(0.5), say(BREAD).samples]
    run = run_alignment({"a.wav": wav(np.concatenate(parts)), "a.txt": f"{HARBOUR}\n{MARKET}\n{BREAD}".encode()})

    (result,) = run.results
    first, last = len(HARBOUR.split()), len(HARBOUR.split()) + len(MARKET.split())
    unplaced = {one["index"] for one in result["unalignedWords"]}
    assert len(set(range(first, last)) - unplaced) <= 3
    assert len(unplaced - set(range(first, last))) <= 5


def test_a_sentence_alone_of_a_recording_is_found(run_alignment: RunAlignment) -> None:
    sentence = "A storm reached the coast during the night and destroyed the roof of the school."
    pause = silence(0.4)
    parts = [part for text in (HARBOUR, LETTER, sentence, MARKET, BREAD) for part in (say(text).samples, pause)]
    run = run_alignment({"a.wav": wav(np.concatenate(parts)), "a.txt": sentence.encode()})

    (result,) = run.results
    assert result["alignedWordCount"] >= result["wordCount"] - 2
    begin = sum(map(len, parts[:4])) / RATE
    assert all(begin - 0.2 <= start <= begin + say(sentence).seconds for _, start, _ in run.words())


def test_a_number_is_placed_as_it_was_read(run_alignment: RunAlignment) -> None:
    read = "The house was built in nineteen eighty four and nobody has lived there since the last winter."
    run = run_alignment(
        {"a.wav": wav(say(read).samples), "a.txt": read.replace("nineteen eighty four", "1984").encode()}
    )

    words = {word: (start, end) for word, start, end in run.words()}
    known = dict(say(read).words)
    assert words["1984"][0] == pytest.approx(known["nineteen"], abs=0.1)
    assert words["1984"][1] == pytest.approx(known["and"], abs=0.25)


def test_missing_words_are_counted_guessed_and_handed_out(run_alignment: RunAlignment) -> None:
    text = HARBOUR.replace("yellow dog", "yellow Blorfkin, and a Blorfkin is no dog")
    run = run_alignment({"a.wav": wav(say(text).samples), "a.txt": text.encode()})

    (missing,) = run.summary["missingWords"]
    assert (missing["word"], missing["count"], run.summary["missingWordCount"]) == ("blorfkin", 2, 1)
    assert missing["suggestion"].startswith("B L")
    assert run.files["missing.dict"].decode() == f"blorfkin  {missing['suggestion']}\n"
    assert [word for word, _, _ in run.words()].count("Blorfkin") == 2
    assert run.report["missingWords"] == [missing]


def test_a_corrected_dictionary_is_used_and_its_words_are_not_missing(run_alignment: RunAlignment) -> None:
    text = HARBOUR.replace("yellow dog", "yellow Blorfkin")
    files = {
        "a.wav": wav(say(text).samples),
        "a.txt": text.encode(),
        "missing.dict": b"BLORFKIN  B L AO1 R F K IH0 N\n",
    }
    run = run_alignment(files)

    assert run.summary["missingWords"] == []
    assert "missing.dict" not in run.files
    phones = [one.text for one in run.grid().tiers[1].intervals if one.text]
    assert phones[-8:] == ["B", "L", "AO", "R", "F", "K", "IH", "N"]


def test_who_wants_to_be_asked_is_asked_once_with_the_list(run_alignment: RunAlignment) -> None:
    text = HARBOUR.replace("yellow dog", "yellow Blorfkin")
    files = {"a.wav": wav(say(text).samples), "a.txt": text.encode()}
    asked = run_alignment(files, askAboutMissingWords=True)
    assert asked.question is not None
    assert asked.question.awaiting == "missingWords"
    assert asked.question.message.startswith("One word is not in the dictionary of en-US: blorfkin.")
    assert asked.summary["missingWordCount"] == 1
    assert asked.files["missing.dict"].startswith(b"blorfkin  ")

    done = run_alignment(files, askAboutMissingWords=True, answered=frozenset({"missingWords"}))
    assert (done.question, done.error) == (None, "")
    assert (
        run_alignment({"a.wav": files["a.wav"], "a.txt": HARBOUR.encode()}, askAboutMissingWords=True).question is None
    )


def test_times_and_speakers_of_utterances_are_kept(run_alignment: RunAlignment) -> None:
    first, second = say(MARKET), say(LETTER)
    samples = np.concatenate([first.samples, silence(1.0), second.samples])
    second_start = len(first.samples) / RATE + 1.0
    table = (
        "start,end,speaker,text\n"
        f'0,{first.seconds:.2f},Ada,"{MARKET}"\n'
        f'{second_start:.2f},{len(samples) / RATE:.2f},Béla,"{LETTER}"\n'
    )
    run = run_alignment({"a.wav": wav(samples), "a.csv": table.encode()})

    assert [tier.name for tier in run.grid().tiers] == ["Ada - words", "Ada - phones", "Béla - words", "Béla - phones"]
    words = run.words(tier="Béla - words")
    assert [word for word, _, _ in words][:3] == ["My", "dear", "sister"]
    assert words[0][1] == pytest.approx(second_start + second.words[0][1], abs=0.1)


WRONG: dict[str, tuple[Callable[[], np.ndarray], str, str]] = {
    "another recording": (
        lambda: say(HARBOUR).samples,
        MARKET + " " + LETTER,
        "The transcript does not match the recording",
    ),
    "another language": (
        lambda: say(HARBOUR).samples,
        "Jeden Freitag bringen die Bauern Äpfel und Käse zum Markt, weil der Regen entscheidet, was sie verkaufen können.",
        "of the words are not in the dictionary of en-US",
    ),
    "digital silence": (lambda: silence(10.0), HARBOUR, "The recording is silent"),
    "noise alone": (lambda: hiss(12.0), HARBOUR, "No speech was found"),
    "two words for another two": (
        lambda: say("yellow dog").samples,
        "seventy kilometres",
        "The transcript does not match the recording",
    ),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_does_not_belong_together_is_an_error_and_never_an_alignment(
    run_alignment: RunAlignment, case: str
) -> None:
    make, text, sentence = WRONG[case]
    run = run_alignment({"a.wav": wav(make()), "a.txt": text.encode()})

    assert run.items[0].status is ItemStatus.FAILED
    assert sentence in run.error
    assert run.items[0].files == ()
    assert run.items[0].audio_seconds == 0.0


def test_a_recording_that_is_too_short_says_how_long_it_must_be(run_alignment: RunAlignment) -> None:
    samples = say(HARBOUR).samples[RATE // 2 : RATE * 3 // 4]
    run = run_alignment({"a.wav": wav(samples), "a.txt": b"The old harbour was quiet"})

    assert "The recording is too short: 0.25 s" in run.error


def test_a_header_that_lies_about_the_rate_is_found_out(run_alignment: RunAlignment) -> None:
    run = run_alignment({"a.wav": wav(say(HARBOUR).samples, rate=32_000), "a.txt": HARBOUR.encode()})

    assert "The header of the recording tells a wrong rate" in run.error
    assert "2 times" in run.error


def test_another_text_is_not_taken_for_a_wrong_rate(run_alignment: RunAlignment) -> None:
    run = run_alignment({"a.wav": wav(say(MARKET).samples, rate=8_000), "a.txt": LETTER.encode()})

    assert "The transcript does not match the recording" in run.error


def test_a_pair_that_fails_leaves_the_others(run_alignment: RunAlignment) -> None:
    files = {
        "a.wav": wav(say(HARBOUR).samples),
        "a.txt": HARBOUR.encode(),
        "b.wav": wav(silence(3.0)),
        "b.txt": MARKET.encode(),
        "c.wav": b"RIFF",
        "c.txt": MARKET.encode(),
    }
    run = run_alignment(files)

    assert [item.status for item in run.items] == [ItemStatus.COMPLETED, ItemStatus.FAILED, ItemStatus.FAILED]
    assert [one["status"] for one in run.report["recordings"]] == ["completed", "failed", "failed"]
    assert run.lines[-1] == f"1 of 3 recordings aligned; {len(HARBOUR.split())} of {len(HARBOUR.split())} words placed."


def test_files_without_a_partner_are_told_and_alone_refused(run_alignment: RunAlignment) -> None:
    sound = wav(say(HARBOUR).samples)
    run = run_alignment({"a.wav": sound, "a.txt": HARBOUR.encode(), "b.wav": sound, "c.txt": b"x"})
    assert len(run.items) == 1
    left_out = next(line for line in run.lines if line.startswith("Left out: "))
    assert left_out.startswith("Left out: “b.wav” has no transcript")

    with pytest.raises(Refusal) as caught:
        run_alignment({"a.wav": sound, "b.wav": sound})
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "input.uploadIds")


def test_a_layout_that_is_not_that_of_the_file_is_refused(run_alignment: RunAlignment) -> None:
    files = {"a.wav": wav(say(HARBOUR).samples), "a.txt": HARBOUR.encode()}
    assert run_alignment(files, transcripts="TEXT").error == ""
    assert "is laid out as TEXT, and options.transcripts says TABLE" in run_alignment(files, transcripts="TABLE").error


def test_an_operators_model_is_found_by_its_manifest(run_alignment: RunAlignment, tmp_path: Path) -> None:
    from processors.alignment.languages import english  # noqa: PLC0415

    model = english()
    folder = tmp_path / "models" / "australian"
    folder.mkdir(parents=True)
    (folder / "acoustic").symlink_to(model.acoustic_model)
    (folder / "au.dict").symlink_to(model.dictionary)
    (folder / "manifest.json").write_text(
        '{"language": "en-AU", "name": "Read speech", "acousticModel": "acoustic", "dictionary": "au.dict"}'
    )
    files = {"a.wav": wav(say(HARBOUR).samples), "a.txt": HARBOUR.encode()}
    run = run_alignment(files, language="en-AU", resources={"speechModels": tmp_path / "models"})

    assert run.results[0]["language"] == run.summary["language"] == "en-AU"
    with pytest.raises(Refusal) as caught:
        run_alignment(files, language="en-AU")
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "options.language")
