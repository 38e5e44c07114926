"""Parts of `benchmarks/leads.py`: the workbook, and what others take to read it."""
