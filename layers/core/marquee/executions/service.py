"""Use cases of executions: anyone of the tenant can watch what its long operations do."""

from typing import Any

import orjson

from marquee import workflows
from marquee.clock import rfc3339
from marquee.errors import NotFound
from marquee.executions import rules
from marquee.executions.models import Execution


def read(tenant: str, execution_id: str) -> Execution:
    """The tenant's execution with its steps. Raises NotFound, also for somebody else's."""
    parsed = rules.parse_execution_id(execution_id)
    described = workflows.describe(*parsed) if parsed else None
    if parsed is None or described is None:
        raise _not_found(execution_id)
    payload: dict[str, Any] = orjson.loads(described["input"])
    subject = rules.subject(payload)
    if subject.pop("tenant", None) != tenant:
        raise _not_found(execution_id)
    arn = str(described["executionArn"])
    definition = workflows.definition_of(arn)
    stopped = described.get("stopDate")
    failed = described["status"] in {"FAILED", "TIMED_OUT", "ABORTED"}
    return Execution.model_validate(
        {
            "id": execution_id,
            "workflow": parsed[0],
            "status": rules.STATUSES[described["status"]],
            "subject": subject,
            "started_at": rfc3339(described["startDate"]),
            "finished_at": rfc3339(stopped) if stopped else None,
            "steps": rules.steps(workflows.history(arn), rules.titles(definition)),
            "result": orjson.loads(described["output"]) if described["status"] == "SUCCEEDED" else None,
            "error": rules.failure(str(described.get("error", described["status"])), str(described.get("cause", "")))
            if failed
            else None,
        }
    )


def _not_found(execution_id: str) -> NotFound:
    return NotFound("execution.not_found", f"There is no execution '{execution_id}'.")
