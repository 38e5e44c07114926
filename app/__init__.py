"""Wiring that server.py and worker.py share: it opens connections and chooses implementations."""
