"""Main: long operations as resources."""

from marquee.auth import Caller
from marquee.executions import service
from marquee.executions.models import Execution
from marquee.http import Api

handler = Api("main")


@handler.get("/executions/<execution_id>", scope="main.read")
def read_execution(caller: Caller, execution_id: str) -> Execution:
    """Watch an execution: its steps, timings and errors."""
    return service.read(caller.tenant, execution_id)
