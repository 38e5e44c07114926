"""A server process: started, read, killed, started again; with a stand-in for server.py."""

from pathlib import Path

import pytest

from client import server_process
from client.server_process import ServerFailed, ServerProcess

STAND_IN = """
import http.server, os, pathlib, signal, sys, threading
assert "WAYBILL_STRANGE" not in os.environ
if os.environ.get("WAYBILL_BREAK"):
    sys.exit("The port is taken.")
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", int(os.environ["WAYBILL_PORT"])), Answers)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
seen = pathlib.Path(os.environ["WAYBILL_DATA_DIR"], "seen")
if not seen.exists():
    print("Admin: user name admin, password pass-word (shown this once)")
    seen.touch()
print(f"Waybill 0.1.0 is ready: http://127.0.0.1:{server.server_port}/graphql")
server.serve_forever()
server.server_close()
"""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "server.py").write_text(STAND_IN)
    monkeypatch.setattr(server_process, "ROOT", tmp_path)
    monkeypatch.setenv("WAYBILL_STRANGE", "1")
    return tmp_path / "data"


async def test_first_start_tells_address_and_password_and_stop_ends_it_in_order(data_dir: Path) -> None:
    async with ServerProcess(data_dir) as server:
        assert server.base_url.startswith("http://127.0.0.1:")
        assert (server.admin_name, server.admin_password) == ("admin", "pass-word")
        assert server.pid > 0
        status = await server.stop()

    assert status == 0
    assert not server.is_running


async def test_restart_after_a_kill_keeps_port_folder_and_password(data_dir: Path) -> None:
    async with ServerProcess(data_dir) as server:
        before, first = server.pid, server.base_url
        await server.kill()
        assert not server.is_running
        await server.restart()

        assert (server.base_url, server.admin_password) == (first, "pass-word")
        assert server.pid != before
        assert "Admin:" not in server.output()


async def test_server_that_does_not_start_is_told_with_what_it_printed(data_dir: Path) -> None:
    with pytest.raises(ServerFailed) as failure:
        async with ServerProcess(data_dir, {"WAYBILL_BREAK": "1"}):
            pass

    assert str(failure.value) == ("The server ended with status 1 instead of starting. It printed:\nThe port is taken.")
