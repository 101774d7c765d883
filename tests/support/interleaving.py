"""Concurrent operations of which exactly one moves at a time, in an order that the test decides.

Each operation runs in a thread of its own and stops before every call to AWS and at every pause; then `choose` says
which one moves on. So an in-process AWS that knows no threads sees real interleavings, and the same choices give the
same run: a failing order can be repeated, and hypothesis can shrink it. Calls can be lost on the way there or back.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

# A call that never leaves, or one that takes effect and whose answer never comes.
Fault = Literal["unsent", "answer lost"]
_PATIENCE = 60


class Abandoned(BaseException):
    """The run is over before the operation: no handler of the code under test may catch this."""


@dataclass(slots=True)
class Outcome:
    """How an operation ended."""

    value: Any = None
    error: BaseException | None = None


def smooth(_call: str) -> Fault | None:
    """No call is lost."""
    return None


def run(
    operations: Sequence[Callable[[], Any]],
    client: Any,
    choose: Callable[[int], int],
    fault: Callable[[str], Fault | None] = smooth,
) -> list[Outcome]:
    """Run the operations, all at once, over the AWS `client` that they use; gives their outcomes in the same order.

    `choose(n)` gives which of n (at least two) operations moves next; 0 is the one that moved last, so all zeros are
    one operation after the other. `fault(call)` says what happens to the call (``GetItem``) that is about to be made.
    """
    return _Run(operations, choose, fault).play(client)


class _Worker:
    def __init__(self, operation: Callable[[], Any]) -> None:
        self.operation = operation
        self.go = threading.Semaphore(0)
        self.outcome = Outcome()
        self.next_call: str | None = None
        self.fault: Fault | None = None
        self.done = False
        self.thread: threading.Thread | None = None


class _Run:
    def __init__(
        self,
        operations: Sequence[Callable[[], Any]],
        choose: Callable[[int], int],
        fault: Callable[[str], Fault | None],
    ) -> None:
        self._workers = [_Worker(operation) for operation in operations]
        self._choose = choose
        self._fault = fault
        self._stopped = threading.Semaphore(0)
        self._abandoned = False
        self._here = threading.local()

    def play(self, client: Any) -> list[Outcome]:
        hooks = {"before-call": self._before_call, "after-call": self._after_call}
        for name, hook in hooks.items():
            client.meta.events.register(name, hook)
        try:
            with patch("time.sleep", self._pause):
                for worker in self._workers:
                    worker.thread = threading.Thread(target=self._live, args=[worker], daemon=True)
                    worker.thread.start()
                self._conduct()
        finally:
            self._abandon()
            for name, hook in hooks.items():
                client.meta.events.unregister(name, hook)
        return [worker.outcome for worker in self._workers]

    def _conduct(self) -> None:
        waiting = list(self._workers)
        while waiting:
            worker = waiting.pop(self._choose(len(waiting)) if len(waiting) > 1 else 0)
            worker.fault = self._fault(worker.next_call) if worker.next_call else None
            worker.go.release()
            if not self._stopped.acquire(timeout=_PATIENCE):
                raise TimeoutError("an operation waits for something that is no call to AWS")
            if not worker.done:
                waiting.insert(0, worker)

    def _abandon(self) -> None:
        self._abandoned = True
        for worker in self._workers:
            worker.go.release()
            if worker.thread is not None:
                worker.thread.join(timeout=_PATIENCE)

    def _live(self, worker: _Worker) -> None:
        self._here.worker = worker
        try:
            self._wait(worker)
            worker.outcome.value = worker.operation()
        except BaseException as error:  # noqa: BLE001 - it is the outcome
            worker.outcome.error = error
        worker.done = True
        self._stopped.release()

    def _wait(self, worker: _Worker) -> None:
        if not self._abandoned:
            worker.go.acquire()
        if self._abandoned:
            raise Abandoned

    def _stop(self, call: str | None) -> _Worker | None:
        """Let others move; gives the worker that stopped here, None in a thread that is none of this run's."""
        worker: _Worker | None = getattr(self._here, "worker", None)
        if worker is not None:
            worker.next_call = call
            self._stopped.release()
            self._wait(worker)
        return worker

    def _pause(self, _seconds: float) -> None:
        self._stop(None)

    def _before_call(self, model: Any, **_: Any) -> None:
        worker = self._stop(model.name)
        if worker is not None and worker.fault == "unsent":
            raise EndpointConnectionError(endpoint_url=f"https://{model.name}.test")

    def _after_call(self, model: Any, **_: Any) -> None:
        worker: _Worker | None = getattr(self._here, "worker", None)
        if worker is not None and worker.fault == "answer lost":
            raise ReadTimeoutError(endpoint_url=f"https://{model.name}.test")
