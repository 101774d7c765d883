"""The multiset of an event's rows: what is dropped again, in whatever file, adds only what is missing."""

from array import array
from collections import Counter
from itertools import repeat
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.ingests import identity, workfile

CONTENTS = st.lists(st.sampled_from("abcdefgh"), max_size=40)


def key(content: str) -> bytes:
    return content.encode().ljust(identity.IDENTITY_BYTES)


class Event:
    """An event that counts how many rows of each content it has taken."""

    def __init__(self) -> None:
        self.stored = b""
        self.taken: Counter[bytes] = Counter()

    def drop(self, rows: list[str]) -> int:
        counts = Counter(map(key, rows))
        had, self.stored = identity.merge(self.stored, list(counts), list(counts.values()))
        new = Counter({one: counts[one] - before for one, before in zip(counts, had, strict=True)})
        self.taken += new
        return new.total()


@given(CONTENTS, st.randoms(use_true_random=False))
def test_the_same_rows_in_any_order_add_nothing(rows: list[str], random: st.DataObject) -> None:
    # Given an event that has taken a file
    event = Event()
    assert event.drop(rows) == len(rows)
    # When the rows come again in another order, or a part of them
    shuffled = rows[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    # Then nothing is added
    assert event.drop(shuffled) == 0
    assert event.drop(shuffled[: len(rows) // 2]) == 0


@given(CONTENTS, st.lists(st.booleans(), min_size=40, max_size=40))
def test_a_part_first_and_the_whole_later_add_up_to_the_whole(rows: list[str], chosen: list[bool]) -> None:
    event = Event()
    part = [row for row, taken in zip(rows, chosen, strict=False) if taken]
    assert event.drop(part) + event.drop(rows) == len(rows)
    assert event.taken == Counter(map(key, rows))


@given(st.lists(CONTENTS, max_size=6), st.permutations(range(6)))
def test_files_in_any_order_and_twice_end_in_the_same_rows(files: list[list[str]], order: list[int]) -> None:
    # Given two events that get the same files in different orders, one of them twice
    one, other = Event(), Event()
    for rows in files:
        one.drop(rows)
    for index in [*order, *order]:
        if index < len(files):
            other.drop(files[index])
    # Then both have of each content as many as the file that has most of it
    most: Counter[bytes] = Counter()
    for rows in files:
        most |= Counter(map(key, rows))
    assert one.taken == other.taken == most
    assert one.stored == other.stored == identity.encode_multiset(most)


IDENTITIES = st.binary(min_size=16, max_size=16)
MULTISETS = st.dictionaries(IDENTITIES, st.integers(1, 2**32 - 1), max_size=40)


@given(MULTISETS, MULTISETS, st.data())
def test_a_file_is_taken_into_the_stored_multiset(seen: dict[bytes, int], of_file: dict[bytes, int], data: Any) -> None:
    # Given a file that shares some contents with its event
    shared = data.draw(st.lists(st.sampled_from(sorted(seen)), unique=True)) if seen else []
    of_file = of_file | dict.fromkeys(shared, data.draw(st.integers(1, 9)))
    # When it is taken
    had, stored = identity.merge(identity.encode_multiset(seen), list(of_file), list(of_file.values()))
    # Then of each content the event had as many rows as both have, and has as many as the one that has more
    assert list(had) == [min(count, seen.get(key, 0)) for key, count in of_file.items()]
    assert stored == identity.encode_multiset(Counter(seen) | Counter(of_file))


@given(st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(1, 2**32 - 1)))
def test_the_stored_multiset_comes_back(counts: dict[bytes, int]) -> None:
    stored = identity.encode_multiset(counts)
    assert identity.decode_multiset(stored) == counts
    assert len(stored) == 20 * len(counts)


def test_identities_differ_where_contents_do() -> None:
    plain = identity.core_text("2025-01-01", "A", 1, 1000, "EUR")
    others = [
        identity.core_text("2025-01-02", "A", 1, 1000, "EUR"),
        identity.core_text("2025-01-01", "A1", 1, 1000, "EUR"),
        identity.core_text("2025-01-01", "A", 11, 1000, "EUR"),
        identity.core_text("2025-01-01", "A", 1, 1000, "USD"),
    ]
    rows = identity.row_identities([plain, *others], repeat(""))
    rows += identity.row_identities([plain, plain], [identity.extra_prefix("order") + number for number in "12"])
    assert len(set(rows)) == len(rows)
    assert {len(row) for row in rows} == {identity.IDENTITY_BYTES}


@given(st.lists(st.integers(0, 2**32 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)), st.binary())
def test_a_working_file_comes_back_as_it_was(small: list[int], large: list[int], blob: bytes) -> None:
    packed = workfile.pack({"rows": 3}, {"a": array("I", small), "b": array("q", large)}, {"c": blob})
    assert workfile.unpack(packed) == ({"rows": 3}, {"a": array("I", small), "b": array("q", large)}, {"c": blob})
