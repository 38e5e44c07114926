"""Receiving bytes: the tus protocol and an upload's life."""
