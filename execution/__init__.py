"""Fast execution of GraphQL. It knows nothing of jobs, uploads or the database."""
