from hypothesis import given
from hypothesis import strategies as st

from marquee.events.rules import new_item
from marquee.statuses import rules
from tests.support.events import meta

STATUSES = st.sampled_from(["DEFAULT", "FLAGGED", "HIDDEN"])


@given(STATUSES, STATUSES)
def test_a_change_undone_shows_what_was_before_and_is_newer(before: str, wanted: str) -> None:
    item = new_item("t", "evt_1", meta(), 1, "now") | {"frontend_status": before}
    changed = item | rules.frontend_change(item, wanted, "c", "now")
    undone = changed | rules.frontend_change(changed, changed["frontend_previous"], "c/undo", "now")
    assert undone["frontend_status"] == before
    assert item["frontend_sequence"] < changed["frontend_sequence"] < undone["frontend_sequence"]
