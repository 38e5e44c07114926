"""Endings of the files that an alignment takes."""

AUDIO_ENDINGS = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".webm", ".aif", ".aiff", ".aifc", ".aac", ".mp4", ".mka",
    ".mkv", ".wma", ".amr", ".caf", ".w64", ".weba", ".mp2", ".3gp", ".mov",
)  # fmt: skip
TEXT_ENDINGS = (".lab", ".txt")
TABLE_ENDINGS = (".csv", ".tsv")
TEXTGRID_ENDING = ".textgrid"
DICTIONARY_ENDINGS = (".dict", ".dic")
