"""Files and how they are paired; the dashboard's page is tried with the same (tests/dashboard)."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PairingCase:
    """Names of files without folders; names of what becomes of each, and why those without a partner have none."""

    files: list[str]
    pairs: list[list[str]]
    dictionaries: list[str]
    unpaired: dict[str, str]


def pairing_cases() -> list[PairingCase]:
    cases = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return [PairingCase(**{"dictionaries": [], "unpaired": {}, **case}) for case in cases]
