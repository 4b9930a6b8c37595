"""Tables that only grow at the end: events, and successive states.

The window is a part of the buffer's rows, from a start that moves on to a stop
that moves on.  For a number of rows the start follows from the stop.  For a
duration it is looked for by whoever reads, beginning where the last reader found
it, so that writing costs the same in both cases; rows need not be in order of
``ts`` for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from okxlab.table.base import News, Seen, Table, check_last, weakly
from okxlab.table.insertion import merge, positions
from okxlab.table.spans import Scan, advance
from okxlab.table.storage import Buffer, capacity_for
from okxlab.table.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from okxlab.protocol.columns import Column
    from okxlab.table.window import Window

__all__ = ["RollingTable"]


class RollingTable(Table):
    """The newest rows of a log or a series, in order of arrival.

    Of the newest ``max_rows`` rows a duration window begins with the first one
    that is younger than the duration, measured back from the largest ``ts`` among
    them, and holds all rows that came after it: a row that arrives late stays
    where it arrived.

    Parameters
    ----------
    columns
        The columns; the first one is ``ts``.
    window
        How much to keep.

    Notes
    -----
    A snapshot costs the same whatever the window holds.
    """

    def __init__(self, columns: Sequence[Column], window: Window) -> None:
        super().__init__(columns, window)
        self._writer = Writer(self.columns, self._refuse, weakly(self.append))
        # Hides the method: one call less is a tenth of what a row costs.
        self.append = self._writer.append  # type: ignore[assignment] # its defaults
        capacity = capacity_for(0, 0, window.limit)
        self._use(Buffer(self.columns, by_time=True, capacity=capacity))

    def append(  # noqa: D102 # inherited
        self,
        rows: Sequence[Any],
        recv_us: int,
        inst_id: str | None = None,
        origin: int = 0,
    ) -> int:
        # The writer comes here when the buffer is full.
        self._roll(len(rows))
        return self.append(rows, recv_us, inst_id, origin)

    def insert(
        self,
        rows: Sequence[Any],
        recv_us: int,
        inst_id: str | None = None,
        origin: int = 0,
        *,
        key: str,
    ) -> int:
        """Write rows that come after their successors, where they belong.

        Snapshots taken before do not change; `changes` returns these rows like any
        others that came later.

        Parameters
        ----------
        rows
            Row structs of one instrument, in order of the key.
        recv_us, inst_id, origin
            As for `append`.
        key
            Column that counts the rows of an instrument.

        Returns
        -------
        int
            Number of rows written.

        Notes
        -----
        Writer thread.  Copies the window: 1 ms for 10,000 rows, some 100 ms for
        a million; so rows are inserted many at a time.
        """
        if not rows:
            return 0
        new = Buffer(self.columns, by_time=True, capacity=len(rows))
        self._writer.use(new)
        try:
            self._writer.append(rows, recv_us, inst_id, origin)
        finally:
            self._writer.use(self._buffer)
        new.settle()
        old, start, stop = self._span()
        at = self._positions(old, start, stop, new, inst_id, key)
        count = stop - start + len(rows)
        capacity = capacity_for(count, len(rows), self._window.limit)
        self._use(merge(old, start, stop, new, at, capacity))
        return len(rows)

    def _positions(
        self,
        old: Buffer,
        start: int,
        stop: int,
        new: Buffer,
        inst_id: str | None,
        key: str,
    ) -> Any:
        names = [column.name for column in self.columns]
        number = names.index(key)
        own = None
        if "inst_id" in names:
            named = old.cells[names.index("inst_id")].array[start:stop]
            own = np.asarray(named == inst_id, np.bool_)
        return positions(
            old.cells[number].array[start:stop],
            old.ts[start:stop],
            own,
            new.cells[number].array[: new.stop],
            new.ts[: new.stop],
        )

    def snapshot(self, last: int | None = None) -> pd.DataFrame:  # noqa: D102
        check_last(last)
        buffer, start, stop = self._span()
        if last is not None:
            start = max(start, stop - last)
        return buffer.frame(start, stop)

    @property
    def seen(self) -> Seen:  # noqa: D102 # inherited
        mark = self.mark
        return Seen(mark, mark)

    def news(self, seen: Seen) -> News:  # noqa: D102 # inherited
        buffer, start, stop = self._span()
        now = buffer.first + stop
        frame = self._written_after(seen.mark, buffer, start, stop)
        return News(frame, Seen(now, now), max(now - seen.mark - len(frame), 0))

    def _written_after(
        self, mark: int, buffer: Buffer, start: int, stop: int
    ) -> pd.DataFrame:
        if buffer.born is not None and mark < buffer.first + len(buffer.born):
            # Rows were inserted since: those that came later stand among others.
            came = np.flatnonzero(buffer.births(start, stop) > mark) + start
            return buffer.frame_of(came)
        after = min(max(start, mark - buffer.first), stop)
        return buffer.frame(after, stop)

    @property
    def mark(self) -> int:  # noqa: D102
        buffer = self._buffer
        return buffer.first + buffer.stop

    @property
    def first_mark(self) -> int:  # noqa: D102
        buffer, start, _ = self._span()
        return buffer.first + start

    @property
    def capped(self) -> bool:  # noqa: D102
        window = self._window
        if window.duration_ms is None:
            return False
        _, scan, stop = self._scan(window)
        return stop - scan.start >= window.max_rows

    def __len__(self) -> int:
        _, start, stop = self._span()
        return stop - start

    def _span(self) -> tuple[Buffer, int, int]:
        """Return the buffer and the rows of it that are in the window, settled."""
        window = self._window
        if window.duration_ms is None:
            buffer = self._buffer
            stop = buffer.settle()
            start = stop
        else:
            buffer, scan, stop = self._scan(window)
            start = scan.start
        if window.rows is not None:
            start = min(start, stop - window.rows)
        return buffer, max(start, 0), stop

    def _scan(self, window: Window) -> tuple[Buffer, Scan, int]:
        """Bring the reckoning of the duration up to date."""
        assert window.duration_ms is not None
        buffer = self._buffer
        # The scan before the stop: then the scan never knows of later rows.
        scan = buffer.scan
        stop = buffer.settle()
        if scan[:2] != (window.duration_ms, window.max_rows):
            scan = Scan(window.duration_ms, window.max_rows)
        if scan.seen < stop:
            scan = advance(scan, buffer.ts, stop)
            buffer.scan = scan
        return buffer, scan, stop

    def _use(self, buffer: Buffer) -> None:
        """Write into this buffer from now on."""
        # Replaced by the writer; readers take it once per snapshot.
        self._buffer = buffer
        self._writer.use(buffer)

    def _roll(self, incoming: int) -> None:
        """Move the rows in the window to a fresh buffer."""
        old, start, stop = self._span()
        capacity = capacity_for(stop - start, incoming, self._window.limit)
        new = old.fresh(slice(start, stop), capacity, old.first + start)
        if old.born is not None and start < len(old.born):
            new.born = old.born[start:]
        self._use(new)
