"""Telling subscribers: typed events over Redis, or in process."""
