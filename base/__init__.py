"""What every room may import: settings, errors, logging and the words they share; it stays four files."""
