"""What a client says about its file: the Upload-Metadata header, and the names that may be shown."""

import binascii
import re
import unicodedata
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from base.errors import ErrorCode, Refusal

DEFAULT_FILENAME = "file"
DEFAULT_CONTENT_TYPE = "application/octet-stream"
MAX_FILENAME = 255
MAX_EXTERNAL_ID = 255
MAX_METADATA = 16 * 1024
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105  RFC 9110, section 5.6.2
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}")
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that do not show or that turn the writing direction: a name must not look like another."""


@dataclass(frozen=True)
class Description:
    """What an upload is called; all of it safe to show, none of it safe to open."""

    filename: str
    content_type: str
    external_id: str | None


def parse_metadata(header: str) -> dict[str, str]:
    """The pairs of an Upload-Metadata header; values that are not UTF-8 are read with replacement characters.

    Clients send it empty, with a key alone, or with a key and a space: all of these are fine.

    Raises:
        Refusal: BAD_INPUT: a key twice or empty, a value that is not Base64, or more than 16 KiB.

    Source: tus 1.0.0, Creation, Upload-Metadata.
    """
    if len(header) > MAX_METADATA:
        message = f"Upload-Metadata is longer than {MAX_METADATA} bytes."
        raise _refusal(message)
    pairs: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or key in pairs:
            message = "Upload-Metadata has an empty key, or the same key twice."
            raise _refusal(message)
        pairs[key] = _decoded(value.strip())
    return pairs


def describe(pairs: Mapping[str, str]) -> Description:
    """The description in what a client sent: `filename` or `name`, `filetype` or `type`, and `externalId`."""
    return described(
        pairs.get("filename") or pairs.get("name"), pairs.get("filetype") or pairs.get("type"), pairs.get("externalId")
    )


def described(filename: str | None, content_type: str | None, external_id: str | None) -> Description:
    """The description made safe: a name without folders, a type without parameters.

    Raises:
        Refusal: BAD_INPUT where `external_id` is longer than 255 characters.
    """
    if external_id and len(external_id) > MAX_EXTERNAL_ID:
        message = f"externalId has more than {MAX_EXTERNAL_ID} characters."
        raise Refusal(ErrorCode.BAD_INPUT, message, "externalId")
    return Description(
        display_name(filename or ""),
        clean_content_type(content_type or ""),
        (external_id or "").replace("\0", "") or None,
    )


def display_name(name: str) -> str:
    """`name` without folders and characters that do not show, at most 255 characters, its ending kept."""
    base = re.split(r"[/\\]", name)[-1]
    shown = "".join(character for character in base if unicodedata.category(character) not in _HIDDEN).strip()
    if shown.strip(".") == "":
        return DEFAULT_FILENAME
    stem, dot, ending = shown.rpartition(".")
    if len(shown) > MAX_FILENAME and stem and len(ending) <= 20:
        return stem[: MAX_FILENAME - len(ending) - 1] + dot + ending
    return shown[:MAX_FILENAME]


def clean_content_type(text: str) -> str:
    """`text` as type and subtype in lower case; anything else is application/octet-stream (RFC 9110, section 8.3.1)."""
    plain = text.partition(";")[0].strip().lower()
    return plain if len(plain) <= MAX_FILENAME and _CONTENT_TYPE.fullmatch(plain) else DEFAULT_CONTENT_TYPE


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode(errors="replace").replace("\0", "")
    except (binascii.Error, ValueError):
        message = "Upload-Metadata has a value that is not Base64."
        raise _refusal(message) from None


def _refusal(message: str) -> Refusal:
    return Refusal(ErrorCode.BAD_INPUT, message, "Upload-Metadata")
