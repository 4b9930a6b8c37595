"""Tables whose rows are updated: bars by opening time, states by key.

A row is never changed in place, because a reader might be looking: each update
is written as a new *version* behind the ones before, and a `Roster` says which
version of each key is current, in the order of the table.  Pointing an entry of
the roster to another version is one store, so a reader notes the versions that
are new to it and then copies them into a `Mirror` at leisure: each row it gets is
whole.  When the versions fill the buffer, the current ones move to a fresh one.

What changes the order (a bar that arrives late, a key that is discarded) makes a
new roster.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from okxlab.table.base import News, Seen, Table, check_last, weakly
from okxlab.table.mirror import Mirror
from okxlab.table.storage import Buffer, capacity_for
from okxlab.table.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from okxlab.protocol.columns import Column
    from okxlab.table.frames import Sheet
    from okxlab.table.window import Window

__all__ = ["KeyedTable", "Roster"]

KeyT = TypeVar("KeyT", bound="Hashable")

_MIRRORS: Final = 3
"""Mirrors kept: who puts each frame in the place of the last one looks at one while
another is brought up to date, and two may do so."""


class Laid(NamedTuple):
    """Rows that lie one behind the other and do not change."""

    sheet: Sheet
    start: int
    stop: int

    def frame(self, last: int | None = None) -> pd.DataFrame:
        """Return a frame of them.

        Parameters
        ----------
        last
            How many of the last ones; all by default.
        """
        start = self.start if last is None else max(self.start, self.stop - last)
        return self.sheet.frame(start, self.stop)


class Roster:
    """Which version of each key is current, in the order of the table.

    Parameters
    ----------
    buffer
        Where the versions are.
    versions
        Version of each entry, as a position in the buffer.
    marks
        Mark at which each entry was last written.
    first
        Entries that there were before the first one in here.
    """

    def __init__(
        self,
        buffer: Buffer,
        versions: Sequence[int] | NDArray[np.int64] = (),
        marks: Sequence[int] | NDArray[np.int64] = (),
        first: int = 0,
    ) -> None:
        self.buffer = buffer
        self.first = first
        # An entry uses up at least one version, so there is room for all.
        self.versions = np.empty(buffer.capacity, np.int64)
        self.marks = np.empty(buffer.capacity, np.int64)
        self.versions[: len(versions)] = versions
        self.marks[: len(versions)] = marks
        # The same memory, for the writer: half the price of an array's item.
        self.version_cells = self.versions.data
        self.mark_cells = self.marks.data
        # Raised by the writer only, after the entry below it is whole.
        self.count = len(versions)
        # The rows in order, for frames: a mirror is taken out to be used, so that no
        # two readers have the same one.
        self._mirrors: list[Mirror] = []

    def enter(self, version: int, mark: int) -> int:
        """Add an entry at the end and return its place.  Writer thread.

        Parameters
        ----------
        version, mark
            Its version and the mark of that.
        """
        slot = self.count
        self.version_cells[slot] = version
        self.mark_cells[slot] = mark
        self.count = slot + 1
        return slot

    def laid(self, now: int, start: int, stop: int) -> Laid:
        """Return some entries as they lie one behind the other.  Any thread.

        Parameters
        ----------
        now
            Mark of the table, read before the roster was looked at.
        start, stop
            Which entries.
        """
        first = _run(self.versions[start:stop])
        if first is not None:
            # A single bar, or bars that were never updated since they came.
            self.buffer.settle()
            return Laid(self.buffer.sheet, first, first + stop - start)
        mirror = self._unseen_mirror()
        mirror.update(self.buffer, self.versions[:stop], self.marks[:stop], now)
        laid = Laid(mirror.lend(), start, stop)
        self._mirrors.append(mirror)
        del self._mirrors[:-_MIRRORS]
        return laid

    def _unseen_mirror(self) -> Mirror:
        """Take out a mirror that nobody looks at, or make one; let go of others."""
        found: Mirror | None = None
        for _ in range(_MIRRORS):
            try:
                mirror = self._mirrors.pop(0)
            except IndexError:
                break
            if mirror.is_seen:
                self._mirrors.append(mirror)
            else:
                found = mirror
        return found or Mirror(self.buffer)


class KeyedTable(Table, Generic[KeyT]):
    """Rows that are told apart by a key, of which the current version counts.

    Parameters
    ----------
    columns
        The columns.
    window
        How much to keep.
    key_of
        Returns the key of a row, given the row and the instrument that came
        with it.
    by_time
        Whether ``ts`` is the index.

    Notes
    -----
    A snapshot copies the rows that have changed since one before, and all of them
    if every frame that was taken is still looked at.  For that up to three copies of
    the table are kept, as many as are looked at and one more.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        window: Window,
        key_of: Callable[[Any, str | None], KeyT],
        *,
        by_time: bool,
    ) -> None:
        super().__init__(columns, window)
        self._key_of = key_of
        # Writes rows as versions that no entry points to yet.
        full = weakly(self._roll_and_append)
        self._writer = Writer(self.columns, self._refuse, full)
        self._write = self._writer.append
        # What the last snapshot was taken of, and what makes its frames.
        self._cached: tuple[object, Callable[[int | None], pd.DataFrame]] | None = None
        capacity = capacity_for(0, 0, window.limit)
        self._use(Roster(Buffer(self.columns, by_time=by_time, capacity=capacity)))
        # Rows ever written; raised by the writer after readers can see them.
        self._mark = 0
        # What rolled out of the buffer was written up to this mark.
        self._rolled_mark = 0
        # Writer thread only: the entry of each key, in the roster's order.
        self._slots: dict[KeyT, int] = {}

    def append(  # noqa: D102 # inherited
        self,
        rows: Sequence[Any],
        recv_us: int,
        inst_id: str | None = None,
        origin: int = 0,
    ) -> int:
        self._write(rows, recv_us, inst_id, origin)
        mark = self._mark
        roster = self._roster
        marks, versions = roster.mark_cells, roster.version_cells
        version = roster.buffer.stop - len(rows)
        for row in rows:
            mark += 1
            key = self._key_of(row, inst_id)
            slot = self._slots.get(key)
            if slot is None:
                self._admit(key, version, mark)
            else:
                versions[slot] = version
                marks[slot] = mark
            version += 1
        self._conclude()
        self._mark = mark
        return len(rows)

    def snapshot(self, last: int | None = None) -> pd.DataFrame:  # noqa: D102
        check_last(last)
        view = self._view()
        cached = self._cached
        if cached is None or cached[0] != view:
            # Let go of the old rows first: their memory may be used for the new ones.
            self._cached = cached = None
            now, roster, start, count = view
            cached = self._cached = (view, self._source(roster.laid(now, start, count)))
        return cached[1](last)

    @property
    def seen(self) -> Seen:  # noqa: D102 # inherited
        now, roster, _, count = self._view()
        return Seen(now, roster.first + count)

    def news(self, seen: Seen) -> News:  # noqa: D102 # inherited
        now, roster, start, count = self._view()
        # The writer makes `mark` known last.  So an entry that is changed meanwhile
        # has a mark above ``now``: whether it is seen here or not, the next call
        # returns it.
        changed = np.flatnonzero(roster.marks[start:count] > seen.mark) + start
        frame = self._take(roster, roster.versions[changed])
        lost = max(roster.first + start - seen.rows, 0)
        return News(frame, Seen(now, roster.first + count), lost)

    @property
    def mark(self) -> int:  # noqa: D102
        return self._mark

    @property
    def first_mark(self) -> int:  # noqa: D102
        _, roster, start, _ = self._view()
        return max(self._rolled_mark, int(roster.marks[:start].max(initial=0)))

    def __len__(self) -> int:
        _, _, start, count = self._view()
        return count - start

    @abstractmethod
    def _start(self, roster: Roster, count: int) -> int:
        """Return the first of ``count`` entries that is in the window."""

    @abstractmethod
    def _limit(self) -> int:
        """Return the number of rows in a full window."""

    def _admit(self, key: KeyT, version: int, mark: int) -> None:
        """Take in a key that was not there."""
        self._slots[key] = self._roster.enter(version, mark)

    def _conclude(self) -> None:
        """Do what is to be done after the rows of an append."""

    def _source(self, laid: Laid) -> Callable[[int | None], pd.DataFrame]:
        """Return what makes frames of these rows, or of the last ones of them."""
        return laid.frame

    def _finish(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Make a frame of rows as they are stored into one that is shown."""
        return frame

    def _view(self) -> tuple[int, Roster, int, int]:
        """Return the mark, the roster, and which entries are in the window."""
        mark = self._mark
        roster = self._roster
        count = roster.count
        return mark, roster, self._start(roster, count), count

    def _take(self, roster: Roster, versions: NDArray[np.int64]) -> pd.DataFrame:
        """Return versions as a frame that copies itself before it is written into."""
        first = _run(versions)
        if first is not None:
            roster.buffer.settle()
            return self._finish(roster.buffer.frame(first, first + len(versions)))
        return self._finish(roster.buffer.frame_of(versions))

    def _use(self, roster: Roster) -> None:
        """Show this roster from now on."""
        # Replaced by the writer; readers take it once per snapshot.
        self._roster = roster
        self._writer.use(roster.buffer)
        self._cached = None

    def _roll_and_append(
        self, rows: Sequence[Any], recv_us: int, inst_id: str | None, origin: int
    ) -> int:
        """Move the versions in the window to a fresh buffer and go on there."""
        _, roster, start, count = self._view()
        live = roster.versions[start:count]
        capacity = capacity_for(len(live), len(rows), self._limit())
        buffer = roster.buffer.fresh(live, capacity, 0)
        self._rolled_mark = self.first_mark
        self._renumber(islice(self._slots, start, None))
        marks = roster.marks[start:count]
        self._use(Roster(buffer, range(len(live)), marks, roster.first + start))
        return self._write(rows, recv_us, inst_id, origin)

    def _renumber(self, keys: Iterable[KeyT]) -> None:
        self._slots = {key: slot for slot, key in enumerate(keys)}


def _run(versions: NDArray[np.int64]) -> int | None:
    """Return the first of versions that lie one behind the other; None if not."""
    if not len(versions):
        return 0
    if versions[-1] - versions[0] != len(versions) - 1:
        return None
    # The roster's own array would change in between.
    versions = versions.copy()
    return int(versions[0]) if (np.diff(versions) == 1).all() else None
