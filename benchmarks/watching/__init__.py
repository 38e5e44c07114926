"""Parts of the benchmark of subscriptions."""
