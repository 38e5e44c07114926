"""An OpenID Connect issuer at a real address of this machine: discovery, keys that rotate, and tokens of every kind."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from models.fields import now

AUDIENCE = "waybill-tests"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass
class Issuer:
    """Serves what it is told to, and counts who asks."""

    url: str = ""
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    extra_keys: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False
    padding: int = 0

    def add_rsa(self, key_id: str, bits: int = 2048) -> None:
        self.keys[key_id] = rsa.generate_private_key(65537, bits)

    def add_ec(self, key_id: str) -> None:
        self.keys[key_id] = ec.generate_private_key(ec.SECP256R1())

    def token(self, key_id: str, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token as it should be, but for `changes` (None leaves a claim out)."""
        key = self.keys[key_id]
        moment = now()
        claims = {
            "iss": self.url, "aud": AUDIENCE, "sub": "somebody", "iat": moment, "exp": moment + timedelta(minutes=5),
            **changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id, **(header or {})})

    def public_pem(self, key_id: str) -> bytes:
        return self.keys[key_id].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [*self.extra_keys, *(jwk_of(id_, key) for id_, key in self.keys.items())]}

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.is_down:
            raise web.HTTPInternalServerError
        if request.path == "/keys":
            return web.json_response({**self.jwks(), "padding": "x" * self.padding})
        if request.path == "/.well-known/openid-configuration":
            return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.discovery})
        raise web.HTTPNotFound


def jwk_of(key_id: str, key: PrivateKey) -> dict[str, Any]:
    """The public half, as it is published."""
    public: Any = key.public_key()
    text = RSAAlgorithm.to_jwk(public) if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm.to_jwk(public)
    return {**json.loads(text), "kid": key_id, "use": "sig"}


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """An issuer with an RSA key `r1` and an EC key `e1`."""
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/{path:.*}", issuer.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        issuer.add_rsa("r1")
        issuer.add_ec("e1")
        yield issuer
    finally:
        await runner.cleanup()
