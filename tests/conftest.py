"""What the tests of all rooms share."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from tests.databases import Template, made_postgres, made_sqlite

TESTS = Path(__file__).parent
_ROOMS_WITH_PROCESSES = {"journeys", "clients", "client", "repo"}


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """A migrated database for `tests.databases.opened`; whoever asks for it runs on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("template")
    if request.param == "sqlite":
        yield made_sqlite(folder)
    else:
        with made_postgres(service_or_skip("postgres", "TEST_DATABASE_URL"), folder) as made:
            yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what may run side by side (`dev.py test`): files may, but all that starts programs or speaks to Redis is one group.

    Redis tells what is published to everybody who listens, whatever database they use.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group_of(item.path)))


@cache
def _group_of(path: Path) -> str:
    place = path.relative_to(TESTS)
    has_processes = place.parts[0] in _ROOMS_WITH_PROCESSES or "TEST_REDIS_URL" in path.read_text(encoding="utf-8")
    return "processes" if has_processes else str(place)


def service_or_skip(name: str, env: str) -> str:
    """The address of a service that a test needs, from the environment variable `env`; see `skip_or_fail`."""
    return os.environ.get(env) or skip_or_fail(name, f"This test needs {name}: set {env}.")


def skip_or_fail(name: str, sentence: str) -> NoReturn:
    """Skip the test, which needs `name`; where WAYBILL_TEST_REQUIRE (`postgres,redis,node,chromium`) names it, fail.

    A machine that should have it can then not leave the test out unnoticed.
    """
    if name in os.environ.get("WAYBILL_TEST_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(sentence)
    pytest.skip(sentence)
