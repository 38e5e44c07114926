"""One folder per kind of work; pure: no database, no queue, no GraphQL."""
