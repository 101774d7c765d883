"""The hidden version of an exported row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.edits import edit_version
from marquee.sales.edits.edit_version import Version
from marquee.sales.workbooks.cells import Cell

KEY = edit_version.keys_of("aurora", "evt_1")("2026-03-01", "A", "EUR")


@given(st.integers(-(10**12), 10**12), st.integers(-(10**15), 10**15))
def test_a_version_says_what_was_written(tickets: int, minor: int) -> None:
    cell = edit_version.written(KEY, tickets, minor)
    assert edit_version.read(cell) == Version(KEY, tickets, minor)
    # Also where a hand left spaces around it
    assert edit_version.read(f" {cell} ") == Version(KEY, tickets, minor)


@given(st.integers(0, 200), st.characters(categories=["L", "N", "P"]))
def test_a_version_with_one_character_changed_is_damaged(position: int, character: str) -> None:
    # Given a version cell in which somebody typed
    cell = edit_version.written(KEY, 12, 4050)
    position %= len(cell)
    changed = cell[:position] + character + cell[position + 1 :]
    # Then it says what it said, or that it is damaged
    assert edit_version.read(changed) == (Version(KEY, 12, 4050) if changed == cell else None)


@pytest.mark.parametrize("cell", [None, "", "v1", 4711.0, True, "v1.1.2.3.4", edit_version.written(KEY, 1, 2)[:-1]])
def test_anything_else_is_no_version(cell: Cell) -> None:
    assert edit_version.read(cell) is None


def test_every_part_of_a_row_and_its_owner_make_the_key() -> None:
    rows = [
        ("aurora", "evt_1", "2026-03-01", "A", "EUR"),
        ("borealis", "evt_1", "2026-03-01", "A", "EUR"),
        ("aurora", "evt_2", "2026-03-01", "A", "EUR"),
        ("aurora", "evt_1", "2026-03-02", "A", "EUR"),
        ("aurora", "evt_1", "2026-03-01", "B", "EUR"),
        ("aurora", "evt_1", "2026-03-01", "A", "USD"),
    ]
    assert len({edit_version.keys_of(tenant, eid)(*key) for tenant, eid, *key in rows}) == len(rows)


@pytest.mark.parametrize(
    ("stored", "read"),
    [("A", "A"), ("_x0041_", "_x005F_x0041_"), ("bell\x07", "bell\ufffd"), ("2024", 2024.0), ("a b", " a  b ")],
)
def test_a_category_is_recognised_after_its_way_through_a_workbook(stored: str, read: Cell) -> None:
    assert edit_version.plain(stored) == edit_version.plain(read)
