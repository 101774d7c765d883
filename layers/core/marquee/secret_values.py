"""Secrets Manager as the services use it: a secret's string, kept for a while and never logged."""

import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from marquee import ddb
from marquee.errors import Unavailable


class NoSecret(Unavailable):
    """There is no secret of this name."""


def secret_name(*parts: str) -> str:
    """The name of a secret that has its place below a prefix: the parts with slashes between them."""
    return "/".join(part.strip("/") for part in parts)


def is_there(name: str) -> bool:
    """Whether there is a secret of this name with something in it; it is not read. Raises Unavailable."""
    try:
        found = _client().describe_secret(SecretId=name)
    except ClientError as error:
        if ddb.error_code(error) == "ResourceNotFoundException":
            return False
        raise _unreadable(error) from error
    except BotoCoreError as error:
        raise Unavailable("secret.unreachable", "The store of secrets does not answer.") from error
    return "DeletedDate" not in found and bool(found.get("VersionIdsToStages"))


class SecretValue:
    """A secret's string. It is kept for `seconds` by this process, then asked for anew, so that a rotation arrives."""

    def __init__(self, arn: str, *, seconds: float = 300) -> None:
        self._arn = arn
        self._seconds = seconds
        self._value = ""
        self._until = 0.0

    def read(self, *, anew: bool = False) -> str:
        """The string, surrounding space apart. While the store is away, the one that is known serves.

        Raises Unavailable where it cannot be read or another was wanted, and NoSecret where there is none.
        """
        if anew or time.monotonic() >= self._until:
            try:
                self._value = self._fetched()
            except Unavailable:
                if anew or not self._value:
                    raise
            self._until = time.monotonic() + self._seconds
        return self._value

    def _fetched(self) -> str:
        try:
            answer = _client().get_secret_value(SecretId=self._arn)
        except ClientError as error:
            raise _unreadable(error) from error
        except BotoCoreError as error:
            raise Unavailable("secret.unreachable", "The store of secrets does not answer.") from error
        return str(answer.get("SecretString", "")).strip()


def _client() -> Any:
    return ddb.aws_client("secretsmanager", attempts=1, read_timeout=1)


def _unreadable(error: ClientError) -> Unavailable:
    code = ddb.error_code(error)
    kind = NoSecret if code == "ResourceNotFoundException" else Unavailable
    return kind("secret.unreadable", f"A secret of this deployment cannot be read ({code}).")
