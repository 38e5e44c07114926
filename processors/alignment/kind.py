"""The manifest of the kind `alignment`."""

from base.words import JobType
from processors.alignment.endings import AUDIO_ENDINGS, DICTIONARY_ENDINGS, TRANSCRIPT_ENDINGS
from processors.alignment.options import AlignmentOptions
from processors.manifest import Kind, StageInfo

KIND = Kind(
    name="alignment",
    job_type=JobType.TASK,
    description="Aligns recordings with their transcripts: Praat TextGrids that say when each word and phone is spoken.",
    invitation="Align recordings with their transcripts.",
    stages=(
        StageInfo("read", "Reading transcripts", 5),
        StageInfo("align", "Aligning", 93),
        StageInfo("write", "Writing results", 2),
    ),
    options=AlignmentOptions,
    accept=(*AUDIO_ENDINGS, *TRANSCRIPT_ENDINGS, *DICTIONARY_ENDINGS),
    min_files=2,
    max_files=2_000,
    processor="processors.alignment.processor:AlignmentProcessor",
    reads_inputs=True,
    reads_item_files=False,
    languages="processors.alignment.languages:list_languages",
)
