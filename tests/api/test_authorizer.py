"""The authorizer against a real JWKS endpoint on this machine."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from marquee.settings import settings
from tests.support.api import sample

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
JWKS = {
    "keys": [
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig", "alg": "RS256"},
        {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec", "use": "sig", "alg": "ES256"},
    ]
}


@pytest.fixture(scope="module")
def jwks_url() -> Iterator[str]:
    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(JWKS).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    server.shutdown()
    server.server_close()


@pytest.fixture
def authorizer(
    jwks_url: str, monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]
) -> Iterator[ModuleType]:
    monkeypatch.setenv("AUTH_ISSUER", "https://issuer.example")
    monkeypatch.setenv("AUTH_AUDIENCE", "marquee")
    monkeypatch.setenv("JWKS_URL", jwks_url)
    settings.cache_clear()
    yield app("authorizer")
    settings.cache_clear()


def token(key: Any = RSA_KEY, kid: str = "rsa", algorithm: str = "RS256", **claims: Any) -> str:
    whole = {
        "iss": "https://issuer.example",
        "aud": "marquee",
        "sub": "box-office",
        "exp": int(time.time()) + 60,
        "scope": "main.read sales.read",
        "tenants": ["aurora"],
        **claims,
    }
    return jwt.encode({k: v for k, v in whole.items() if v is not None}, key, algorithm=algorithm, headers={"kid": kid})


def ask(authorizer: ModuleType, authorization: str) -> dict[str, Any]:
    event = sample("authorizer", "request")
    event["headers"] = {"authorization": authorization}
    answer: dict[str, Any] = authorizer.handler(event, None)
    return answer


def effect(answer: dict[str, Any]) -> str:
    return str(answer["policyDocument"]["Statement"][0]["Effect"])


@pytest.mark.parametrize(("key", "kid", "algorithm"), [(RSA_KEY, "rsa", "RS256"), (EC_KEY, "ec", "ES256")])
def test_a_valid_token_is_allowed_on_the_whole_api_with_its_claims(
    authorizer: ModuleType, key: Any, kid: str, algorithm: str
) -> None:
    answer = ask(authorizer, f"Bearer {token(key, kid, algorithm)}")
    assert effect(answer) == "Allow"
    assert answer["policyDocument"]["Statement"][0]["Resource"].endswith(":local/local/*")
    assert answer["principalId"] == "box-office"
    assert answer["context"]["scope"] == "main.read sales.read"
    assert json.loads(answer["context"]["tenants"]) == ["aurora"]


def _tampered() -> str:
    head, _, signature = token().split(".")
    body = token(tenants=["borealis"]).split(".")[1]
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer not.a.token",
        "Basic dXNlcjpwYXNz",
        f"Bearer {token(exp=1)}",
        f"Bearer {token(exp=None)}",
        f"Bearer {token(iss='https://somebody.else')}",
        f"Bearer {token(aud='another')}",
        f"Bearer {token(sub=None)}",
        f"Bearer {token(OTHER_KEY)}",
        f"Bearer {token(kid='unknown')}",
        f"Bearer {token('x' * 32, 'rsa', 'HS256')}",
        f"Bearer {_tampered()}",
    ],
    ids=[
        "none",
        "empty",
        "garbage",
        "basic",
        "expired",
        "everlasting",
        "issuer",
        "audience",
        "nobody",
        "signature",
        "key",
        "symmetric",
        "tampered",
    ],
)
def test_any_other_token_is_denied_and_tells_nothing(authorizer: ModuleType, authorization: str) -> None:
    answer = ask(authorizer, authorization)
    assert effect(answer) == "Deny"
    assert answer["context"] == {}


def test_tenants_that_could_break_out_of_a_key_are_dropped(authorizer: ModuleType) -> None:
    answer = ask(authorizer, f"Bearer {token(tenants=['aurora', 'a#E#b', '', 7, 'x' * 65])}")
    assert json.loads(answer["context"]["tenants"]) == ["aurora"]


def test_an_unreachable_issuer_is_a_failure_and_not_a_bad_token(
    authorizer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWKS_URL", "http://127.0.0.1:9/jwks.json")
    settings.cache_clear()
    with pytest.raises(jwt.PyJWKClientConnectionError):
        ask(authorizer, f"Bearer {token()}")
