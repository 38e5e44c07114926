"""How the tables came to be, one step per file, only ever added to."""
