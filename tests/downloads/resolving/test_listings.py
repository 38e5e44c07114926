"""Listings of folders: of servers that run here, and pages that Apache 2.4.71 and lighttpd 1.4.69 made."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from downloads.failures import SkipReason
from downloads.names import clean_name
from downloads.options import FetchOptions
from downloads.representation import Representation
from downloads.resolving.contract import Page, ResolvedFile
from downloads.resolving.link import ClientLink
from downloads.resolving.pages import find_files
from tests.downloads import test_real_servers
from tests.downloads.resolving.conftest import Asking
from tests.downloads.test_real_servers import running

RECORDED = Path(__file__).parent / "listings"
NAMES = {"a.jpg", "a:b.txt", "b & c #1?.txt", "page.html", "x" * 70 + ".bin", "ü.pdf"}
FOLDERS = {"icons", "sub folder"}


def nginx(folder: Path, port: int) -> list[str]:
    command = test_real_servers.nginx(folder, port)
    conf = folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("location /busy/", "autoindex on; location /busy/"))
    return command


def caddy(folder: Path, port: int) -> list[str]:
    command = test_real_servers.caddy(folder, port)
    conf = folder / "Caddyfile"
    conf.write_text(conf.read_text().replace("file_server", "file_server browse"))
    return command


def http_server(folder: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d", str(folder / "site"), str(port)]


def check(files: tuple[ResolvedFile, ...], folder: str) -> None:
    """The files of the folder, all of them, with its folders named, and nothing else."""
    fetched = [file for file in files if file.will_download]
    assert {file.name for file in fetched} - {"hidden"} == {clean_name(name) for name in NAMES}
    assert {(file.name, file.skip_reason) for file in files if not file.will_download} == {
        (name, SkipReason.FOLDER) for name in FOLDERS
    }
    assert all(file.url.startswith(folder) and file.is_page_wanted for file in files)


@pytest.mark.parametrize("command", [nginx, caddy, http_server])
async def test_the_listing_of_a_real_server_is_its_files(
    asking: Asking, command: Callable[[Path, int], list[str]]
) -> None:
    async with running(command) as (address, site):
        folder = site / "some dir"
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        for name in NAMES:
            (folder / name).write_bytes(name.encode())
        found = await asking.resolve(f"{address}/some%20dir")  # each server redirects to the folder with its slash

        assert found.final_url == f"{address}/some%20dir/"
        check(found.files, f"{address}/some%20dir/")
        for file in found.files:
            if file.will_download:
                link = ClientLink(asking.client, file.url, FetchOptions(), lambda _level, _message: None)
                assert (await link.read(file.url)).content.decode() in NAMES


@pytest.mark.parametrize("page", sorted(RECORDED.glob("*.html")), ids=lambda path: path.stem)
def test_the_listing_of_another_server_is_its_files(page: Path) -> None:
    url = "http://a.example/dir/"
    assert page.read_text().count("<a ") > len(NAMES) + len(FOLDERS)
    check(find_files(Page(Representation(url, "dir"), page.read_bytes(), None, is_whole=True)).files, url)


@pytest.mark.parametrize(
    ("title", "url", "is_listing"),
    [
        ("Index of /dir", "http://a.example/dir/", True),
        ("Directory listing for /dir/", "http://a.example/dir/?C=N", True),
        ("Index of /dir", "http://a.example/dir", False),
        ("An index of everything", "http://a.example/dir/", False),
    ],
)
def test_a_listing_is_known_by_its_title_and_slash(title: str, url: str, is_listing: bool) -> None:
    content = f"<title>{title}</title><a href=a.jpg>a</a><a href=/elsewhere.jpg>b</a><img src=/icons/x.gif>".encode()
    found = find_files(Page(Representation(url, "a"), content, None, is_whole=True))

    assert [file.name for file in found.files] == (["a.jpg"] if is_listing else ["a.jpg", "elsewhere.jpg", "x.gif"])
