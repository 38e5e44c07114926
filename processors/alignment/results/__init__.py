"""The results of an alignment: TextGrids and the report."""
