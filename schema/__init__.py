"""The public schema: types, query, mutation, subscription."""
