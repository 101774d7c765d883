"""Pure rules of publications: what an event lacks, what a publication changes on it, what the other hosts should show.

A publication is the event's own: it stands in the head until the next one replaces it. `sequence` grows with each, and
with each that is undone or begun anew; every write on another host is made under the mark that carries it
(`pending`), so what was replaced can change nothing any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import orjson

from marquee.clock import rfc3339
from marquee.errors import Unprocessable, Violation
from marquee.hub import heads, recurrence, rules, wall_time
from marquee.hub.models import Item, Occurrence, StoredState
from marquee.hub.publication import main_metadata
from marquee.hub.publication.models import Failure, Kind, OnMain, Report

T = TypeVar("T")
BATCH = 50
"""Occurrences that a step takes: so many records fit one transaction, beside the mark."""
_OVER, _SOLD = "It is over: what took place stays.", "It has sales."
LASTING = frozenset((_OVER, _SOLD))
"""Why an occurrence is kept for good."""
_WANTED: dict[StoredState, Literal["active", "archived", "cancelled"]] = {
    "draft": "archived",
    "ready": "archived",
    "published": "active",
    "unpublished": "archived",
    "cancelled": "cancelled",
}


# --- what an event lacks ----------------------------------------------------------------------------------------------


def prerequisites(head: Mapping[str, Any], now: datetime) -> list[Violation]:
    """Everything that the event lacks to be published; reads `doc`, `rule` and `runs` of the head."""
    content = heads.content(head)
    found: list[Violation] = []
    if not content["name"].strip():
        found.append(Violation("event.name_missing", "event.name", "The event needs a name."))
    if not content["timezone"]:
        found.append(Violation("event.timezone_missing", "event.timezone", "The event needs a time zone."))
    elif not any(start > now for _, start, _ in heads.spans(head)):
        found.append(
            Violation("event.no_future_occurrence", "event.occurrence", "No occurrence of the event is in the future.")
        )
    if main_metadata.place(content) is None:
        online = content["configuration"]["type"] == "online_event"
        told = "An online event needs its link (url)." if online else "The event needs a venue with a name."
        code = "event.online_link_missing" if online else "event.venue_missing"
        found.append(Violation(code, "event.configuration.attributes", told))
    return found


# --- what a publication changes on the event --------------------------------------------------------------------------


def requested(head: Item, kind: Kind, publication_id: str, now: datetime) -> Item:
    """The changes that a request to publish, unpublish or cancel makes.

    Raises Conflict where the state does not allow it, Unprocessable with all that is missing. Only the Hub hears of an
    event's cancellation that was never published.
    """
    lacks = prerequisites(head, now) if kind == "publish" and head["state"] in {"draft", "ready", "unpublished"} else []
    if lacks:
        raise Unprocessable("event.incomplete", f"The event cannot be published: {_sentence(lacks)}.", violations=lacks)
    state = head["state"]
    if kind == "publish":
        state = rules.settled(state, missing=False)
    target = rules.transition(kind, state, heads.shown_state(head, now)) if kind != "update" else state
    changes: Item = {**begun(head, kind, publication_id, now), "state": target, "state_at": rfc3339(now)}
    if kind == "publish":
        changes["published_at"] = rfc3339(now)
    if kind == "cancel":
        changes["doc"] = _booking_closed(head, now)
        if "publication" not in head:
            del changes["publication"]
    return changes


def _sentence(lacks: Sequence[Violation]) -> str:
    return "; ".join(one.message[0].lower() + one.message[1:].rstrip(".") for one in lacks)


def _booking_closed(head: Item, now: datetime) -> str:
    content = heads.content(head)
    ends = content["settings"]["booking_ends_on"]
    closed = {**ends, "type": "specific_time", **wall_time.shown(now, content["timezone"])}
    return heads.packed({**content, "settings": {**content["settings"], "booking_ends_on": closed}})


def begun(head: Item, kind: Kind, publication_id: str, now: datetime) -> Item:
    """The changes that begin a publication; the state is not among them."""
    sequence = head["sequence"] + 1
    return {
        "sequence": sequence,
        "publication": {
            "id": publication_id,
            "kind": kind,
            "sequence": sequence,
            "phase": "running",
            "before": head["state"],
            "at": rfc3339(now),
        },
    }


def begun_again(head: Item, now: datetime) -> Item:
    """The changes that begin a failed publication anew. Raises as `requested` does."""
    publication = head["publication"]
    kind: Kind = publication["kind"]
    if kind in {"publish", "unpublish"}:
        return requested(head, kind, publication["id"], now)
    changes = begun(head, kind, publication["id"], now)
    # An update or a cancellation left the state as it is; what was there before the first try still was.
    changes["publication"]["before"] = publication["before"]
    return changes


def undone(head: Item, failure: Failure | None, now: datetime) -> Item:
    """The changes that give the event back the state from before its running publication; hosts are still to follow.

    `undoes` is the sequence whose doings on Main are to be turned back.
    """
    publication = head["publication"]
    state = publication["before"]
    if state in {"draft", "ready"}:
        state = rules.settled(state, prerequisites(head, now))
    sequence = head["sequence"] + 1
    return {
        "state": state,
        "state_at": rfc3339(now) if state != head["state"] else head["state_at"],
        "sequence": sequence,
        "publication": {
            **publication,
            "sequence": sequence,
            "undoes": publication["sequence"],
            "failure": told(failure),
        },
    }


def failed(head: Item, failure: Failure | None) -> Item:
    """The changes that end a publication which did not succeed; what was said of why stays if nothing new is."""
    publication = {name: value for name, value in head["publication"].items() if name != "undoes"}
    reason = told(failure) if failure else publication.get("failure")
    return {"publication": {**publication, "phase": "failed", "failure": reason}}


def done(head: Item, report: Report, still: Sequence[Occurrence]) -> Item:
    """The changes that end a publication which succeeded; `still` are removed occurrences that Main keeps."""
    publication = {**head["publication"], "phase": "done", "report": report}
    return {"publication": publication, "dropped": heads.packed(recurrence.packed(still))}


def told(failure: Failure | None) -> str:
    """Why a machine gave up, in one line: the error's name and what may be told of it."""
    if failure is None:
        return "Unfinished: It was interrupted."
    cause = failure["Cause"]
    try:
        parsed = orjson.loads(cause)
    except orjson.JSONDecodeError:
        parsed = cause
    message = str(parsed.get("errorMessage", "")) if isinstance(parsed, dict) else str(parsed)
    code, _, sentence = message.partition(": ")
    # A domain error speaks to people; anything else may name what is inside.
    spoken = sentence if "." in code and " " not in code and sentence else "A step failed on our side."
    return f"{failure['Error']}: {spoken}"[:500]


def as_failure(text: str | None) -> Failure:
    """The inverse of `told`, as far as what was told goes."""
    name, _, sentence = (text or told(None)).partition(": ")
    return {"Error": name, "Cause": f"publication.undone: {sentence}"}


# --- occurrences ------------------------------------------------------------------------------------------------------


def dropped(head: Mapping[str, Any]) -> list[Occurrence]:
    """Occurrences that the event has no more and that Main may still show."""
    return recurrence.unpacked(orjson.loads(head.get("dropped", "[]")))


def dropped_after(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Occurrence]:
    """`dropped` once the event has changed from `before` to `after`."""
    present = {one.key for one in heads.occurrences(after)}
    gone = {one.key: one for one in (*dropped(before), *heads.occurrences(before)) if one.key not in present}
    return sorted(gone.values())


def batches(number: int) -> list[int]:
    """The numbers of the batches that so many occurrences make."""
    return list(range(-(-number // BATCH)))


def batch(occurrences: Sequence[T], number: int) -> Sequence[T]:
    """One batch of them."""
    return occurrences[number * BATCH : (number + 1) * BATCH]


def withdrawn(head: Mapping[str, Any]) -> list[Occurrence]:
    """The occurrences that Main is to show as active no more."""
    removed = dropped(head)
    return removed if head["state"] == "published" else [*heads.occurrences(head), *removed]


def over(head: Mapping[str, Any], occurrences: Sequence[Occurrence]) -> set[int]:
    """The keys of those that were over when the publication began: what took place is not taken back."""
    content, rule = heads.content(head), heads.rule(head)
    at = datetime.fromisoformat(head["publication"]["at"])
    # Nobody has to look at the clock's rules for what is more than two days away.
    latest = wall_time.minutes(at.replace(tzinfo=None) + timedelta(days=2))
    return {
        one.key
        for one in occurrences
        if one.start <= latest and recurrence.span(rule, one.start, content["timezone"])[1] <= at
    }


def wanted(head: Mapping[str, Any], *, removed: bool) -> Literal["active", "archived", "cancelled"]:
    """The status that an occurrence should have on Main."""
    found = _WANTED[head["state"]]
    return "archived" if removed and found == "active" else found


def standing(status: str | None, wish: str) -> OnMain:
    """How an occurrence stands on Main, from its status there."""
    if status is None:
        return "absent"
    if status == "active" and wish != "active":
        return "kept"
    return status  # type: ignore[return-value]


def reason(status: str | None, wish: str, phase: str, *, is_over: bool, has_sales: bool) -> str | None:
    """Why an occurrence does not stand on Main as the event has it; None where it does."""
    if status == wish or (status is None and wish != "active"):
        return None
    if status == "active" and is_over:
        return _OVER
    if status == "active" and wish == "archived" and has_sales:
        return _SOLD
    return "It is on its way." if phase == "running" else "It was not brought there."
