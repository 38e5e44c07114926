"""Recorders of work: items, files, logs, progress, reports, outcomes."""
