"""Aligning recordings with their transcripts: when each word and sound is spoken."""
