"""Signatures of links: HMAC-SHA256 under the server's secret key, one purpose never good for another."""

import hashlib
import hmac
from base64 import urlsafe_b64encode


class Signer:
    """Signs short texts; a signature is 43 characters of base64url (RFC 4648, section 5) without padding."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key.encode()

    def sign(self, purpose: str, text: str) -> str:
        """The signature of `text` for `purpose` (`upload`, `file`, `bundle`, …)."""
        purpose_key = hmac.digest(self._key, purpose.encode(), hashlib.sha256)
        return urlsafe_b64encode(hmac.digest(purpose_key, text.encode(), hashlib.sha256)).rstrip(b"=").decode()

    def is_valid(self, purpose: str, text: str, signature: str) -> bool:
        """Whether `signature` is that of `text`; takes the same time for every wrong one."""
        return hmac.compare_digest(self.sign(purpose, text).encode(), signature.encode(errors="replace"))
