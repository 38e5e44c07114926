"""The kind `external`: work of another program."""
