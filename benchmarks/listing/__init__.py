"""Parts of `benchmarks/api.py`: a full database, the lists and claims on it."""
