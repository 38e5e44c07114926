"""Telling other systems: who is to be told of which events, and every delivery until it has arrived."""
