"""All that runs without a request: the queue, its worker, child processes, sweepers and deliveries."""
