"""Parts of `benchmarks/uploads.py`: load, pings, servers, table."""
