"""Asking other machines: which addresses may be called, and a session that connects to no other."""
