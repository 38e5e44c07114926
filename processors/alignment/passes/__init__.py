"""The passes of an alignment, from samples and words to times: pure, one recording at a time."""
