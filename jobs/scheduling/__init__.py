"""Scheduling of slices: selection, claims, leases, positions, parking."""
