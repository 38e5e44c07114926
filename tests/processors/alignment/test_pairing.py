"""Recordings and transcripts, paired as the cases say."""

import pytest

from processors.alignment.pairing import pair_files
from tests.processors.alignment.pairing_cases import PairingCase, pairing_cases

WORDS = {
    "noTranscript": "has no transcript",
    "noRecording": "has no recording",
    "sameName": "has the same name as",
    "notNeeded": "was not needed",
    "ofSystem": "is a file of an operating system",
    "ofNoUse": "is no recording, no transcript and no dictionary",
}


@pytest.mark.parametrize("case", pairing_cases(), ids=lambda case: case.files[0])
def test_files_are_paired_as_the_page_says_before_they_are_sent(case: PairingCase) -> None:
    pairing = pair_files(case.files)

    assert [[case.files[pair.audio], case.files[pair.transcript]] for pair in pairing.pairs] == case.pairs
    assert [case.files[place] for place in pairing.dictionaries] == case.dictionaries
    assert {case.files[one.file] for one in pairing.unpaired} == set(case.unpaired)
    for one in pairing.unpaired:
        assert WORDS[case.unpaired[case.files[one.file]]] in one.reason
