"""Settings, errors, logging, resilience and words for every room."""
