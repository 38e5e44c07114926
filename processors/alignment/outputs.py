"""Names and types of what an alignment makes."""

WORDS = "words.json"
"""The missing words, between planning and finishing."""
MISSING_DICT = "missing.dict"
TEXTGRID_TYPE = "text/praat-textgrid"
