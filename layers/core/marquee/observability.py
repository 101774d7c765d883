"""Structured logs: a constant message and keys, never a body or a token."""

from functools import cache

from aws_lambda_powertools.logging import Logger


@cache
def logger() -> Logger:
    """The process's JSON logger; the service name comes from POWERTOOLS_SERVICE_NAME."""
    return Logger()
