"""A Python client of a running server; it imports no room.

The demo, the journeys and the benchmarks use it.
"""
