"""Parts of the benchmark of downloads."""
