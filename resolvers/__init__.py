"""Resolvers of root fields: arguments in, one domain call, type out."""
