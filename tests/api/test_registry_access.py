"""Somebody else's Registry: who may be talked to, and with which token."""

import logging
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import boto3
import pytest

from marquee.errors import Unavailable
from marquee.registry import hosts, service
from marquee.registry.remote import RemoteRegistry
from marquee.secret_values import SecretValue
from marquee.settings import settings
from tests.support.registry_host import RegistryHost, Reply, always, behaving
from tests.support.remote import EID, Connect, bounded, tell


@pytest.fixture
def secret(aws: dict[str, str]) -> str:
    arn: str = boto3.client("secretsmanager").create_secret(Name="token", SecretString="first-token\n")["ARN"]
    return arn


def test_the_token_is_kept_and_fetched_anew_once_when_it_is_refused(
    there: RegistryHost, secret: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    there.token = "first-token"
    remote = connect(there.url, secret)
    tell(remote)
    # Given a token that was replaced on both sides
    there.token = "second-token"
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="second-token")
    there.plan(behaving)
    # When the Registry is told
    tell(remote, sequence=4)
    # Then the old one is tried, the new one fetched, and that is kept
    tell(remote, sequence=5)
    said = [asked.headers["authorization"] for asked in there.asked]
    assert said == ["Bearer first-token", "Bearer second-token", "Bearer second-token"]
    # And one that stays wrong is not asked for without end
    there.token = "third-token"
    there.plan(behaving)
    error = bounded(lambda: tell(remote, sequence=6))
    assert error.code == "registry.not_authorised"
    assert len(there.asked) == 2
    ours = [record.getMessage() + str(record.__dict__) for record in caplog.records if "boto" not in record.name]
    assert not [line for line in [*ours, repr(error), repr(error.__cause__)] if "-token" in line]


def test_the_token_is_read_again_after_five_minutes(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = SecretValue(secret)
    assert value.read() == "first-token"
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="second-token")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 290)
    assert value.read() == "first-token"
    monkeypatch.setattr(time, "monotonic", lambda: now + 310)
    assert value.read() == "second-token"


def test_the_token_that_is_known_serves_while_the_store_is_away(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = SecretValue(secret, seconds=0)
    assert value.read() == "first-token"
    boto3.client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    assert value.read() == "first-token"
    with pytest.raises(Unavailable, match=r"secret\.unreadable"):
        value.read(anew=True)


def test_a_secret_that_is_no_token_is_neither_sent_nor_shown(
    there: RegistryHost, connect: Connect, aws: dict[str, str]
) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="bad", SecretString="hush\r\nX-Evil: 1")["ARN"]
    error = bounded(lambda: tell(connect(there.url, arn)))
    assert error.code == "registry.not_authorised"
    assert "hush" not in str(error)
    assert there.asked == []


def test_a_secret_that_is_not_there_is_unavailable(there: RegistryHost, connect: Connect, aws: dict[str, str]) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nothing-abcdef"
    assert bounded(lambda: tell(connect(there.url, arn))).code == "secret.unreadable"
    assert there.asked == []


@pytest.mark.parametrize(
    "url", ["http://registry.example", "ftp://127.0.0.1", "registry", "http://127.0.0.1.evil.example"]
)
def test_an_address_without_tls_is_refused(url: str) -> None:
    with pytest.raises(Unavailable, match=r"registry\.url"):
        RemoteRegistry(url, None)


def self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    both = folder / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return both


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, connect: Connect) -> None:
    pem = self_signed(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    there = RegistryHost(tls=serving)
    there.has("aurora", EID)
    assert bounded(lambda: tell(connect(there.url))).code == "registry.unreachable"
    assert there.asked == []
    # Given somebody who vouches for it
    trusting = ssl.create_default_context(cafile=str(pem))
    tell(connect(there.url, tls=trusting))
    assert there.shown("aurora", EID) == ("FLAGGED", 3)
    # And an answer that drips over TLS is cut as well
    there.plan(always(Reply(200, b" " * 100, drip=0.1)))
    assert type(bounded(lambda: tell(connect(there.url, tls=trusting)))) is Unavailable
    there.close()


def test_the_settings_choose_the_host(
    there: RegistryHost, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hosts.host() is service
    monkeypatch.setenv("REGISTRY_URL", there.url)
    settings.cache_clear()
    assert isinstance(hosts.host(), RemoteRegistry)
    assert hosts.host() is hosts.host()
    settings.cache_clear()
