"""Secrets Manager as the services use it: a secret's string, kept for a while and never logged."""

import time

from botocore.exceptions import BotoCoreError, ClientError

from marquee import ddb
from marquee.errors import Unavailable


class SecretValue:
    """A secret's string. It is kept for `seconds` by this process, then asked for anew, so that a rotation arrives."""

    def __init__(self, arn: str, *, seconds: float = 300) -> None:
        self._arn = arn
        self._seconds = seconds
        self._value = ""
        self._until = 0.0

    def read(self, *, anew: bool = False) -> str:
        """The string, surrounding space apart. While the store is away, the one that is known serves.

        Raises Unavailable where there is none, or another was wanted.
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
            answer = ddb.aws_client("secretsmanager", attempts=1, read_timeout=1).get_secret_value(SecretId=self._arn)
        except ClientError as error:
            raise Unavailable(
                "secret.unreadable", f"A secret of this deployment cannot be read ({ddb.error_code(error)})."
            ) from error
        except BotoCoreError as error:
            raise Unavailable("secret.unreachable", "The store of secrets does not answer.") from error
        return str(answer.get("SecretString", "")).strip()
