"""What `benchmarks/api.py` is made of: a database full of jobs, the servers, the load, and the table."""
