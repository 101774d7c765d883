"""Metrics, written to the log in CloudWatch's embedded format."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from marquee.settings import settings


def count(values: Mapping[str, int], **context: str) -> None:
    """Write these counts under the namespace `Marquee`, by stage.

    `context` (a tenant, an execution) can be searched for in the log and is no dimension: every tenant would be a
    metric of its own, to be paid for, and an alarm cannot be set on metrics that are not known yet.
    """
    metrics = EphemeralMetrics(namespace="Marquee", service="marquee")
    metrics.add_dimension("stage", settings().stage)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    for name, text in context.items():
        metrics.add_metadata(name, text)
    metrics.flush_metrics()
