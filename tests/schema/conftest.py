"""The whole application over a real database, without workers."""

from tests.web_app import app, bounds, empty_database, live  # noqa: F401  fixtures
