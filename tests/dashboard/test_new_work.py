"""New work: checked before it is sent, and sent on after crashes of server and tab."""

from dataclasses import asdict
from pathlib import Path

import pytest

from client.server_process import ServerProcess
from tests.dashboard.browser import Browser
from tests.processors.alignment.pairing_cases import pairing_cases

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_work_is_checked_and_started_and_uploads_go_on_after_a_crash_of_server_and_tab(
    server: ServerProcess, browser: Browser
) -> None:
    seen = await browser.play(
        "new_work.mjs", {"kill": server.kill, "start": server.start}, leads=str(SAMPLES / "leads.xlsx")
    )

    assert seen.pop("stranger") == "No unfinished upload has this name and size: large.bin"
    assert seen.pop("reference") == "The reference has exactly 8 digits"
    assert seen.pop("left") == ""
    [planned] = seen.pop("planned")
    assert planned.startswith("schema.graphql")
    assert "graphql" in planned.partition("\n")[2]
    assert seen.pop("complaints") == []
    assert seen == {"wrongFiles": True, "withoutReference": True, "sevenDigits": True}


async def test_the_page_pairs_files_as_the_server_does(browser: Browser) -> None:
    cases = [asdict(case) for case in pairing_cases()]

    assert await browser.play("pairing.mjs", cases=cases) == []


async def test_a_recording_is_paired_with_its_transcript_and_asks_about_a_word(browser: Browser) -> None:
    seen = await browser.play(
        "speech.mjs", recording=str(SAMPLES / "harbour.flac"), transcript=str(SAMPLES / "harbour.txt")
    )

    assert seen == {
        "withoutTranscript": True,
        "language": "American English (en-US)",
        "missing": "blorfkin",
        "complaints": [],
    }
