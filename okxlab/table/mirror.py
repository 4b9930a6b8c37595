"""The rows of a roster as frames need them: one behind the other, in their order.

The versions that a `Roster` points to lie scattered over its buffer, so a frame of
them needs a copy.  A `Mirror` is that copy, and it is kept: when the next frame is
wanted, only the rows that changed meanwhile are copied again.  A frame that was
handed out must never change, so that is done only once nobody looks at the mirror
any more.  Whether somebody does is as certain as that memory in use is never freed:
everything that shows a part of an array (a frame, a Series, an index, a slice of
any of these) keeps the array alive.  So a mirror *lends* its memory by way of
arrays that it refers to weakly; when these are gone, nobody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from okxlab.table.storage import Buffer

if TYPE_CHECKING:
    from weakref import ref

    from numpy.typing import NDArray

    from okxlab.table.frames import Sheet

__all__ = ["Mirror"]


class Mirror:
    """A copy of the current rows of a table, which is brought up to date.

    One thread at a time.

    Parameters
    ----------
    source
        Where the versions of the rows are.
    """

    __slots__ = ("_buffer", "_mark", "_watch")

    def __init__(self, source: Buffer) -> None:
        # A row uses up at least one version, so there is room for all.
        self._buffer = Buffer(
            source.columns, by_time=source.by_time, capacity=source.capacity
        )
        self._mark = 0
        self._watch: list[ref[NDArray[Any]]] = []

    @property
    def is_seen(self) -> bool:
        """Whether somebody still looks at a frame of it, or at a part of one."""
        return any(array() is not None for array in self._watch)

    def update(
        self,
        source: Buffer,
        versions: NDArray[np.int64],
        marks: NDArray[np.int64],
        now: int,
    ) -> None:
        """Bring the rows up to date.  Only if nobody looks at them.

        Parameters
        ----------
        source
            The same as before.
        versions, marks
            Version of each row, and the mark at which it came: of one row at least.
        now
            Mark of the table, read before these.
        """
        # A row that changes meanwhile has a mark above ``now``: whether it is seen
        # here or not, it is copied again the next time.
        changed = np.flatnonzero(marks > self._mark)
        rows = versions[changed]
        if len(changed) == len(marks):
            # Nearly all bars lie as they were moved to the buffer: to copy these in
            # one piece takes a fifth of the time of looking for each.
            first = int(rows[0])
            updated = np.flatnonzero(rows - changed != first)
            head = int(updated[0]) if len(updated) else len(rows)
            self._buffer.put(slice(head), source, slice(first, first + head))
            changed, rows = changed[head:], rows[head:]
        self._buffer.put(changed, source, rows)
        self._mark = now

    def lend(self) -> Sheet:
        """Return what frames of the rows are laid by, and lend them to these."""
        sheet = self._buffer.lend()
        self._watch = sheet.watch()
        return sheet
