"""Files at rest: where they lie, read, write, checksum."""
