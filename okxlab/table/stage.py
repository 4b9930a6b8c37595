"""Where the numbers of new rows wait, row by row, until the columns are looked at.

A row that is written straight into its columns touches another page of memory for
each of them; where hundreds of tables take turns none of these is at hand.  So the
numbers of a row are packed, by one call, into the next *record* of a small piece of
memory, the stage, and brought into the columns later, many rows at once: by the
writer when the stage is full, or before by a reader, who needs them there.

Theory of operation
-------------------
A stage holds the rows from its ``base`` on.  Only the writer adds to it, and raises
the buffer's ``stop`` when the row is whole; no record below ``stop`` ever changes.
A stage that is full is settled and left, never used again: a reader may still be
at it.  Anybody may `Stage.settle` at any time without a lock:

- A reader takes ``stop`` first and the stage second.  What is below the ``base`` of
  that stage was in the columns before the stage was shown; what is between ``base``
  and ``stop`` is in it, since a later stage would have been shown before ``stop`` had
  been raised that far.  Where there is no stage yet, all rows are in the columns.
- No reader copies what is at or beyond ``stop``, nor the writer a record that is not
  whole.  So no copy sees half a record, and two that are made at the same time write
  the same values into the same cells.
- ``settled`` is raised behind the copy, by whoever made it, and only over rows that
  were copied or lay below the mark before: it never tells of too many.  A slower
  thread may set it back, and then some rows are copied once more.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from okxlab.protocol.columns import Column, ColumnKind

__all__ = ["NULLABLE", "OBJECTS", "Item", "Record", "Stage", "record_of"]

OBJECTS: Final = ("str", "object")
"""Kinds whose values are no numbers: they go straight into their columns."""
NULLABLE: Final = ("Int64", "boolean")
"""Kinds of which a mask, beside the columns, says what is missing."""

_PART: Final = 8
"""A stage has room for so small a part of what its buffer has room for: it is
renewed rarely, and weighs little beside the buffer."""
_BYTES: Final = 65_536
"""But not for more than this, so that its memory is had without asking the system."""

_DTYPES: Final[dict[ColumnKind, str]] = {
    "float": "f8",
    "ms": "i8",
    "us": "i8",
    "int64": "i8",
    "Int64": "i8",
    "boolean": "u1",  # not "?", into which anything can be packed
    "category": "i1",
}


class Item(NamedTuple):
    """A number in a record."""

    position: int
    """Of its column in the table."""
    column: Column
    dtype: np.dtype[Any]
    offset: int
    """Of its first byte in the record."""


class Record(NamedTuple):
    """How the numbers of a row are packed."""

    groups: tuple[tuple[Item, ...], ...]
    """The numbers in order: those of one size together, the largest first, and of
    these those of one kind."""
    size: int
    """Bytes of a record."""
    pack_into: Callable[..., None]
    """Packs the numbers, given in order, into memory at an offset."""

    @property
    def items(self) -> tuple[Item, ...]:
        """The numbers in order."""
        return tuple(item for group in self.groups for item in group)


# Hundreds of streams share a few dozen sets of columns.
@lru_cache(maxsize=256)
def record_of(columns: tuple[Column, ...]) -> Record:
    """Return how the numbers of a row with these columns are packed.

    Parameters
    ----------
    columns
        All columns; those of texts and objects are left out.
    """
    numbers = [
        (_dtype(column), position, column)
        for position, column in enumerate(columns)
        if column.kind in _DTYPES
    ]
    numbers.sort(key=lambda number: (-number[0].itemsize, number[2].kind))
    items, size = [], 0
    for dtype, position, column in numbers:
        items.append(Item(position, column, dtype, size))
        size += dtype.itemsize
    groups = groupby(items, key=lambda item: item.dtype.itemsize)
    # Each record begins where the largest number may: numpy copies these faster.
    padding = -size % 8 if size else 8
    codes = "".join(item.dtype.char for item in items)
    packing = struct.Struct(f"{codes}{padding}x")
    return Record(
        tuple(tuple(group) for _, group in groups), packing.size, packing.pack_into
    )


def _dtype(column: Column) -> np.dtype[Any]:
    # pandas takes codes as they are only in the smallest integer that fits.
    if len(column.categories) > np.iinfo("i1").max:
        return np.dtype("i2")
    return np.dtype(_DTYPES[column.kind])


class Stage:
    """Room for the records of the next rows, at least of one.

    Parameters
    ----------
    record
        How a row is packed.
    arrays
        Where the rows belong: of shape (k, capacity), one for each group of the
        record.
    capacity
        Rows that fit the buffer.
    base
        The first row in here.

    Attributes
    ----------
    memory : bytearray
        The records.  Writer thread.
    settled : int
        The rows below are in their columns; any thread may raise it.
    """

    __slots__ = ("_base", "_copies", "memory", "settled")

    def __init__(
        self,
        record: Record,
        arrays: Sequence[NDArray[Any]],
        capacity: int,
        base: int,
    ) -> None:
        size = record.size
        rows = max(1, min(capacity // _PART, _BYTES // size, capacity - base))
        self.memory = bytearray(rows * size)
        self._base = base
        self.settled = base
        # The columns and the records of each group, row by row.
        self._copies: list[tuple[NDArray[Any], NDArray[Any]]] = []
        for array, group in zip(arrays, record.groups, strict=True):
            item = array.itemsize
            shape, strides = (rows, len(group)), (size, item)
            records: NDArray[Any] = np.ndarray(
                shape, array.dtype, self.memory, group[0].offset, strides
            )
            self._copies.append((array.T, records))

    def settle(self, stop: int) -> None:
        """Copy the rows below one into their columns, as far as it is not done.

        Parameters
        ----------
        stop
            The first row that stays where it is.

        Notes
        -----
        Any thread, with a row that it knows to be whole.
        """
        start = self.settled
        if start >= stop:
            return
        low, high = start - self._base, stop - self._base
        for cells, records in self._copies:
            if high - low == 1:
                # Who looks after each row: at two thirds of the price of a slice.
                cells[start] = records[low]
            else:
                cells[start:stop] = records[low:high]
        self.settled = stop
