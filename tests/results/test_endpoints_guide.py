"""Guides over HTTP."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from models.fields import now
from results.links import guide_path
from tests.results.result_harness import TEN, ResultHarness, error_of


@pytest.fixture
def guide(result_harness: ResultHarness) -> Path:
    result_harness.services.guides.mkdir()
    path = result_harness.services.guides / "01 Erste Schritte – Müller.pdf"
    path.write_bytes(TEN)
    return path


async def get_guide(result_harness: ResultHarness, name: str, **headers: str) -> httpx2.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return await result_harness.http.get(guide_path(result_harness.services.signer, name, now()), headers=named)


async def test_a_guide_comes_whole_or_in_part_under_its_title(result_harness: ResultHarness, guide: Path) -> None:
    whole = await get_guide(result_harness, guide.name)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, TEN, "application/pdf")
    assert whole.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''Erste%20Schritte%20%E2%80%93%20M%C3%BCller.pdf" in whole.headers["content-disposition"]
    part = await get_guide(result_harness, guide.name, Range="bytes=8-", If_Range=whole.headers["etag"])
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"89", "bytes 8-9/10")
    assert (await get_guide(result_harness, guide.name, If_None_Match=whole.headers["etag"])).status_code == 304


async def test_a_guide_that_changed_has_another_etag(result_harness: ResultHarness, guide: Path) -> None:
    before = (await get_guide(result_harness, guide.name)).headers["etag"]
    guide.write_bytes(b"9876543210!")
    after = await get_guide(result_harness, guide.name, Range="bytes=0-1", If_Range=before)
    assert (after.status_code, after.content) == (200, b"9876543210!")


async def test_nothing_but_guides_is_reached_and_nothing_without_a_signature(
    result_harness: ResultHarness, guide: Path
) -> None:
    (guide.parent / "secret.txt").write_bytes(b"x")
    (guide.parent.parent / "outside.pdf").write_bytes(b"x")
    (guide.parent / "link.pdf").symlink_to(guide.parent.parent / "outside.pdf")
    for name in ("secret.txt", "../outside.pdf", "link.pdf", "other.pdf", "a\0.pdf"):
        assert error_of(await get_guide(result_harness, name)) == (404, "FILE_NOT_FOUND"), name
    signed = guide_path(result_harness.services.signer, guide.name, now())
    for link in (signed.partition("?")[0], signed[:-1], signed.replace("01%20", "02%20")):
        assert error_of(await result_harness.http.get(link)) == (404, "FILE_NOT_FOUND")
    ended = await result_harness.http.get(
        guide_path(result_harness.services.signer, guide.name, now() - timedelta(hours=25))
    )
    assert error_of(ended) == (410, "RESULT_EXPIRED")
