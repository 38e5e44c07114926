"""Executors: ways to do a call of a processor, behind one interface."""
