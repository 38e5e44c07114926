"""The whole application over a real database, without workers."""

from tests.web_app import app, empty_database  # noqa: F401  fixtures
