"""Signatures of links: HMAC-SHA256 under the secret keys.

A signature for one purpose is never good for another.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from auth.keys import Keys


class Signer:
    """Signs short texts; a signature is 43 characters of base64url (RFC 4648, section 5) without padding."""

    def __init__(self, keys: Keys) -> None:
        self._keys = tuple(key.encode() for key in keys.accepted)

    def sign(self, purpose: str, text: str) -> str:
        """The signature of `text` for `purpose` (`upload`, `file`, `bundle`, …)."""
        return _signature(self._keys[0], purpose, text).decode()

    def is_valid(self, purpose: str, text: str, signature: str) -> bool:
        """Whether `signature` is that of `text` by any of the keys; takes the same time for every wrong one."""
        given = signature.encode(errors="replace")
        return any(hmac.compare_digest(_signature(key, purpose, text), given) for key in self._keys)


def _signature(key: bytes, purpose: str, text: str) -> bytes:
    purpose_key = hmac.digest(key, purpose.encode(), hashlib.sha256)
    return urlsafe_b64encode(hmac.digest(purpose_key, text.encode(), hashlib.sha256)).rstrip(b"=")
