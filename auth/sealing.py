"""Sealed texts: encrypted at rest under the secret keys.

Fernet: AES-128 in CBC mode with HMAC-SHA256. While a key changes, what was sealed under another that is accepted opens, too.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from auth.keys import Keys


class SealBroken(ValueError):  # noqa: N818  it reads as what happened
    """The text was sealed under a key that is not accepted any more, for another purpose, or not by us."""


class Sealer:
    """Seals short texts; what is sealed for one purpose opens for no other."""

    def __init__(self, keys: Keys, purpose: str) -> None:
        self._fernet = MultiFernet([Fernet(_key_for(key, purpose)) for key in keys.accepted])

    def seal(self, text: str) -> str:
        """`text`, encrypted; base64url."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed.

        Raises:
            SealBroken: It does not open.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBroken from error


def _key_for(key: str, purpose: str) -> bytes:
    return urlsafe_b64encode(hmac.digest(key.encode(), f"seal:{purpose}".encode(), hashlib.sha256))
