"""Answer sheets for the benchmark of sheets, read in one process."""
