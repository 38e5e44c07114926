"""A job's life, its slices and items, its progress, log and history."""
