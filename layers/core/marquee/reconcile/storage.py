"""Reports of reconciliation in S3, under names that derive from the execution: a repeated step overwrites its own."""

import orjson

from marquee import ddb
from marquee.reconcile.models import Report
from marquee.settings import settings


def put(report: Report) -> str:
    """Store a report and give its key."""
    key = f"reports/reconcile/{report['tenant']}/{report['execution']}.json"
    ddb.aws_client("s3").put_object(
        Bucket=settings().bucket, Key=key, Body=orjson.dumps(report), ContentType="application/json"
    )
    return key
