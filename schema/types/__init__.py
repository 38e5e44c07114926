"""The types of the API, one file per noun."""
