"""The steps of the `sales_clear` machine: an event's sales are put away, all at once, whatever their number.

A clear is known by the id in its input, which a redriven execution has as well. It happens once: its snapshot says so.
"""

import random
import time
from datetime import datetime, timedelta
from typing import Any

from marquee import clock
from marquee.errors import Conflict
from marquee.sales import repository, rules
from marquee.sales.clears import snapshots
from marquee.sales.clears.clear_models import ClearTask, Snapshot

UNDO_DAYS, PURGE_DAYS = 30, 31
"""How long a clear can be undone, and after how long nothing is left to undo it from."""
_ATTEMPTS = 20
Outcome = dict[str, Any]


def clear(task: ClearTask) -> Outcome:
    """Put away what the event has now; repeated, it finds that done, and leaves alone what was loaded since.

    Outcome: CLEARED with what was cleared, and until when that can be undone. Raises Conflict where others keep
    committing first, or where the execution was stopped.
    """
    for attempt in range(_ATTEMPTS):
        done = _done(task)
        if done is not None:
            return done
        now = clock.now()
        head = repository.head(task["tenant"], task["eid"])
        if snapshots.clear(task, head, clock.rfc3339(now), clock.rfc3339(now + timedelta(days=PURGE_DAYS))):
            continue
        time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
    done = _done(task)
    if done is None:
        raise Conflict("clear.contended", "Files of the event keep being committed. Try again.")
    return done


def abort(task: ClearTask) -> Outcome:
    """Make sure that a clear which was given up does not happen later. Outcomes: FAILED, or CLEARED where it has."""
    repository.stop(task["tenant"], task["execution"], clock.timestamp())
    return _done(task) or {"outcome": "FAILED", "eid": task["eid"]}


def _done(task: ClearTask) -> Outcome | None:
    snapshot = snapshots.get(task)
    if snapshot is None:
        return None
    head = snapshot.head
    return {
        "outcome": "CLEARED",
        "eid": task["eid"],
        "sources": len(head["visible"]),
        "cleared": rules.head_totals(head),
        "cleared_at": snapshot.cleared_at,
        "undoable_until": clock.rfc3339(undoable_until(snapshot)),
    }


def undoable_until(snapshot: Snapshot) -> datetime:
    """The moment after which the clear is not undone any more."""
    return datetime.fromisoformat(snapshot.cleared_at) + timedelta(days=UNDO_DAYS)
