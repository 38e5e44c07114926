"""What `benchmarks.jobs` measures with: the empty processor, and servers with workers beside them."""
