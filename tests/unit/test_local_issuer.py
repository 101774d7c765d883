import stat
from pathlib import Path

import jwt
import pytest

from local.issuer import AUDIENCE, Issuer

URL = "http://127.0.0.1:3000/marquee-issuer"


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer.create(URL, tmp_path / "kept" / "issuer.pem")


def test_a_token_verifies_against_the_published_key(issuer: Issuer) -> None:
    token = issuer.token(["aurora", "boreal"], "events.read events.write", "ada")
    keys = jwt.PyJWKSet.from_dict(issuer.jwks())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=URL)
    assert (claims["sub"], claims["tenants"]) == ("ada", ["aurora", "boreal"])
    assert claims["scope"] == "events.read events.write"


def test_a_token_expires(issuer: Issuer) -> None:
    token = issuer.token(["aurora"], "events.read", seconds=-1)
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token, jwt.PyJWK(issuer.jwks()["keys"][0]), algorithms=["RS256"], audience=AUDIENCE)


def test_the_key_is_its_owners_alone_and_kept(issuer: Issuer) -> None:
    assert stat.S_IMODE(issuer.key.stat().st_mode) == 0o600
    assert Issuer.create(URL, issuer.key).jwks() == issuer.jwks()


def test_the_published_key_has_no_private_part(issuer: Issuer) -> None:
    assert issuer.jwks()["keys"][0].keys() == {"kty", "use", "alg", "kid", "n", "e"}
