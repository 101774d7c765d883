"""A file of events, entry by entry: which are in order, and what is said of each. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from marquee.errors import DomainError, Unprocessable, Violation
from marquee.ids import is_event_id
from marquee.registry.models import BulkReport, EntryResult, NewEvent
from marquee.requests import violations_of

MOST_ENTRIES = 500
# What is said of a file must fit into what is stored under its Idempotency-Key, however wrong the file is: of names
# that the sender made up, two an entry and their beginnings.
_MOST_UNKNOWN = 2
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that is in order, and its place in the file."""

    index: int
    event: NewEvent


def sifted(entries: Sequence[object]) -> tuple[list[Entry], list[EntryResult]]:
    """The entries that are in order, and the refusals of the others, each in the file's order.

    Of several with one id the first that is in order has it. Raises Unprocessable for a file that is too long.
    """
    if len(entries) > MOST_ENTRIES:
        raise Unprocessable(
            "bulk.too_many", f"A file holds at most {MOST_ENTRIES} events, and this one has {len(entries)}."
        )
    kept: list[Entry] = []
    refused: list[EntryResult] = []
    ids: set[str] = set()
    for index, entry in enumerate(entries):
        found = _read(index, entry)
        if not isinstance(found, NewEvent):
            refused.append(found)
        elif found.id in ids:
            refused.append(
                refusal(index, found.id, "event.id_repeated", f"An entry before this one has the id '{found.id}'.")
            )
        else:
            ids |= {found.id} if found.id else set()
            kept.append(Entry(index, found))
    return kept, refused


def _read(index: int, entry: object) -> NewEvent | EntryResult:
    place = f"events.{index}"
    if not isinstance(entry, dict):
        wrong = [Violation("model_type", place, "An event is a JSON object.")]
        return refusal(index, None, "body.invalid", "An event is a JSON object.", wrong)
    try:
        return NewEvent.model_validate(entry)
    except ValidationError as error:
        wrong = _bounded(violations_of(error))
    eid = entry.get("id")
    return refusal(
        index,
        eid if isinstance(eid, str) and is_event_id(eid) else None,
        "body.invalid",
        f"Wrong: {', '.join(dict.fromkeys(one.field for one in wrong))}.",
        [Violation(one.code, f"{place}.{one.field}", one.message) for one in wrong],
    )


def _bounded(violations: Sequence[Violation]) -> list[Violation]:
    known = [one for one in violations if one.code != "extra_forbidden"]
    unknown = [one for one in violations if one.code == "extra_forbidden"][:_MOST_UNKNOWN]
    return known + [Violation(one.code, one.field[:_LONGEST_NAME], one.message) for one in unknown]


def acceptance(index: int, eid: str | None) -> EntryResult:
    """An entry's good result; without an id where a plan cannot know it."""
    return {
        "index": index,
        "status": "accepted",
        "id": eid,
        "error_code": None,
        "detail": None,
        "validation_errors": [],
    }


def refusal(index: int, eid: str | None, code: str, detail: str, violations: Iterable[Violation] = ()) -> EntryResult:
    """An entry's bad result, worded as a problem document would be."""
    return {
        "index": index,
        "status": "refused",
        "id": eid,
        "error_code": code,
        "detail": detail,
        "validation_errors": [{"code": one.code, "field": one.field, "message": one.message} for one in violations],
    }


def refusal_by(error: DomainError, index: int, eid: str) -> EntryResult:
    """An entry's bad result where `error` is what became of it."""
    return refusal(index, eid, error.code, error.detail)


def report(results: Iterable[EntryResult]) -> BulkReport:
    """All results in the file's order, counted."""
    ordered = sorted(results, key=lambda one: one["index"])
    accepted = sum(one["status"] == "accepted" for one in ordered)
    return {"total": len(ordered), "accepted": accepted, "refused": len(ordered) - accepted, "results": ordered}
