"""What closed campaigns teach about clusters."""

from collections.abc import Sequence

from marquee.audience.models import Outcome


def learn(tenant: str, eid: str, launch_id: str, result_id: str, at: str, outcomes: Sequence[Outcome]) -> bool:
    """Count a launch's outcomes as evidence of how its clusters respond to events like this one.

    A launch counts once: the same `result_id` again changes nothing, a later one (`at`, RFC 3339, when it was worked
    out) takes the place of the one before, and an earlier one is left out. In which order launches come makes no
    difference. False where nothing was changed. Raises NotFound for no such event, and Conflict where others never
    stop writing.
    """
    raise NotImplementedError(tenant, eid, launch_id, result_id, at, outcomes)
