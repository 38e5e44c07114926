"""Options of the kind `alignment`."""

from enum import StrEnum

from pydantic import Field

from processors.alignment.languages import ENGLISH, TAG
from processors.manifest import Options


class TranscriptLayout(StrEnum):
    """How the transcripts are laid out."""

    AUTO = "AUTO"
    TEXT = "TEXT"
    UTTERANCES = "UTTERANCES"
    TABLE = "TABLE"


class AlignmentOptions(Options):
    """How recordings are aligned with their transcripts."""

    language: str = Field(
        ENGLISH, pattern=TAG, max_length=35, description="BCP 47; see serverInfo.processors.languages."
    )
    transcripts: TranscriptLayout = Field(
        TranscriptLayout.AUTO, description="How the transcripts are laid out; found from the files where left out."
    )
    ask_about_missing_words: bool = Field(
        False,
        alias="askAboutMissingWords",
        description="True: stop in AWAITING_INPUT when words are missing, until startJob.",
    )
