"""Compiled plans: Python functions generated for one selection set each."""
