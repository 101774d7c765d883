"""Walking a compound file (OLE), the container of .xls and of encrypted workbooks, without trusting it.

The file is cut into sectors; a table says for each sector which one follows. Every chain is walked to its end here,
each sector at most once, so that no reader after this can run in circles or beyond the file.
"""

import struct
from array import array
from collections.abc import Container, Iterator
from typing import IO

from marquee.sales.workbooks.looks import MAX_FILE_BYTES, damaged

SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")

_HEADER_BYTES = 512
_SHIFTS = {9: 512, 12: 4096}
_MINI_BYTES = 64
_MINI_BELOW = 4096
"""Streams shorter than this are kept in the small sectors of the root's stream."""
_LARGEST_SECTOR = 0xFFFF_FFFA
_NO_SECTOR = frozenset((0xFFFF_FFFE, 0xFFFF_FFFF))
_ENTRY_BYTES = 128
_STREAM, _ROOT = 2, 5
_CIRCLES = "The file's table of contents runs in circles or beyond the file."


class CompoundFile:
    """The streams of a compound file by name. `wanted` are those whose bytes are kept.

    Raises NotAWorkbook on opening where any chain is broken.
    """

    def __init__(self, file: IO[bytes], wanted: Container[str]) -> None:
        file.seek(0)
        self._data = file.read(MAX_FILE_BYTES + 1)
        if len(self._data) < _HEADER_BYTES:
            raise damaged()
        (shift, mini_shift) = struct.unpack_from("<HH", self._data, 30)
        if shift not in _SHIFTS or mini_shift != 6:  # noqa: PLR2004 - the only one there is
            raise damaged()
        self._size = _SHIFTS[shift]
        # The header fills the first sector.
        self._sectors = max(0, -(-len(self._data) // self._size) - 1)
        self._visited = bytearray(self._sectors)
        header = struct.unpack_from("<3I8x5I", self._data, 40)
        directory_sectors, fat_sectors, directory_start, mini_start, mini_sectors, difat_start, *_ = header
        if max(fat_sectors, mini_sectors, directory_sectors) > self._sectors:
            raise damaged(_CIRCLES)
        self._fat = self._read_fat(difat_start)
        places, root = self._read_directory(directory_start)
        self._mini_fat = _numbers(self._chain(mini_start)) if mini_sectors else array("I")
        self._mini_visited = bytearray(len(self._mini_fat))
        self._mini = self._chain(root[0])[: root[1]] if mini_sectors else b""
        self.streams: dict[str, bytes] = {}
        for name, place in places:
            content = self._stream(*place)
            # Macros keep streams of one name in several folders; the parser takes the first of a name.
            self.streams.setdefault(name, content if name in wanted else b"")

    def _sector(self, number: int) -> bytes:
        """A sector, for the only time. Raises NotAWorkbook where it is not in the file, or was taken before."""
        if number >= self._sectors or self._visited[number]:
            raise damaged(_CIRCLES)
        self._visited[number] = 1
        start = (number + 1) * self._size
        return self._data[start : start + self._size]

    def _read_fat(self, difat: int) -> "array[int]":
        tables = list(struct.unpack_from("<109I", self._data, 76))
        while difat < _LARGEST_SECTOR:
            *more, difat = _numbers(self._sector(difat))
            tables += more
        fat = array("I")
        for number in tables:
            if number < _LARGEST_SECTOR:
                fat += _numbers(self._sector(number))
        return fat

    def _chain(self, number: int) -> bytes:
        return b"".join(self._chained(number))

    def _chained(self, number: int) -> Iterator[bytes]:
        while number not in _NO_SECTOR:
            yield self._sector(number)
            if number >= len(self._fat):
                raise damaged(_CIRCLES)
            number = self._fat[number]

    def _read_directory(self, start: int) -> tuple[list[tuple[str, tuple[int, int]]], tuple[int, int]]:
        """Name, first sector and length of each stream, and the same of the root."""
        streams = []
        root = (0xFFFF_FFFE, 0)
        directory = self._chain(start)
        for at in range(0, len(directory) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
            entry = directory[at : at + _ENTRY_BYTES]
            kind, first = entry[66], struct.unpack_from("<I", entry, 116)[0]
            # Files of small sectors may hold anything in the upper half of the length.
            length = struct.unpack_from("<Q" if self._size == _SHIFTS[12] else "<I", entry, 120)[0]
            if kind in {_STREAM, _ROOT} and length > len(self._data):
                raise damaged(_CIRCLES)
            name = entry[:64].decode("utf-16-le", "replace").partition("\0")[0]
            if kind == _ROOT:
                root = (first, length)
            elif kind == _STREAM:
                streams.append((name, (first, length)))
        return streams, root

    def _stream(self, first: int, length: int) -> bytes:
        if not length:
            return b""
        content = self._chain(first) if length >= _MINI_BELOW else b"".join(self._mini_chained(first))
        if len(content) < length:
            raise damaged()
        return content[:length]

    def _mini_chained(self, number: int) -> Iterator[bytes]:
        while number not in _NO_SECTOR:
            if number >= len(self._mini_fat) or self._mini_visited[number]:
                raise damaged(_CIRCLES)
            self._mini_visited[number] = 1
            yield self._mini[number * _MINI_BYTES : (number + 1) * _MINI_BYTES]
            number = self._mini_fat[number]


def _numbers(data: bytes) -> "array[int]":
    numbers = array("I")
    numbers.frombytes(data[: len(data) // 4 * 4])
    return numbers
