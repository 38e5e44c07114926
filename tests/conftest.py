"""What the tests of all rooms share."""

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.databases import Template, made_postgres, made_sqlite


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """A migrated database for `tests.databases.opened`; whoever asks for it runs on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("template")
    if request.param == "sqlite":
        yield made_sqlite(folder)
    else:
        with made_postgres(service_or_skip("postgres", "TEST_DATABASE_URL"), folder) as made:
            yield made


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
