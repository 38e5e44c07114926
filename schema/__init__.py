"""What clients see: types, query, mutation, subscription."""
