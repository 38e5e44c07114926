"""Bytes at rest: ports, and what implements them."""
