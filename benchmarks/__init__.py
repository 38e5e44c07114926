"""Benchmarks. `python3 dev.py bench [name]` runs one file of this folder, or all of them."""
