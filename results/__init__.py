"""Handing finished files out: signed links, Range, the right names, and bundles that are ZIP files on the fly."""
