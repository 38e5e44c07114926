"""Signatures by which a receiver knows our messages: Standard Webhooks 1.0.0, symmetric (v1)."""

import secrets
from base64 import b64encode
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
_KEY_BYTES = 32
"""The specification asks for 24 to 64."""


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def signed_headers(secret: str, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message that is sent at `moment`.

    Source: Standard Webhooks 1.0.0, "Verifying webhook authenticity": what is signed is `id.timestamp.body`.
    """
    moment = moment.astimezone(UTC)  # the package takes any other for UTC
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }
