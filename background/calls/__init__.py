"""Calls of processors: what goes in, what comes back while one runs, and how it ends."""
