"""The template's tables and buckets in moto, quickly: created once as any client would, then copied while empty.

To create them takes longer than most tests do.
"""

import copy
from typing import Any

import boto3
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.support.template import Template


class Storage:
    """What the template declares, empty, as often as it is wanted."""

    def __init__(self, template: Template, region: str) -> None:
        self._template, self._region = template, region
        self._names: dict[str, str] = {}
        self._tables: Any = None
        self._s3: Any = None

    def lay_out(self) -> dict[str, str]:
        """Put empty tables and buckets into moto, which has none; logical id -> physical name."""
        dynamodb: Any = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][self._region]
        if not self._names:
            session = boto3.Session(region_name=self._region)
            self._s3 = session.client("s3")
            self._names = self._template.create_tables(session.client("dynamodb"))
            self._tables = copy.deepcopy(dynamodb.tables)
        else:
            dynamodb.tables = copy.deepcopy(self._tables)
        return self._names | self._template.create_buckets(self._s3)
