"""Enrichment of leads: what is asked of another machine, and what is taken of its answer."""
