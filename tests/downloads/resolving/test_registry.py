"""Resolvers of installed packages: the example of docs/downloads.md, and those that do not work."""

import json
import re
import sys
from importlib import invalidate_caches
from pathlib import Path

import pytest

from downloads.resolving import registry
from downloads.resolving.media.resolver import MediaResolver
from downloads.resolving.pages import PageResolver
from tests.downloads.resolving.conftest import Asking
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving

PAGE = Path(__file__).parents[3] / "docs" / "downloads.md"


def install(folder: Path, name: str, code: str, entry: str) -> None:
    """Lay a package out as pip does: its module, and metadata with the entry point."""
    (folder / f"{name}.py").write_text(code)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[waybill.resolvers]\n{entry}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    invalidate_caches()
    registry.load_resolvers.cache_clear()
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


@pytest.fixture(autouse=True)
def _forget() -> None:
    registry.load_resolvers.cache_clear()


async def test_the_resolver_of_the_documentation_resolves(site: Path, asking: Asking) -> None:
    [code] = re.findall(r"```python\n(# numbers_resolver\.py\n.*?)```", PAGE.read_text(), re.DOTALL)
    [entry] = re.findall(r"`(numbers = [\w:]+)`", PAGE.read_text())
    install(site, "numbers_resolver", code, entry)

    def change(asked: Asked, reply: Reply) -> Reply:
        body = json.dumps(["one.zip", "two.zip"]).encode()
        reply.body = body if asked.target == "/a/index.json" else b"<a href=three.zip>"
        return Reply(200, [("Content-Type", "text/html"), ("Content-Length", str(len(reply.body)))], reply.body)

    try:
        async with serving(Origin(change=change)) as origin:
            indexed = await asking.resolve(origin.url("/a/index.json"))
            page = await asking.resolve(origin.url("/a/"))
    finally:
        registry.load_resolvers.cache_clear()

    assert [file.url for file in indexed.files] == [origin.url("/a/one.zip"), origin.url("/a/two.zip")]
    assert [file.name for file in page.files] == ["three.zip"]


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ("raise ZeroDivisionError", "x = broken_for_tests:Resolver"),
        ("Resolver = 5", "x = broken_for_tests:Resolver"),
        ("class Resolver:\n    pass", "x = broken_for_tests:Resolver"),
        ("", "x = broken_for_tests:Missing"),
    ],
)
def test_a_resolver_that_cannot_be_made_is_left_out_and_logged(
    site: Path, code: str, entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "broken_for_tests", code, entry)
    try:
        loaded = registry.load_resolvers()
    finally:
        registry.load_resolvers.cache_clear()

    assert {type(each) for each in loaded} == {PageResolver, *([MediaResolver] if registry.is_media_known() else [])}
    assert "a resolver could not be loaded" in capsys.readouterr().out
