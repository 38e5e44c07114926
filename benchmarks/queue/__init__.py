"""Parts of `benchmarks/jobs.py`: an empty processor, servers, workers."""
