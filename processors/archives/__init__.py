"""ZIP archives, read in place: never extracted, never trusted."""
