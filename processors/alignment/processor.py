"""The processor of kind `alignment`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import orjson

from base.errors import ErrorCode, Refusal
from processors.alignment.audio import Sound, decode, write_wav
from processors.alignment.options import AlignmentOptions
from processors.alignment.outputs import TEXTGRID_TYPE
from processors.alignment.pairing import stem_name
from processors.alignment.passes.alignment import Aligned, align_script
from processors.alignment.passes.script import Script
from processors.alignment.planning import (
    open_transcripts,
    plan_alignment,
    read_missing,
    read_utterances,
    write_missing_dict,
)
from processors.alignment.results.grid import grid_of
from processors.alignment.results.report import Tally
from processors.alignment.textgrid import write_textgrid
from processors.contract import (
    AssignedSlice,
    FileRole,
    ItemError,
    ItemResult,
    ItemStatus,
    LogLevel,
    MadeFile,
    Planned,
    Source,
    Work,
)

MOST_UNPLACED = 200
"""Words that a result lists; the TextGrid lacks all of them."""


class AlignmentProcessor:
    """Aligns recordings: each of them is an item."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[Planned]:
        """See `planning`."""
        yield from plan_alignment(work, cast("AlignmentOptions", work.options), inputs)

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        """COMPLETED with a TextGrid and the WAV that it belongs to, or FAILED with the reason."""
        for index in part.indices:
            audio = work.inputs[part.payload["audio"]]
            transcript = work.inputs[part.payload["transcript"]]
            try:
                yield align_pair(work, index, audio, transcript, part.payload["dictionaries"])
            except Refusal as refusal:
                error = ItemError(refusal.code, refusal.message)
                yield ItemResult(index, ItemStatus.FAILED, orjson.dumps({"name": audio.name}), error)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """missing.dict, where words are missing, and report.json."""
        missing = read_missing(work)
        if missing:
            yield write_missing_dict(work, missing)
        tally = Tally()
        for item in results:
            tally.add(item)
        report = work.folder / "report.json"
        report.write_bytes(orjson.dumps(tally.report(missing), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        work.log(LogLevel.SUCCESS, tally.sentence())
        yield MadeFile(report, "report.json", "application/json", FileRole.REPORT)


def align_pair(work: Work, index: int, audio: Source, transcript: Source, dictionaries: Sequence[int]) -> ItemResult:
    """Align one recording with its transcript. Raises Refusal."""
    transcripts = open_transcripts(work, cast("AlignmentOptions", work.options), work.inputs, dictionaries)
    script = transcripts.vocabulary.read(read_utterances(transcripts, transcript))
    if (share := transcripts.vocabulary.seems_foreign(script)) is not None:
        message = (
            f"{share:.0%} of the words are not in the dictionary of {transcripts.model.language}: the text is of another "
            "language. Choose that one, or upload a .dict with its words."
        )
        raise Refusal(ErrorCode.PROCESSING_FAILED, message)
    sound = decode(audio.path)
    aligned = align_script(sound.samples, script, transcripts.model, work.folder, lambda part: work.progress(part, 1.0))
    files = write_files(work, index, stem_name(audio.name), sound, script, aligned)
    warnings = [*sound.warnings, *warnings_of(script, aligned)]
    for warning in warnings:
        work.log(LogLevel.WARNING, f"{audio.name}: {warning}")
    result = {
        "name": audio.name,
        "transcript": transcript.name,
        "language": transcripts.model.language,
        "duration": round(sound.seconds, 6),
        "wordCount": len(script.words),
        "alignedWordCount": len(aligned.words),
        "unalignedWords": [
            {"index": place, "word": script.words[place].shown[:100]} for place in aligned.unplaced[:MOST_UNPLACED]
        ],
        "match": round(aligned.share, 3),
        "warnings": warnings,
    }
    return ItemResult(index, ItemStatus.COMPLETED, orjson.dumps(result), files=files, audio_seconds=sound.seconds)


def write_files(work: Work, index: int, stem: str, sound: Sound, script: Script, aligned: Aligned) -> list[MadeFile]:
    """The TextGrid and the WAV that it belongs to: other programs decode the upload to other times."""
    wav, grid = (work.folder / f"{index}.{ending}" for ending in ("wav", "TextGrid"))
    write_wav(sound, wav)
    grid.write_bytes(write_textgrid(grid_of(script, aligned, sound.seconds)))
    return [MadeFile(grid, f"{stem}.TextGrid", TEXTGRID_TYPE), MadeFile(wav, f"{stem}.wav", "audio/wav")]


def warnings_of(script: Script, aligned: Aligned) -> list[str]:
    """What a person should know of an alignment."""
    warnings = []
    if aligned.is_doubtful:
        warnings.append(f"Only {aligned.share:.0%} of the words were heard in their order: look at the result.")
    if aligned.unplaced:
        shown = ", ".join(script.words[place].shown[:40] for place in aligned.unplaced[:5])
        count = f"{len(aligned.unplaced):,} words were" if len(aligned.unplaced) > 1 else "One word was"
        warnings.append(f"{count} not found: {shown}{', …' if len(aligned.unplaced) > 5 else ''}.")
    return warnings
