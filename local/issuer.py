"""The local token issuer: an RSA key, its public half as a JWKS, and tokens signed with it."""

import base64
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "marquee"
BUCKET = "marquee-issuer"
JWKS_KEY = "jwks.json"


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs tokens with the private key in the file `key`, as the OIDC issuer at `url`."""

    url: str
    key: Path

    @classmethod
    def create(cls, url: str, key: Path) -> "Issuer":
        """The issuer whose private key is in the file `key`, which is made, readable by its owner alone, if missing."""
        if not key.exists():
            private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            pem = private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            key.parent.mkdir(parents=True, exist_ok=True)
            key.touch(mode=0o600)
            key.write_bytes(pem)
        return cls(url, key)

    def _private_key(self) -> rsa.RSAPrivateKey:
        private = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise TypeError(f"{self.key} holds no RSA key")
        return private

    def _kid(self, private: rsa.RSAPrivateKey) -> str:
        return hashlib.sha256(_base64url(private.public_key().public_numbers().n).encode()).hexdigest()[:16]

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        private = self._private_key()
        numbers = private.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self._kid(private),
                    "n": _base64url(numbers.n),
                    "e": _base64url(numbers.e),
                }
            ]
        }

    def token(self, tenants: Sequence[str], scope: str, sub: str = "local", *, seconds: int = 12 * 3600) -> str:
        """A token of `sub` for `tenants`, with `scope` as space-separated names, that expires after `seconds`."""
        private = self._private_key()
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": sub,
            "tenants": list(tenants),
            "scope": scope,
            "iat": now,
            "exp": now + seconds,
        }
        return jwt.encode(claims, private, algorithm="RS256", headers={"kid": self._kid(private)})
