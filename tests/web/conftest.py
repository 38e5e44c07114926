"""The whole application over a real database, without workers; and event loops for real connections."""

from tests.web.connections_for_tests import run  # noqa: F401  a fixture
from tests.web_app import app, bounds, empty_database, live  # noqa: F401  fixtures
