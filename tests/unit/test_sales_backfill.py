"""Pure rules of back-fills."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from marquee.sales import rules
from marquee.sales.backfills import backfill
from marquee.sales.backfills.backfill_models import PLACE, Backfill, FileStatus, Note

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ENDS = st.sampled_from(get_args(FileStatus))


@settings(max_examples=40)
@given(st.from_regex(PLACE, fullmatch=True), st.from_regex(PLACE, fullmatch=True), NAMES)
def test_a_back_fill_reaches_the_tenants_own_files_only(tenant: str, eid: str, prefix: str) -> None:
    # Given any prefix that is accepted
    try:
        asked = Backfill(prefix=prefix)
    except ValidationError:
        return
    # Then what begins with it lies in the tenant's folder
    assert backfill.prefix_of(tenant, asked).startswith(f"backfill/{tenant}/")
    with_event = backfill.prefix_of(tenant, Backfill(eid=eid, prefix=prefix))
    assert with_event.startswith(f"backfill/{tenant}/{eid}/")
    # and a key that begins with it is the tenant's
    place = rules.parse_drop_key(f"{with_event}x.xlsx")
    assert place is not None
    assert place[:2] == (tenant, eid)


@pytest.mark.parametrize(
    "body", [{"prefix": "/x"}, {"eid": "a/b"}, {"eid": ""}, {"eid": "../x"}, {"prefix": "x" * 501}]
)
def test_what_could_mean_another_folder_is_refused(body: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Backfill.model_validate(body)


def test_a_note_is_concluded_by_an_ingests_outcome_and_by_nothing_else() -> None:
    begun = backfill.new_note("evt_1/a.xlsx", "e", "RUNNING", attempt=2, execution="x_1")
    counts = {"rows": 5, "accepted": 2, "rejected": 1, "duplicate": 2}
    committed = backfill.concluded(begun, {"outcome": "COMMITTED", "ingest_id": "ing_1", **counts})
    assert committed == {**begun, "status": "COMMITTED", "ingest_id": "ing_1", **counts}
    unchanged = backfill.concluded(begun, {"outcome": "UNCHANGED", "ingest": {"ingest_id": "ing_1"}})
    assert unchanged == {**begun, "status": "UNCHANGED", "ingest_id": "ing_1"}
    refused = backfill.concluded(begun, {"outcome": "REJECTED", "code": "file.empty", "message": "m" * 900})
    assert refused == {**begun, "status": "REJECTED", "code": "file.empty", "message": "m" * 500}
    assert backfill.concluded(begun, {}) is None
    assert backfill.concluded(begun, {"outcome": "STAGED"}) is None


@given(st.lists(st.tuples(ENDS, *[st.integers(0, 9)] * 3), max_size=80))
def test_a_summary_counts_every_file_once_and_adds_their_rows(ends: list[tuple[FileStatus, int, int, int]]) -> None:
    def note(number: int, end: tuple[FileStatus, int, int, int]) -> Note:
        status, accepted, rejected, duplicate = end
        code = None if status in {"COMMITTED", "UNCHANGED"} else f"code.{number % 3}"
        rows = {"accepted": accepted, "rejected": rejected, "duplicate": duplicate}
        return backfill.new_note(
            f"{number:03}",
            "e",
            status,
            rows=sum(rows.values()),
            code=code,
            message="No.",
            **rows,
        )

    found = backfill.summary(note(number, end) for number, end in enumerate(ends))
    assert found["files"] == len(ends) == sum(found[one] for one in _COUNTS)  # type: ignore[literal-required]
    assert found["rows"] == found["rows_accepted"] + found["rows_rejected"] + found["rows_duplicate"]
    assert found["rows"] == sum(sum(end[1:]) for end in ends)
    problems = len(ends) - found["committed"] - found["unchanged"]
    assert sum(found["reasons"].values()) == problems
    assert [one["file"] for one in found["problems"]] == sorted(one["file"] for one in found["problems"])
    assert len(found["problems"]) == min(problems, backfill.PROBLEMS)


_COUNTS = ("committed", "unchanged", "rejected", "failed", "ignored")
