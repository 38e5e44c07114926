"""Spelling: letters aligned with phones, and the model that a dictionary teaches."""
