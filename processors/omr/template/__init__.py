"""Templates: where the marks, fields and bubbles of a sheet lie."""
