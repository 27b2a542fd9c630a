"""Packed instants: PostgreSQL sends those of many rows as one value, which is decoded on demand."""

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final, overload

INSTANT_BYTES: Final = 8
MICROSECONDS: Final = 1_000_000
POSTGRES_EPOCH: Final = 946_684_800  # 2000-01-01 in epoch seconds


def packed(*instants: str) -> str:
    """The SQL aggregate that packs the instants of all rows into one `bytea`, row after row: 8
    bytes each, in network order, as microseconds since 2000."""
    return f"string_agg({' || '.join(f'timestamptz_send({i})' for i in instants)}, '')"


class PackedTimes(Sequence[tuple[int, int]]):
    """Pairs `(start, end)` in epoch seconds, from what `packed` has sent. They are decoded when
    they are first read; equality and hash are those of the bytes. `starts` are the third instants,
    of rows that have three."""

    __slots__ = ("_packed", "_read", "_width")

    def __init__(self, packed: bytes | None, width: int) -> None:
        self._packed = packed or b""
        self._width = width
        self._read: list[tuple[int, int]] | None = None

    @property
    def packed_bytes(self) -> int:
        return len(self._packed)

    def with_more(self, packed: bytes) -> "PackedTimes":
        """These times followed by further ones."""
        return PackedTimes(self._packed + packed, self._width) if packed else self

    @property
    def starts(self) -> list[int]:
        return _seconds(self._instants()[2 :: self._width])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._pairs())

    def __len__(self) -> int:
        return len(self._packed) // (INSTANT_BYTES * self._width)

    @overload
    def __getitem__(self, at: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[int, int]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        return self._pairs()[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PackedTimes) and self._packed == other._packed

    def __hash__(self) -> int:
        return hash(self._packed)

    def _pairs(self) -> list[tuple[int, int]]:
        if self._read is None:
            instants, width = self._instants(), self._width
            begins, ends = _seconds(instants[0::width]), _seconds(instants[1::width])
            self._read = list(zip(begins, ends, strict=True))
        return self._read

    def _instants(self) -> Sequence[int]:
        """All instants, in microseconds since 2000."""
        instants = array("q", self._packed)
        if sys.byteorder == "little":
            instants.byteswap()
        return instants


def _seconds(instants: Sequence[int]) -> list[int]:
    """The instants in epoch seconds."""
    return [instant // MICROSECONDS + POSTGRES_EPOCH for instant in instants]
