"""The kind `omr`: scanned answer sheets become answers, each with its proof."""
