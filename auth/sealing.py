"""Sealed texts: encrypted at rest under the secret keys.

Fernet: AES-128 in CBC mode with HMAC-SHA256. While a key changes, what was sealed under another that is accepted opens, too.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import cached_property
from typing import TYPE_CHECKING

from auth.keys import Keys
from base.loaded_errors import errors_of

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class SealBroken(ValueError):  # noqa: N818  it reads as what happened
    """The text was sealed under a key that is not accepted any more, for another purpose, or not by us."""


class Sealer:
    """Seals short texts; what is sealed for one purpose opens for no other."""

    def __init__(self, keys: Keys, purpose: str) -> None:
        self._keys = keys
        self._purpose = purpose

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
        except errors_of("cryptography.fernet", "InvalidToken") as error:
            raise SealBroken from error

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415  8 MB, and few downloads have secrets

        return MultiFernet([Fernet(_key_for(key, self._purpose)) for key in self._keys.accepted])


def _key_for(key: str, purpose: str) -> bytes:
    return urlsafe_b64encode(hmac.digest(key.encode(), f"seal:{purpose}".encode(), hashlib.sha256))
