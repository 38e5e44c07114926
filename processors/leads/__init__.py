"""The `leads` processor: a table of people in, a clean, scored table of reachable leads out."""
