"""The arrays that a table's rows are written into, column by column.

A `Buffer` has room for a fixed number of rows.  Rows are only ever written
behind ``stop``, which is raised when they are whole; so a reader that looks at
nothing beyond the ``stop`` it has read sees whole rows that never change, and
needs no lock.  A full buffer is left to whoever still looks at it and a fresh
one, which begins with a copy of the live rows, takes its place.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from okxlab.table.frames import Sheet
from okxlab.table.spans import Scan

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from okxlab.protocol.columns import Column, ColumnKind

    Rows = slice | NDArray[np.int64]

__all__ = ["FIRST_CAPACITY", "Buffer", "Cells", "capacity_for"]

FIRST_CAPACITY: Final = 2_048
"""Rows in a table's first buffer: small, because there may be thousands."""

_WINDOWS: Final = 1.6
"""Windows that a buffer has room for.  The full one and the fresh one are in memory
together for a moment: two windows each would be four.  More room would save little,
since to move a trade takes some 20 ns."""

_DTYPES: Final[dict[ColumnKind, str]] = {
    "float": "f8",
    "ms": "i8",
    "us": "i8",
    "int64": "i8",
    "Int64": "i8",
    "boolean": "u1",  # not "?", into which a memoryview writes "" as False
    "str": "O",
    "object": "O",
    "category": "i1",
}
# Kinds whose columns lie in one array, row after row: a frame handles them as
# one block, which makes a snapshot of many columns as cheap as one of few.
_TOGETHER: Final = ("float", "int64")
_NULLABLE: Final = ("Int64", "boolean")


class Cells(NamedTuple):
    """Where the values of one column are."""

    column: Column
    array: NDArray[Any]
    """(capacity,) integers stand for times, codes of categories and booleans."""
    mask: NDArray[np.bool_] | None
    """(capacity,) True where a nullable value is missing; None for other kinds."""


class Buffer:
    """Room for a number of rows.

    Parameters
    ----------
    columns
        The columns.
    by_time
        Whether ``ts``, which is the first column then, is the index of frames.
    capacity
        Rows that fit.
    first
        Rows ever written to the table before the first one in here.
    """

    __slots__ = (
        "_sheet",
        "blocks",
        "born",
        "by_time",
        "capacity",
        "cells",
        "columns",
        "first",
        "scan",
        "stop",
        "ts",
    )

    def __init__(
        self,
        columns: tuple[Column, ...],
        *,
        by_time: bool,
        capacity: int,
        first: int = 0,
    ) -> None:
        self.columns = columns
        self.by_time = by_time
        self.capacity = capacity
        self.first = first
        self.blocks = _allocate(columns, capacity)
        masks = [
            np.zeros(capacity, np.bool_) if column.kind in _NULLABLE else None
            for column in columns
        ]
        self.cells = _cells_of(columns, self.blocks, masks)
        # Times [ms]; NAT where missing.
        self.ts: NDArray[np.int64] = self.cells[0].array
        # Raised by the writer only, after the rows below it are whole.
        self.stop = 0
        # Where a duration begins, as the last reader left it: any is right, a late
        # one saves work.
        self.scan = Scan()
        # Mark at which each row came, as far as that is not the order of the rows;
        # behind its end it is.  Never changed once the buffer is shown.
        self.born: NDArray[np.int64] | None = None
        self._sheet: Sheet | None = None

    def births(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return the mark at which each of some rows came.

        Parameters
        ----------
        start, stop
            Which rows.
        """
        marks = np.arange(self.first + start + 1, self.first + stop + 1)
        if self.born is not None:
            known = self.born[start:stop]
            marks[: len(known)] = known
        return marks

    @property
    def sheet(self) -> Sheet:
        """What frames of the buffer are laid by.

        Any thread; if two make it at once, either will do.
        """
        if self._sheet is None:
            self._sheet = self.lend()
        return self._sheet

    def lend(self) -> Sheet:
        """Return a sheet of its own over the buffer."""
        return Sheet(self.cells, self.blocks, by_time=self.by_time)

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """Return a frame that shows some of the rows, and copies none.

        Parameters
        ----------
        start, stop
            Which rows.

        Notes
        -----
        Any thread.
        """
        return self.sheet.frame(start, stop)

    def frame_of(self, rows: NDArray[np.int64]) -> pd.DataFrame:
        """Return a frame of its own of some rows.

        Parameters
        ----------
        rows
            Which rows, in order.
        """
        return self.fresh(rows, len(rows), 0).frame(0, len(rows))

    def put(self, places: Rows, other: Buffer, rows: Rows) -> None:
        """Copy rows of another buffer with the same columns.

        Parameters
        ----------
        places
            Where they go.
        other, rows
            Where they are.
        """

        def chosen(array: NDArray[Any]) -> NDArray[Any]:
            if isinstance(rows, slice):
                return array[..., rows]
            return array.take(rows, axis=-1)  # a fifth of the price of an index

        for positions, array in self.blocks.items():
            array[:, places] = chosen(other.blocks[positions])
        for own, its in zip(self.cells, other.cells, strict=True):
            if own.mask is not None and its.mask is not None:
                own.mask[places] = chosen(its.mask)

    def fresh(self, rows: Rows, capacity: int, first: int) -> Buffer:
        """Return a new buffer that begins with some rows of this one.

        Parameters
        ----------
        rows
            Which rows, in order.
        capacity, first
            As in `Buffer`.
        """
        new = Buffer(self.columns, by_time=self.by_time, capacity=capacity, first=first)
        new.stop = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        new.put(slice(new.stop), self, rows)
        return new


def capacity_for(live: int, incoming: int, limit: int) -> int:
    """Return how many rows a fresh buffer should have room for.

    It doubles until the rows that live fill half of it at most, but not beyond
    `_WINDOWS`: from there on each row is copied once or twice in its life.

    Parameters
    ----------
    live
        Rows that move into the buffer.
    incoming
        Rows that must fit behind them.
    limit
        Rows in a full window.
    """
    capacity = FIRST_CAPACITY
    while capacity < 2 * live:
        capacity *= 2
    return max(min(capacity, int(_WINDOWS * limit)), FIRST_CAPACITY, live + incoming)


def _allocate(
    columns: tuple[Column, ...], capacity: int
) -> dict[tuple[int, ...], NDArray[Any]]:
    """Return an array for each block: the columns it holds, and (k, capacity)."""
    together = defaultdict(list)
    blocks: dict[tuple[int, ...], NDArray[Any]] = {}
    for position, column in enumerate(columns):
        if column.kind in _TOGETHER:
            together[column.kind].append(position)
        else:
            blocks[position,] = _blank((1, capacity), column)
    for kind, positions in together.items():
        blocks[tuple(positions)] = np.empty((len(positions), capacity), _DTYPES[kind])
    return blocks


def _blank(shape: tuple[int, int], column: Column) -> NDArray[Any]:
    if column.kind != "category":
        return np.empty(shape, _DTYPES[column.kind])
    # Code 0 of `origin` is "live": what nobody writes is right already.  pandas
    # takes codes as they are only in the smallest integer that fits.
    many = len(column.categories) > np.iinfo("i1").max
    return np.zeros(shape, "i2" if many else _DTYPES["category"])


def _cells_of(
    columns: tuple[Column, ...],
    blocks: dict[tuple[int, ...], NDArray[Any]],
    masks: list[NDArray[np.bool_] | None],
) -> list[Cells]:
    arrays = {
        position: array[row]
        for positions, array in blocks.items()
        for row, position in enumerate(positions)
    }
    return [
        Cells(column, arrays[position], mask)
        for position, (column, mask) in enumerate(zip(columns, masks, strict=True))
    ]
