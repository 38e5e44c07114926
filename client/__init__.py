"""Talking to a running server from Python: what the demo, the journeys and the benchmarks use; it imports no room."""
