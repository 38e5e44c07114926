"""Endings of the files that an alignment takes."""

AUDIO_ENDINGS = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".webm", ".aif", ".aiff", ".aifc", ".aac", ".mp4", ".mka",
    ".mkv", ".wma", ".amr", ".caf", ".w64", ".weba", ".mp2", ".3gp", ".mov",
)  # fmt: skip
TABLE_ENDINGS = (".csv", ".tsv")
WORKBOOK_ENDING = ".xlsx"
TRANSCRIPT_ENDINGS = (".textgrid", *TABLE_ENDINGS, WORKBOOK_ENDING, ".lab", ".txt")
"""The most telling first."""
DICTIONARY_ENDINGS = (".dict", ".dic")
