"""Main: long operations as resources."""

from marquee.auth import Caller
from marquee.executions import control_service as control
from marquee.executions import service
from marquee.executions.models import ChangeQuery, Execution
from marquee.http import Api, Reply
from marquee.plans import Plan

handler = Api("main")


@handler.get("/executions/<execution_id>", scope="main.read")
def read_execution(caller: Caller, execution_id: str) -> Execution:
    """Watch an execution: its steps, timings and errors."""
    return service.read(caller.tenant, execution_id)


@handler.post("/executions/<execution_id>/cancel", scope="main.write", status=200)
def cancel_execution(caller: Caller, execution_id: str, query: ChangeQuery) -> Execution | Plan:
    """Cancel a running execution.

    What it has made visible stays; what it leaves open is closed. Cancelling it again changes nothing.
    """
    return control.cancel(caller.tenant, execution_id, dry_run=query.dry_run)


@handler.post("/executions/<execution_id>/redrive", scope="main.write", status=202)
def redrive_execution(caller: Caller, execution_id: str, query: ChangeQuery) -> Reply[Execution] | Plan:
    """Redrive an execution that failed, timed out or was cancelled.

    Its successor has the same input and goes on from what is stored. An execution has one successor; should that fail
    too, redrive that.
    """
    successor = control.redrive(caller.tenant, execution_id, dry_run=query.dry_run)
    if isinstance(successor, Plan):
        return successor
    return Reply(successor, 202, headers={"Location": f"/executions/{successor.id}"})


@handler.post("/executions/<execution_id>/undo", scope="main.write", status=202)
def undo_execution(caller: Caller, execution_id: str, query: ChangeQuery) -> Reply[Execution] | Plan:
    """Undo what an execution did; `sales_clear` and `campaigns_reset` can be undone, for 30 days.

    Sales that were cleared come back beside what was loaded since: rows that were loaded again count once. Campaigns
    that were reset come back as they were, where none were set up since. An execution is undone once; asked again, the
    answer is the same undo.
    """
    undo = control.undo(caller.tenant, execution_id, dry_run=query.dry_run)
    if isinstance(undo, Plan):
        return undo
    return Reply(undo, 202, headers={"Location": f"/executions/{undo.id}"})
