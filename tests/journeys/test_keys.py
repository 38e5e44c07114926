"""The secret key: one for all servers, changed without anybody noticing, and never another one unnoticed."""

import asyncio
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from client.api import Waybill, WaybillError
from client.server_process import ServerFailed, ServerProcess
from tests.conftest import service_or_skip
from tests.databases import empty_postgres
from tests.journeys.commands import run_server_command

pytestmark = pytest.mark.long

OLD, NEW = "the old key of the tests: long enough", "the new key of the tests: long enough"
PASSWORD = "a password of the tests"
LOGIN = 'mutation ($p: String!) { login(username: "admin", password: $p) { accessToken refreshToken } }'
REFRESH = "mutation ($t: String!) { refreshSession(refreshToken: $t) { accessToken refreshToken } }"
SIGNED = """mutation { createUpload(input: {filename: "a.bin", size: 5}) { url } }"""
WAITING = """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE NOT l.granted AND d.datname = current_database()"""
ANOTHER_KEY = "The servers of this database sign with another secret key than this one would: "


@dataclass(frozen=True)
class Signed:
    """All that a server signs: an access token, the path of a link, the path of an upload; and a refresh token."""

    token: str
    link: str
    upload: str
    refresh_token: str


def server_with(data_dir: Path, key: str, *others: str, **settings: str) -> ServerProcess:
    own = {
        "WAYBILL_SECRET_KEY": key,
        "WAYBILL_OTHER_SECRET_KEYS": ",".join(others),
        "WAYBILL_ADMIN_PASSWORD": PASSWORD,
        "WAYBILL_WORKERS": "0",
    }
    return ServerProcess(data_dir, {**settings, **own}, data_dir.with_name(f"{len(settings)}-{key[4:7]}.log"))


async def signed_by(server: ServerProcess) -> Signed:
    guides = server.data_dir / "guides"
    guides.mkdir(exist_ok=True)
    (guides / "manual.pdf").write_bytes(b"%PDF-1.4")
    async with Waybill(server.base_url) as waybill:
        session = (await waybill.execute(LOGIN, {"p": PASSWORD}))["login"]
        waybill.token = session["accessToken"]
        (guide,) = (await waybill.execute("{ guides { url } }"))["guides"]
        upload = (await waybill.execute(SIGNED))["createUpload"]
    link = urlsplit(guide["url"])
    return Signed(
        session["accessToken"], f"{link.path}?{link.query}", urlsplit(upload["url"]).path, session["refreshToken"]
    )


async def code_of(waybill: Waybill, query: str) -> str:
    """The code with which the server refuses; empty where it does not."""
    try:
        await waybill.execute(query)
    except WaybillError as error:
        return error.code
    return ""


async def taken(server: ServerProcess, signed: Signed) -> tuple[bool, bool, bool]:
    """Whether the server takes the access token, the link and the address of the upload."""
    async with Waybill(server.base_url, signed.token) as waybill, aiohttp.ClientSession() as session:
        token = await code_of(waybill, "{ jobs { totalCount } }")
        assert token in {"", "INVALID_TOKEN"}
        async with session.get(f"{server.base_url}{signed.link}") as link:
            assert link.status in {200, 404}
        async with session.head(f"{server.base_url}{signed.upload}", headers={"Tus-Resumable": "1.0.0"}) as upload:
            assert upload.status in {200, 401, 403, 404}
        return token == "", link.status == 200, upload.status == 200


ALL, NONE = (True, True, True), (False, False, False)


async def test_one_server_changes_its_key_and_what_was_signed_stays_good_until_the_old_one_is_dropped(
    tmp_path: Path,
) -> None:
    async with server_with(tmp_path / "data", OLD) as server:
        before = await signed_by(server)
        assert await taken(server, before) == ALL
    async with server_with(tmp_path / "data", NEW, OLD) as server:
        after = await signed_by(server)
        assert (await taken(server, before), await taken(server, after)) == (ALL, ALL)
    async with server_with(tmp_path / "data", NEW) as server:
        assert (await taken(server, before), await taken(server, after)) == (NONE, ALL)


async def test_two_servers_change_their_key_one_after_the_other_and_each_takes_what_the_other_signs(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    data_dir = tmp_path / "data"

    def first(key: str, *others: str) -> ServerProcess:
        return server_with(data_dir, key, *others, **shared)

    def second(key: str, *others: str) -> ServerProcess:
        return server_with(data_dir, key, *others, **shared, WAYBILL_LOG_LEVEL="info")

    async with first(OLD) as one, second(OLD, NEW) as two:
        before = await signed_by(one)
        assert (await taken(one, before), await taken(two, before)) == (ALL, ALL)
        await one.stop()
        async with first(OLD, NEW):
            pass
        async with first(NEW, OLD) as one_again:  # two signs with the old key still
            new, old = await signed_by(one_again), await signed_by(two)
            for signed in (before, new, old):
                assert (await taken(one_again, signed), await taken(two, signed)) == (ALL, ALL)
            await two.restart()  # the database has heard of the new key meanwhile
            assert await taken(two, new) == ALL
            await two.stop()
            async with second(NEW, OLD):
                pass
    async with first(NEW) as one, second(NEW) as two:
        for server in (one, two):
            assert (await taken(server, before), await taken(server, old), await taken(server, new)) == (
                NONE,
                NONE,
                ALL,
            )


async def test_a_server_with_another_key_than_the_database_knows_does_not_start_until_the_lost_one_is_forgotten(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    async with server_with(data_dir, OLD) as server:
        before = await signed_by(server)
    with pytest.raises(ServerFailed) as failed:
        await server_with(data_dir, NEW).start()
    forgotten = await run_server_command(data_dir, "--forget-secret-key")
    async with server_with(data_dir, NEW) as server:
        assert await taken(server, before) == NONE
        async with Waybill(server.base_url) as waybill:
            session = (await waybill.execute(REFRESH, {"t": before.refresh_token}))["refreshSession"]
            waybill.token = session["accessToken"]
            assert (await waybill.execute("{ viewer { username } }"))["viewer"] == {"username": "admin"}
    with pytest.raises(ServerFailed) as failed_again:
        await server_with(data_dir, OLD).start()

    for failure in (failed, failed_again):
        assert failure.value.last_line.startswith(ANOTHER_KEY)
        assert "--forget-secret-key" in failure.value.last_line
        assert OLD not in str(failure.value)
        assert NEW not in str(failure.value)
    assert (forgotten.code, forgotten.stderr) == (0, "")
    assert len(forgotten.stdout.splitlines()) == 1


async def test_where_the_key_file_was_lost_no_new_one_is_taken_unnoticed(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", {"WAYBILL_WORKERS": "0"})
    async with server:
        pass
    key = (server.data_dir / "secret_key").read_text()
    (server.data_dir / "secret_key").unlink()
    with pytest.raises(ServerFailed) as failed:
        await server.start()
    (server.data_dir / "secret_key").write_text(key)
    async with server:
        assert server.is_running

    assert failed.value.last_line.startswith(ANOTHER_KEY)


@pytest.fixture
def empty(redis_url: str, redis_prefix: str) -> Iterator[dict[str, str]]:
    """The settings of servers that share a PostgreSQL without tables, and a Redis."""
    with empty_postgres(service_or_skip("postgres", "TEST_DATABASE_URL")) as url:
        yield {
            "WAYBILL_DATABASE_URL": url,
            "WAYBILL_REDIS_URL": redis_url,
            "WAYBILL_REDIS_PREFIX": redis_prefix,
            "WAYBILL_WORKERS": "0",
        }


async def test_four_servers_that_start_at_once_on_nothing_have_one_key_and_one_admin(
    tmp_path: Path, empty: dict[str, str]
) -> None:
    data_dir = tmp_path / "data"
    servers = [ServerProcess(data_dir, empty, tmp_path / f"{number}.log") for number in range(4)]
    try:
        await asyncio.gather(*(server.start() for server in servers))
        (told,) = [server for server in servers if server.admin_password]
        async with Waybill(told.base_url) as waybill:
            await waybill.login("admin", told.admin_password)
            for server in servers:
                async with Waybill(server.base_url, waybill.token) as elsewhere:
                    users = (await elsewhere.execute("{ users { username role } }"))["users"]
                    assert users == [{"username": "admin", "role": "ADMIN"}]
        printed = Counter("Admin: user name" in server.output() for server in servers)
    finally:
        await asyncio.gather(*(server.kill() for server in servers))

    assert printed == {True: 1, False: 3}
    assert [path.name for path in data_dir.glob("secret_key*")] == ["secret_key"]
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert len((data_dir / "secret_key").read_text()) == 64


async def test_of_servers_that_find_nobody_at_the_same_moment_one_makes_the_admin(
    tmp_path: Path, empty: dict[str, str]
) -> None:
    data_dir = tmp_path / "data"
    await run_server_command(data_dir, "--migrate", settings=empty)
    servers = [ServerProcess(data_dir, empty, tmp_path / f"{number}.log") for number in range(3)]
    held = await asyncpg.connect(empty["WAYBILL_DATABASE_URL"])
    starting = [asyncio.create_task(server.start()) for server in servers]
    try:
        async with asyncio.timeout(60):
            async with held.transaction():
                await held.execute("LOCK TABLE users IN EXCLUSIVE MODE")  # all may look, nobody may write
                while await held.fetchval(WAITING) < len(servers):  # noqa: ASYNC110  a database tells nobody
                    await asyncio.sleep(0.05)
            await asyncio.gather(*starting)
        passwords = [server.admin_password for server in servers if server.admin_password]
        users = await held.fetchval("SELECT count(*) FROM users")
    finally:
        await held.close()
        await asyncio.gather(*starting, return_exceptions=True)
        await asyncio.gather(*(server.kill() for server in servers))

    assert (len(passwords), users) == (1, 1)
