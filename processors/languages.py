"""Languages of kinds: which of them are known here, and whether one that a client names is among them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from base.errors import ErrorCode, Refusal
from processors.loading import load_languages
from processors.manifest import Kind


def list_languages(kind: Kind, resources: Mapping[str, Path]) -> list[str]:
    """BCP 47 tags that `kind` knows with the operator's `resources`; none where language does not matter."""
    return load_languages(kind)(resources) if kind.languages else []


def match_language(wanted: str, known: Iterable[str]) -> str | None:
    """The tag of `known` that `wanted` names, in any case; a language without a region is the first of its regions."""
    folded = wanted.casefold()
    return next((tag for tag in known if folded in {tag.casefold(), tag.casefold().partition("-")[0]}), None)


def check_language(kind: Kind, options: Mapping[str, Any], resources: Mapping[str, Path], field: str) -> None:
    """Raise Refusal BAD_INPUT where the options, which the client wrote in `field`, name a language that is not known here."""
    wanted = options.get("language")
    if kind.languages and isinstance(wanted, str):
        known = list_languages(kind, resources)
        if match_language(wanted, known) is None:
            raise unknown_language(wanted, known, f"{field}.language")


def unknown_language(wanted: str, known: Iterable[str], field: str) -> Refusal:
    """Why a language is not taken, with those that are."""
    message = f"“{wanted[:35]}” is not known here: give one of {', '.join(known)}."
    return Refusal(ErrorCode.BAD_INPUT, message, field)
