"""Planning an alignment: pairs of files, the words that are missing, the length of the sound."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from base.errors import ErrorCode, Refusal
from processors.alignment.audio import decode
from processors.alignment.dictionary import Dictionary, read_dict, write_missing
from processors.alignment.endings import WORKBOOK_ENDING
from processors.alignment.languages import SPEECH_MODELS, SpeechModel, find_model
from processors.alignment.missing_words import MissingWord
from processors.alignment.options import AlignmentOptions, TranscriptLayout
from processors.alignment.outputs import MISSING_DICT, WORDS
from processors.alignment.pairing import ending_of
from processors.alignment.textgrid import is_textgrid
from processors.alignment.transcripts import Pairing, Utterance, pair_files, read_transcript
from processors.alignment.vocabulary import Vocabulary
from processors.alignment.workbooks import read_workbook
from processors.contract import FileRole, LogLevel, MadeFile, NeedsInput, Planned, PlannedSlice, Source, Summary, Work

QUESTION = "missingWords"
MOST_SHOWN = 1_000
"""Missing words in the summary; missing.dict has all of them."""


@dataclass(frozen=True, slots=True)
class Transcripts:
    """How the transcripts of a job are read."""

    model: SpeechModel
    layout: TranscriptLayout
    vocabulary: Vocabulary
    folder: Path


def plan_alignment(work: Work, options: AlignmentOptions, sources: Sequence[Source]) -> Iterator[Planned]:
    """One item for each recording, in the natural order of their names, each a slice of its own.

    Raises:
        Refusal: BAD_INPUT where nothing can be paired, or the language is none that is here; of a dictionary that cannot be read.
        NeedsInput: Words are missing, and the owner wants to be asked.
    """
    pairing = pair_files([source.name for source in sources])
    check_pairing(work, pairing)
    transcripts = open_transcripts(work, options, sources, pairing.dictionaries)
    word_count, seconds = 0, 0.0
    for number, pair in enumerate(pairing.pairs):
        word_count += count_words(transcripts, sources[pair.transcript])
        seconds += measure_sound(sources[pair.audio])
        work.progress(number + 1, len(pairing.pairs))
    missing = transcripts.vocabulary.missing
    yield Summary(describe(transcripts.model.language, seconds, word_count, missing))
    path = work.folder / WORDS
    path.write_bytes(orjson.dumps([asdict(one) for one in missing]))
    yield MadeFile(path, WORDS, "application/json", FileRole.INTERMEDIATE)
    if missing:
        yield write_missing_dict(work, missing)
        work.log(LogLevel.WARNING, missing_sentence(missing, transcripts.model.language))
        if options.ask_about_missing_words and QUESTION not in work.answered:
            raise NeedsInput(QUESTION, missing_sentence(missing, transcripts.model.language))
    for pair in pairing.pairs:
        payload = {"audio": pair.audio, "transcript": pair.transcript, "dictionaries": list(pairing.dictionaries)}
        yield PlannedSlice([sources[pair.audio].name], payload)


def check_pairing(work: Work, pairing: Pairing) -> None:
    """Tell which files are left out. Raises Refusal BAD_INPUT where no recording has a transcript."""
    if not pairing.pairs:
        reason = pairing.unpaired[0].reason if pairing.unpaired else "There are dictionaries alone."
        raise Refusal(ErrorCode.BAD_INPUT, f"No recording has a transcript. {reason}", "input.uploadIds")
    for one in pairing.unpaired:
        work.log(LogLevel.WARNING, f"Left out: {one.reason}")


def open_transcripts(
    work: Work, options: AlignmentOptions, sources: Sequence[Source], dictionaries: Sequence[int]
) -> Transcripts:
    """What is needed to read transcripts: the language's dictionary, the client's own before it, and what planning guessed."""
    model = find_model(options.language, work.resources.get(SPEECH_MODELS))
    dictionary = Dictionary.load(model.dictionary, model.spellings)
    for place in dictionaries:
        dictionary = dictionary.merged(read_dict(sources[place].path.read_bytes()))
    guesses = {one.word: one.suggestion for one in read_missing(work)}
    return Transcripts(model, options.transcripts, Vocabulary(dictionary, model.language, guesses), work.folder)


def read_utterances(transcripts: Transcripts, source: Source) -> list[Utterance]:
    """The utterances of a transcript. Raises Refusal, also where it is laid out otherwise than the options say."""
    data = source.path.read_bytes()
    is_workbook = ending_of(source.name) == WORKBOOK_ENDING
    utterances = read_workbook(source, transcripts.folder) if is_workbook else read_transcript(source.name, data)
    layout = layout_of(data, utterances)
    if transcripts.layout not in {TranscriptLayout.AUTO, layout}:
        message = f"“{source.name}” is laid out as {layout}, and options.transcripts says {transcripts.layout}."
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.transcripts")
    return utterances


def layout_of(data: bytes, utterances: Sequence[Utterance]) -> TranscriptLayout:
    """As what a transcript was read."""
    if is_textgrid(data):
        return TranscriptLayout.UTTERANCES
    return TranscriptLayout.TEXT if utterances[0].start is None else TranscriptLayout.TABLE


def count_words(transcripts: Transcripts, source: Source) -> int:
    """The words of a transcript; 0 for one that cannot be read, whose item will fail."""
    try:
        return len(transcripts.vocabulary.read(read_utterances(transcripts, source)).words)
    except Refusal:
        return 0


def measure_sound(source: Source) -> float:
    """Seconds of a recording; 0 for one that cannot be decoded, whose item will fail."""
    try:
        return decode(source.path).seconds
    except Refusal:
        return 0.0


def describe(language: str, seconds: float, word_count: int, missing: Sequence[MissingWord]) -> dict[str, object]:
    """The summary of the job, as JSON."""
    return {
        "language": language,
        "duration": round(seconds, 3),
        "wordCount": word_count,
        "missingWordCount": len(missing),
        "missingWords": [asdict(one) for one in missing[:MOST_SHOWN]],
    }


def missing_sentence(missing: Sequence[MissingWord], language: str) -> str:
    """For people: how many words are missing, and the first of them."""
    first = ", ".join(one.word for one in missing[:5])
    count = f"{len(missing):,} words are" if len(missing) > 1 else "One word is"
    return f"{count} not in the dictionary of {language}: {first}{', …' if len(missing) > 5 else ''}. Their pronunciations are guessed."


def read_missing(work: Work) -> list[MissingWord]:
    """The words that planning found missing; none while it has not ended."""
    return [MissingWord(**one) for one in orjson.loads(work.spool[WORDS].read_bytes())] if WORDS in work.spool else []


def write_missing_dict(work: Work, missing: Sequence[MissingWord]) -> MadeFile:
    """The missing words with their guesses, to be corrected and uploaded again."""
    path = work.folder / MISSING_DICT
    path.write_bytes(write_missing((one.word, one.suggestion) for one in missing if one.suggestion))
    return MadeFile(path, MISSING_DICT, "text/plain; charset=utf-8")
