"""Tables of any kind of file: read cell by cell, written as CSV."""
