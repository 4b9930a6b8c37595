"""The arrays that a table's rows are written into, column by column.

A `Buffer` has room for a fixed number of rows.  Rows are only ever written
behind ``stop``, which is raised when they are whole; so a reader that looks at
nothing beyond the ``stop`` it has read sees whole rows that never change, and
needs no lock.  The numbers of the newest rows wait on a `Stage`; `Buffer.settle`
brings them into their columns and returns that ``stop``, so that no reader comes
by one without it.  A full buffer is left to whoever still looks at it and a fresh
one, which begins with a copy of the live rows, takes its place.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from okxlab.table.frames import Sheet
from okxlab.table.spans import Scan
from okxlab.table.stage import NULLABLE, OBJECTS, Stage, record_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from okxlab.protocol.columns import Column
    from okxlab.table.stage import Item, Record

    Rows = slice | NDArray[np.int64]

__all__ = ["FIRST_CAPACITY", "Buffer", "Cells", "capacity_for"]

FIRST_CAPACITY: Final = 2_048
"""Rows in a table's first buffer: small, because there may be thousands."""

_WINDOWS: Final = 1.6
"""Windows that a buffer has room for.  The full one and the fresh one are in memory
together for a moment: two windows each would be four.  More room would save little,
since to move a trade takes some 20 ns."""

# Kinds whose columns a frame handles as one block, which makes a snapshot of many
# columns as cheap as one of few.
_TOGETHER: Final = ("float", "int64")


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
        "_numbers",
        "_record",
        "_sheet",
        "_stage",
        "blocks",
        "born",
        "by_time",
        "capacity",
        "cells",
        "columns",
        "first",
        "scan",
        "stop",
        "stores",
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
        self._record = record_of(columns)
        # The values of rows below `stop` are in these once they are settled.
        self._numbers = _numbers_of(self._record, capacity)
        self.blocks = _blocks_of(columns, capacity, self._record, self._numbers)
        masks = [
            np.zeros(capacity, np.bool_) if column.kind in NULLABLE else None
            for column in columns
        ]
        self.cells = _cells_of(columns, self.blocks, masks)
        # Times [ms]; NAT where missing.
        self.ts: NDArray[np.int64] = self.cells[0].array
        # All that a row consists of, row by row along the last axis.
        self.stores = [
            *self._numbers,
            *(block for block in self.blocks.values() if block.dtype.hasobject),
            *(mask for mask in masks if mask is not None),
        ]
        # Raised by the writer only, after the rows below it are whole.
        self.stop = 0
        # Replaced by the writer; who reads it has read `stop` before.  None until rows
        # are appended: most buffers that are made are only copied into.
        self._stage: Stage | None = None
        # Where a duration begins, as the last reader left it: any is right, a late
        # one saves work.
        self.scan = Scan()
        # Mark at which each row came, as far as that is not the order of the rows;
        # behind its end it is.  Never changed once the buffer is shown.
        self.born: NDArray[np.int64] | None = None
        self._sheet: Sheet | None = None

    def settle(self) -> int:
        """Bring all rows there are into their columns, and return how many.

        Notes
        -----
        Any thread.  Who looks at columns looks at no more rows than this returns, or
        at rows that were noted before it was called.
        """
        stop = self.stop
        stage = self._stage
        if stage is not None and stage.settled < stop:
            stage.settle(stop)
        return stop

    def restage(self, row: int) -> Stage:
        """Settle the rows below one, and return a stage that begins with it.

        Parameters
        ----------
        row
            The next row to be written.

        Notes
        -----
        Writer thread.
        """
        if self._stage is not None:
            self._stage.settle(row)
        self._stage = Stage(self._record, self._numbers, self.capacity, row)
        return self._stage

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

        other.settle()
        for own, its in zip(self.stores, other.stores, strict=True):
            own[..., places] = chosen(its)

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
        count = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        new.put(slice(count), self, rows)
        new.stop = count
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


def _numbers_of(record: Record, capacity: int) -> list[NDArray[Any]]:
    """Return an array for each group of the record: (k, capacity)."""
    return [
        np.empty((len(group), capacity), f"i{group[0].dtype.itemsize}")
        for group in record.groups
    ]


def _blocks_of(
    columns: tuple[Column, ...],
    capacity: int,
    record: Record,
    numbers: list[NDArray[Any]],
) -> dict[tuple[int, ...], NDArray[Any]]:
    """Return an array for each block: the columns it holds, and (k, capacity)."""
    blocks: dict[tuple[int, ...], NDArray[Any]] = {
        (position,): np.empty((1, capacity), np.object_)
        for position, column in enumerate(columns)
        if column.kind in OBJECTS
    }
    for group, array in zip(record.groups, numbers, strict=True):
        first = 0
        for _, together in groupby(group, key=_block_of):
            items = list(together)
            rows = array[first : first + len(items)]
            blocks[tuple(item.position for item in items)] = rows.view(items[0].dtype)
            first += len(items)
    return blocks


def _block_of(item: Item) -> object:
    kind = item.column.kind
    return kind if kind in _TOGETHER else item.position


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
