"""Signed links: who has one may read one file, or the bundle of one job, until the link ends."""

import math
import re
from datetime import datetime, timedelta
from urllib.parse import quote

from auth.signatures import Signer
from base.errors import ErrorCode, Refusal
from serving.names import file_name

LIFETIME = timedelta(hours=24)
_HOUR_SECONDS = 3_600
_FILE = "file"
_BUNDLE = "bundle"
_GUIDE = "guide"
_MOMENT = re.compile(r"[0-9]{1,12}")


def file_path(signer: Signer, file_id: str, name: str, moment: datetime) -> str:
    """`/results/{id}/{name}?expires=…&signature=…`: good for 24 to 25 hours after `moment`, the same text all that hour.

    The name is there for people and programs that take a file's name from its address; it is not signed, and not believed.
    """
    return f"/results/{file_id}/{quote(file_name(name), safe='')}?{_signed(signer, _FILE, file_id, moment)}"


def bundle_path(signer: Signer, job_id: str, moment: datetime) -> str:
    """`/bundles/{id}.zip?expires=…&signature=…`: good for 24 to 25 hours after `moment`, the same text all that hour."""
    return f"/bundles/{job_id}.zip?{_signed(signer, _BUNDLE, job_id, moment)}"


def guide_path(signer: Signer, name: str, moment: datetime) -> str:
    """`/guides/{name}?expires=…&signature=…`: good for 24 to 25 hours after `moment`, the same text all that hour."""
    return f"/guides/{quote(name, safe='')}?{_signed(signer, _GUIDE, name, moment)}"


def check_file_link(signer: Signer, file_id: str, expires: str, signature: str, moment: datetime) -> int:
    """When the link ends, in seconds since 1970, once it is known to be one of ours and not over.

    Raises:
        Refusal: FILE_NOT_FOUND for a wrong signature, the same as for an unknown file; RESULT_EXPIRED after its end.
    """
    return _check(signer, _FILE, file_id, expires, signature, moment)


def check_bundle_link(signer: Signer, job_id: str, expires: str, signature: str, moment: datetime) -> int:
    """When the link ends, in seconds since 1970; see `check_file_link`."""
    return _check(signer, _BUNDLE, job_id, expires, signature, moment)


def check_guide_link(signer: Signer, name: str, expires: str, signature: str, moment: datetime) -> int:
    """When the link ends, in seconds since 1970; see `check_file_link`."""
    return _check(signer, _GUIDE, name, expires, signature, moment)


def file_not_found() -> Refusal:
    """One answer for a file that never was, one that is not for clients, and a link that is not ours."""
    return Refusal(ErrorCode.FILE_NOT_FOUND, "There is no such file, or this link is not complete: copy all of it.")


def result_expired() -> Refusal:
    """The bytes were removed when their time was over."""
    return Refusal(ErrorCode.RESULT_EXPIRED, "This file is no longer kept; run the job again to make it anew.")


def _signed(signer: Signer, purpose: str, id_: str, moment: datetime) -> str:
    expires = math.ceil((moment + LIFETIME).timestamp() / _HOUR_SECONDS) * _HOUR_SECONDS
    return f"expires={expires}&signature={signer.sign(purpose, _text(id_, str(expires)))}"


def _check(signer: Signer, purpose: str, id_: str, expires: str, signature: str, moment: datetime) -> int:
    if _MOMENT.fullmatch(expires) is None or not signer.is_valid(purpose, _text(id_, expires), signature):
        raise file_not_found()
    if moment.timestamp() >= int(expires):
        raise Refusal(ErrorCode.RESULT_EXPIRED, "This link has ended: read the url again through the API.")
    return int(expires)


def _text(id_: str, expires: str) -> str:
    return f"{id_}:{expires}"
