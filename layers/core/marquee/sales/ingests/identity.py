"""What makes two rows the same sale, and the multiset of the rows an event has already.

A row's identity is the hash of its normalised content. Equal rows do occur (two buyers, same day, same price), so an
event has a multiset of them. A file adds the k-th occurrence of a content only if the event has fewer than k: the
union takes the larger count. That makes taking the same rows again, in any file and any order, add only what is
missing.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

_RECORD = struct.Struct("<16sI")
IDENTITY_BYTES = 16
_FIRST_BYTES = 256


def core_text(day: str, category: str, tickets: int, minor: int, currency: str) -> bytes:
    """The part of a row's content that every row has. Fields are separated by a character no cell text keeps."""
    return f"{day}\x1f{category}\x1f{tickets}\x1f{minor}\x1f{currency}".encode()


def extra_prefix(label: str) -> str:
    """What stands before the value of another column, such as an order number, in the row's content."""
    return f"\x1e{label}\x1f"


def row_identities(cores: Iterable[bytes], extras: Iterable[str]) -> list[bytes]:
    """The 128-bit identity of each row: its core and the non-empty cells of its other columns, by label."""
    # Copying a fresh hash costs half of making one.
    fresh = blake2b(digest_size=IDENTITY_BYTES).copy
    identities = []
    for core, extra in zip(cores, extras, strict=False):
        hashed = fresh()
        hashed.update(core + extra.encode())
        identities.append(hashed.digest())
    return identities


def encode_multiset(counts: Mapping[bytes, int]) -> bytes:
    """The multiset as records of identity and count, in the order of identities."""
    pack = _RECORD.pack
    return b"".join([pack(key, counts[key]) for key in sorted(counts)])


def decode_multiset(data: bytes) -> dict[bytes, int]:
    """The multiset that was encoded."""
    return dict(_RECORD.iter_unpack(data))


def merge(stored: bytes, identities: Sequence[bytes], counts: Sequence[int]) -> "tuple[array[int], bytes]":
    """Take a file into the encoded multiset `stored`.

    Gives for each of the file's contents how many of its rows the event has already (the others are new), and the
    multiset after the file: for each content the larger count. Contents are met by the first byte of their identity, so
    that an event with millions of rows is never held as objects, and what is held fits the processor's cache.
    """
    had = array("I", bytes(4 * len(identities)))
    met: list[array[int]] = [array("I") for _ in range(_FIRST_BYTES)]
    note = [indexes.append for indexes in met]
    for index, key in enumerate(identities):
        note[key[0]](index)
    places = range(len(stored) // _RECORD.size)
    parts: list[bytes] = []
    begin = 0
    for first, indexes in enumerate(met):
        end = bisect_left(places, first + 1, begin, key=lambda place: stored[_RECORD.size * place])
        part = stored[_RECORD.size * begin : _RECORD.size * end]
        begin = end
        if indexes:
            known = decode_multiset(part)
            for index in indexes:
                key, count = identities[index], counts[index]
                had[index] = before = min(count, known.get(key, 0))
                if before < count:
                    known[key] = count
            part = encode_multiset(known)
        parts.append(part)
    return had, b"".join(parts)
