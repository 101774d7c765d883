"""Pure rules of back-fills: names, what is noted of a file, and the summary of all notes."""

from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

from marquee.sales.backfills.backfill_models import Backfill, BackfilledFile, FileStatus, Note, Problem, Summary

ATTEMPTS = 3
"""How often a file is tried in one back-fill where its ingest fails through no fault of the file."""
PROBLEMS = 50
"""How many files that were not taken a summary tells of one by one; the list of files has all."""
_MAX_MESSAGE = 500
_ENDS: frozenset[str] = frozenset(("COMMITTED", "UNCHANGED", "REJECTED", "IGNORED"))


def folder(tenant: str) -> str:
    """The tenant's folder of files to be taken; nothing of another tenant's begins with it."""
    return f"backfill/{tenant}/"


def prefix_of(tenant: str, asked: Backfill) -> str:
    """How the keys of the files begin that a request asks for."""
    return folder(tenant) + (f"{asked.eid}/" if asked.eid else "") + asked.prefix


def is_file(key: str) -> bool:
    """Whether an object is a file; consoles make empty objects for folders."""
    return not key.endswith("/")


def new_note(file: str, etag: str, status: FileStatus, **values: Any) -> Note:
    """A note about a file of which nothing else is known."""
    note: Note = {
        "file": file,
        "etag": etag,
        "status": status,
        "attempt": 0,
        "execution": None,
        "ingest_id": None,
        "rows": 0,
        "accepted": 0,
        "rejected": 0,
        "duplicate": 0,
        "code": None,
        "message": None,
    }
    note.update(values)  # type: ignore[typeddict-item]
    return note


def concluded(note: Note, outcome: Mapping[str, Any]) -> Note | None:
    """The note with what an execution of `sales_ingest` gave as its outcome; None where that is none."""
    status = outcome.get("outcome")
    if status not in _ENDS:
        return None
    ended: dict[str, Any] = {name: int(outcome.get(name, 0)) for name in ("rows", "accepted", "rejected", "duplicate")}
    ended["status"], ended["code"] = status, outcome.get("code")
    ended["message"] = str(outcome["message"])[:_MAX_MESSAGE] if outcome.get("message") else None
    ended["ingest_id"] = outcome.get("ingest_id") or (outcome.get("ingest") or {}).get("ingest_id")
    return cast("Note", {**note, **ended})


def given_up(note: Note, status: FileStatus, code: str, message: str) -> Note:
    """The note of a file that was not taken through no fault of its own."""
    return {**note, "status": status, "code": code, "message": message[:_MAX_MESSAGE]}


def summary(notes: Iterable[Note]) -> Summary:
    """All notes in one."""
    files = dict.fromkeys(get_args(FileStatus), 0)
    rows = dict.fromkeys(("rows", "accepted", "rejected", "duplicate"), 0)
    reasons: dict[str, int] = {}
    problems: list[Problem] = []
    for note in notes:
        files[note["status"]] += 1
        for name in rows:
            rows[name] += note[name]  # type: ignore[literal-required]
        if note["code"] is not None:
            reasons[note["code"]] = reasons.get(note["code"], 0) + 1
            if len(problems) < PROBLEMS:
                problems.append(_problem(note))
    return {
        "files": sum(files.values()),
        "committed": files["COMMITTED"],
        "unchanged": files["UNCHANGED"],
        "rejected": files["REJECTED"],
        # A file that is still being taken when all others are done is one that nobody saw the end of.
        "failed": files["FAILED"] + files["CANCELLED"] + files["RUNNING"],
        "ignored": files["IGNORED"],
        "rows": rows["rows"],
        "rows_accepted": rows["accepted"],
        "rows_rejected": rows["rejected"],
        "rows_duplicate": rows["duplicate"],
        "reasons": dict(sorted(reasons.items())),
        "problems": problems,
    }


def _problem(note: Note) -> Problem:
    return {"file": note["file"], "status": note["status"], "code": note["code"], "message": note["message"]}


def document(note: Note) -> BackfilledFile:
    """A note as it is sent."""
    return BackfilledFile(
        file=note["file"],
        status=note["status"],
        rows=note["rows"],
        accepted=note["accepted"],
        rejected=note["rejected"],
        duplicate=note["duplicate"],
        code=note["code"],
        message=note["message"],
        execution=f"/executions/exe_sales_ingest.{note['execution']}" if note["execution"] else None,
        ingest=f"/ingests/{note['ingest_id']}" if note["ingest_id"] else None,
    )
