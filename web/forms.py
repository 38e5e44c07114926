"""Multipart forms with files, read to the disk within bounds.

Source: GraphQL multipart request specification, version 2 (jaydenseric).
"""

import re
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import orjson
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from base.errors import ErrorCode, Refusal
from storage.disk_space import full_disk_refused
from uploads.body import IncomingFile
from web.requests import PREFLIGHT_HEADERS, is_asked_first

MAX_FILES = 20
FORM_DEADLINE_FACTOR = 10
"""A form may take so many times as long to come in as an operation may take."""
MAX_FIELD_BYTES = 2**20
_CHUNK_BYTES = 2**18
_INDEX = re.compile(r"[0-9]{1,6}")


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the body is a form with parts."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data"


def check_preflight(headers: Mapping[str, str]) -> None:
    """Refuse a form that a page of any origin could send without asking first.

    Raises:
        Refusal: BAD_INPUT.

    See `web.requests.is_asked_first`.
    """
    if not is_asked_first(headers):
        message = (
            "Send a form with a Bearer token or apollo-require-preflight: true, so that no foreign page can send it."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message, PREFLIGHT_HEADERS[0])


async def read_form(request: Request) -> Any:
    """The GraphQL request in a form, with its files where `map` says.

    The files lie on the disk, until the request is closed.

    Raises:
        Refusal: BAD_INPUT with what is wrong about the form; INSUFFICIENT_STORAGE.
    """
    try:
        with full_disk_refused():
            form = await request.form(max_files=MAX_FILES, max_fields=2, max_part_size=MAX_FIELD_BYTES)
    except MultiPartException as error:  # an HTTPException below an application of Starlette, which is not asked here
        raise Refusal(ErrorCode.BAD_INPUT, f"This form cannot be read: {error.message}", status=400) from None
    operations, places = _field(form, "operations"), _field(form, "map")
    if not isinstance(operations, dict):
        raise Refusal(ErrorCode.BAD_INPUT, "operations is one GraphQL request, as a JSON object.", "operations")
    if not isinstance(places, dict):
        raise Refusal(ErrorCode.BAD_INPUT, 'map is a JSON object: {"0": ["variables.file"]}.', "map")
    for name, paths in places.items():
        _put(operations, _file(form, name), paths)
    return operations


def _field(form: FormData, name: str) -> Any:
    text = form.get(name)
    if not isinstance(text, str):
        raise Refusal(ErrorCode.BAD_INPUT, f"The form needs the field {name}, before its files.", name)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} is not JSON.", name, status=400) from None


def _file(form: FormData, name: str) -> IncomingFile:
    file = form.get(name)
    if not isinstance(file, UploadFile):
        raise Refusal(ErrorCode.BAD_INPUT, f'map names the file "{name[:40]}", which is not in the form.', "map")
    return IncomingFile(file.filename, file.content_type, file.size or 0, partial(_parts, file))


async def _parts(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)  # another field of the same operation may have read it
    while part := await file.read(_CHUNK_BYTES):
        yield part


def _put(operations: Mapping[str, Any], file: IncomingFile, paths: object) -> None:
    """Set `file` at the one path that `map` gives for it, in the place of a null."""
    if not isinstance(paths, list) or len(paths) != 1 or not isinstance(paths[0], str):
        raise Refusal(ErrorCode.BAD_INPUT, 'map gives one place for each file: ["variables.file"].', "map")
    *way, last = (int(step) if _INDEX.fullmatch(step) else step for step in paths[0].split("."))
    place: Any = operations
    try:
        for step in way:
            place = place[step]
        is_free = place[last] is None
    except (LookupError, TypeError):
        is_free = False
    if not is_free or way[:1] != ["variables"]:
        raise Refusal(ErrorCode.BAD_INPUT, f'There is no null at "{paths[0][:80]}" for the file.', "map")
    place[last] = file
