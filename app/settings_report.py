"""Report of the settings for an operator.

Each setting with its source, and names that are no settings.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from app.plug_ins import check_plug_ins
from app.unsafe_settings import keys_of, unsafe_settings
from base.addresses import shown_address
from base.env_file import ENV_FILE, names_in
from base.logging import log_for, shortened, without_passwords
from base.settings import PREFIX, Settings
from base.settings_fields import is_address, is_secret, is_size
from base.settings_reading import SettingsError, read_settings
from base.units import duration_text, size_text
from processors.alignment.languages import SPEECH_MODELS, broken_models
from storage.disk_space import describe_low_space

log = log_for(__name__)

_OTHERS = (f"{PREFIX}TEST_",)
"""Names that begin so are not for the programs."""
_LIKELY = 0.7


@dataclass(frozen=True)
class SettingLine:
    """One setting as `--check` prints it; `value` is `(set)` for a secret, and addresses lose their password."""

    name: str
    value: str
    source: str
    description: str


def checked_settings() -> Settings:
    """The settings of a program that starts.

    Raises:
        SettingsError: A line for each setting that is wrong, and for each name that is none.
    """
    settings, wrong = read_settings()
    if wrong:
        raise SettingsError("\n".join([*wrong.values(), *unknown_settings()]))
    return settings


def describe_settings(settings: Settings, wrong: Collection[str] = ()) -> list[SettingLine]:
    """Every setting with its value and where that comes from: environment, .env or default; `wrong` are fields."""
    in_environment, in_file = {name.upper() for name in os.environ}, names_in(ENV_FILE)
    lines = []
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        source = "environment" if variable in in_environment else ".env" if variable in in_file else "default"
        value = "(wrong)" if name in wrong else _shown(name, getattr(settings, name))
        lines.append(SettingLine(variable, value, source, field.description or ""))
    return lines


def unknown_settings() -> list[str]:
    """A sentence for each name that begins as a setting does and is none, with the one that was probably meant."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    sources = {name.upper(): "the environment" for name in os.environ}
    sources |= dict.fromkeys(names_in(ENV_FILE) - set(sources), ".env")
    wrong = {name for name in sources if name.startswith(PREFIX) and not name.startswith(_OTHERS)} - set(known)
    return [
        f"{shortened(name)} in {sources[name]} is no setting and is ignored.{_likely(name, known)}"
        for name in sorted(wrong)
    ]


def log_unknown_settings() -> None:
    """Say it at the start of a program, too."""
    for sentence in unknown_settings():
        log.warning(sentence)


def _likely(name: str, known: list[str]) -> str:
    fields = [each.removeprefix(PREFIX) for each in known]
    found = get_close_matches(name.removeprefix(PREFIX), fields, n=1, cutoff=_LIKELY)
    return f" Did you mean {PREFIX}{found[0]}?" if found else " docs/settings.md lists all that there are."


def _shown(name: str, value: Any) -> str:
    """The value as docs/settings.md writes it."""
    if is_secret(name):
        return "(set)" if any(keys_of(value)) else "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return without_passwords(", ".join(value)) or "(none)"
    if isinstance(value, timedelta):
        return duration_text(value)
    if is_size(name):
        return size_text(value)
    return (shown_address(value) if is_address(name) else str(value)) or "(none)"


@dataclass(frozen=True)
class SettingsReport:
    """What `server.py --check` prints, and whether a program would start with these settings."""

    lines: list[str]
    is_right: bool


def check_settings() -> SettingsReport:
    """Every setting with its source, then what is wrong, unknown or unsafe, where the disk is full, and broken plug-ins."""
    settings, wrong = read_settings()
    low_space = describe_low_space(settings.data_dir)
    found = {
        "WRONG": list(wrong.values()),
        "UNKNOWN": unknown_settings(),
        "UNSAFE": unsafe_settings(settings, wrong),
        "ROOM": [low_space] if low_space else [],
        "PLUG-IN": check_plug_ins(),
        "SPEECH": list(broken_models(settings.resources.get(SPEECH_MODELS))),
    }
    count = sum(map(len, found.values()))
    lines = [
        *(
            f"{line.name:32} {line.value:24} {line.source:12} {line.description}"
            for line in describe_settings(settings, wrong)
        ),
        *(f"{kind}: {sentence}" for kind, sentences in found.items() for sentence in sentences),
        f"{count} to look at." if count else "Nothing is unsafe.",
    ]
    return SettingsReport(lines, is_right=not wrong)
