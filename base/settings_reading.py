"""Reading of the settings, with a sentence for each that is wrong."""

from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from base.addresses import shown_address
from base.env_file import ENV_FILE, broken_lines
from base.logging import shortened
from base.settings import PREFIX, Settings
from base.settings_fields import is_address, is_secret, is_size, kind_of
from base.units import duration_text, size_text


class SettingsError(Exception):
    """The settings cannot be used; the text says which and why, one per line."""


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: One line per setting that is wrong.
    """
    settings, wrong = read_settings(**overrides)
    if wrong:
        raise SettingsError("\n".join(wrong.values()))
    return settings


def read_settings(**overrides: Any) -> tuple[Settings, dict[str, str]]:
    """The settings as far as they can be read, and a sentence for each that is wrong, which has its default meanwhile.

    A sentence is found by the field, or by what else is wrong, such as `line 2 of .env`.
    """
    wrong: dict[str, str] = {}
    try:
        wrong = {
            f"line {number} of {ENV_FILE}": _line_sentence(number, word) for number, word in broken_lines(ENV_FILE)
        }
    except UnicodeDecodeError:
        wrong["file"] = f"The file {ENV_FILE} cannot be read: it is no text in UTF-8."
    except OSError as error:
        wrong["file"] = f"The file {ENV_FILE} cannot be read: {error.strerror}."
    given = overrides | ({"_env_file": None} if "file" in wrong else {})
    try:
        return Settings(**given), wrong
    except ValidationError as error:
        # A default that is made of a value that is wrong is none; only that value is told.
        found = [one for one in error.errors() if one["type"] != "default_factory_not_called"]
        fields = {str(one["loc"][0]): _sentence_of(one) for one in found}
        return Settings(**given | {name: _stand_in(name) for name in fields}), wrong | fields


def _stand_in(name: str) -> Any:
    """What the field `name` has while its value is wrong."""
    defaults = {each: field.default for each, field in Settings.model_fields.items() if field.default_factory is None}
    field = Settings.model_fields[name]
    return "-" if field.validate_default else field.get_default(call_default_factory=True, validated_data=defaults)


def _line_sentence(number: int, word: str) -> str:
    """What to do about a line of .env; of the line itself only the name of a setting is told, for it may hold a secret."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    name = word.upper() if word.upper() in known else "NAME"
    return (
        f"Line {number} of the file {ENV_FILE} is no setting and is ignored: write {name}=value, with quotes around a value "
        "that holds #, or begin the line with # to leave it out."
    )


def _sentence_of(error: ErrorDetails) -> str:
    """The setting, what is wrong with it and what is allowed, and what was given, unless that is a secret."""
    name, context = str(error["loc"][0]), error.get("ctx", {})
    sentence = {
        "value_error": str(context.get("error")),
        "literal_error": f"may be {context.get('expected')}",
        "bool_parsing": "may be true or false",
        "string_pattern_mismatch": "may have letters, digits and _ . : - only, at most 60",
        "string_too_short": "is empty: write a name, or leave the setting out",
        "string_too_long": f"has more than {context.get('max_length')} characters",
    }.get(error["type"], f"is not {kind_of(name)}")
    value = error["input"]
    value = duration_text(value) if isinstance(value, timedelta) else size_text(value) if is_size(name) else value
    given = shortened(shown_address(str(value)) if is_address(name) else str(value))
    return f"{PREFIX}{name.upper()} {sentence}" + (f"; given was '{given}'" if given and not is_secret(name) else "")
