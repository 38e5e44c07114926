"""What `benchmarks/uploads.py` is made of: a load client, pings, two kinds of servers, and a table."""
