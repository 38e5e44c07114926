"""Fetching the files that URLs lead to."""
