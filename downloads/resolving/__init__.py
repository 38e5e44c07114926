"""Resolving: the files that a URL leads to."""
