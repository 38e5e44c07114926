"""The Upload-Metadata header, read and shown."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from base.errors import ErrorCode, Refusal
from serving.names import clean_content_type, display_name

MAX_EXTERNAL_ID = 255
MAX_EXTERNAL_IDS = 100
"""Of one list that is asked for by them."""
MAX_METADATA = 16 * 1024


@dataclass(frozen=True)
class Description:
    """What an upload is called; all of it safe to show, none of it safe to open."""

    filename: str
    content_type: str
    external_id: str | None


def parse_metadata(header: str) -> dict[str, str]:
    """The pairs of an Upload-Metadata header, as far as they are text.

    Clients send it empty, with a key alone, with a key and a space, with values in other encodings or in none: all of
    these are fine. A value that is not Base64 is taken as it stands; bytes that are not UTF-8 become replacement
    characters here. What is answered to HEAD is the header itself.

    Raises:
        Refusal: BAD_INPUT: a key twice or empty, or more than 16 KiB.

    Source: tus 1.0.0, Creation, Upload-Metadata.
    """
    if len(header) > MAX_METADATA:
        raise _refusal(f"Upload-Metadata is longer than {MAX_METADATA} bytes.")
    pairs: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or key in pairs:
            raise _refusal("Upload-Metadata has an empty key, or the same key twice.")
        pairs[key] = _decoded(value.strip())
    return pairs


def describe(pairs: Mapping[str, str]) -> Description:
    """The description in what a client sent: `filename` or `name`, `filetype` or `type`, and `externalId`."""
    return described(
        pairs.get("filename") or pairs.get("name"), pairs.get("filetype") or pairs.get("type"), pairs.get("externalId")
    )


def described(
    filename: str | None, content_type: str | None, external_id: str | None, field: str = "externalId"
) -> Description:
    """The description made safe: a name without folders, a type without parameters.

    Raises:
        Refusal: BAD_INPUT where `external_id`, which the client wrote in `field`, is longer than 255 characters.
    """
    if external_id and len(external_id) > MAX_EXTERNAL_ID:
        message = f"externalId has more than {MAX_EXTERNAL_ID} characters."
        raise Refusal(ErrorCode.BAD_INPUT, message, field)
    return Description(
        display_name(filename or ""),
        clean_content_type(content_type or ""),
        (external_id or "").replace("\0", "") or None,
    )


def _decoded(value: str) -> str:
    try:
        decoded = b64decode(value, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        decoded = value
    return decoded.replace("\0", "")


def _refusal(message: str) -> Refusal:
    return Refusal(ErrorCode.BAD_INPUT, message, "Upload-Metadata")
