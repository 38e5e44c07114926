import re
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from models.fields import now
from webhooks.signing import new_secret, signed_headers


def test_a_secret_is_random_and_as_long_as_the_standard_asks_for() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    for secret in secrets:
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]+={0,2}", secret)
        assert len(b64decode(secret.removeprefix("whsec_"))) == 32


def test_the_signature_is_that_of_the_standards_example() -> None:
    """Source: Standard Webhooks, libraries/python/tests (a fixed secret, id, timestamp and body)."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330.9, UTC),
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "delivery-2"),
        ("webhook-timestamp", str(int(now().timestamp()) - 1)),
        ("webhook-signature", "v1,AAAA"),
    ],
    ids=["id", "timestamp", "signature"],
)
def test_another_implementation_finds_it_good_and_nothing_that_differs(header: str, value: str) -> None:
    secret, body = new_secret(), '{"title":"Größe"}'.encode()
    headers = signed_headers(secret, "delivery-1", now(), body)
    assert Webhook(secret).verify(body, headers) == {"title": "Größe"}
    for wrong in ((Webhook(new_secret()), body, headers), (Webhook(secret), body + b" ", headers),
                  (Webhook(secret), body, headers | {header: value})):  # fmt: skip
        with pytest.raises(WebhookVerificationError):
            wrong[0].verify(wrong[1], wrong[2])
