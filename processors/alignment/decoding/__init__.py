"""Decoding recordings: formats, readers, one channel at one rate."""
