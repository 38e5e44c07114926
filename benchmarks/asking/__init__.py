"""Parts of `benchmarks/graphql.py`: the servers that are asked, and the load."""
