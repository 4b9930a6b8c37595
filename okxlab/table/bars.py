"""Bars: rows by opening time, updated until they close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from okxlab.table.keyed import KeyedTable, Roster
from okxlab.table.spans import NAT, Scan, advance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from okxlab.protocol.columns import Column
    from okxlab.table.window import Window

__all__ = ["BarTable"]

_Key: TypeAlias = tuple[str | None, Any]
"""Instrument (None if the table has but one), and ``ts`` as it came [ms]."""


class _Late(NamedTuple):
    """A bar that is new to the table and older than the newest one."""

    ts: int
    key: _Key
    version: int
    mark: int


class BarTable(KeyedTable[_Key]):
    """Bars, one row for each instrument and opening time, in order of time.

    A bar of a known opening time replaces the row in its place, however old it
    is.  Bars of different instruments that open at the same time stand in the
    order in which they began to arrive; but a bar that is new and older than the
    newest one is inserted before all that are not older than it.  So it falls
    out at once where it is older than the first row of a full window.  A bar
    without ``ts`` is no bar: it is counted in `unknown` and left out.

    Parameters
    ----------
    columns
        The columns: ``ts`` first, and ``inst_id`` if instruments share the table.
    window
        How much to keep, counted over all instruments.
    """

    def __init__(self, columns: Sequence[Column], window: Window) -> None:
        super().__init__(columns, window, _key_reader(columns), by_time=True)
        # Writer thread only.  Largest opening time so far [ms].
        self._newest = NAT
        # Whether the newest bar is the last entry: not if instruments share it.
        self._is_single = "inst_id" not in {column.name for column in columns}
        self._newest_is_last = False
        # Late bars of the append that is going on: version and mark by key.
        self._late: dict[_Key, tuple[int, int]] = {}

    def append(  # noqa: D102 # inherited
        self,
        rows: Sequence[Any],
        recv_us: int,
        inst_id: str | None = None,
        origin: int = 0,
    ) -> int:
        # Nearly every message is an update of the bar that is not closed yet, for
        # which no key is needed: the look-up would be a third of the cost.
        if len(rows) != 1 or rows[0].ts != self._newest or not self._newest_is_last:
            return super().append(rows, recv_us, inst_id, origin)
        self._write(rows, recv_us, inst_id, origin)
        roster = self._roster
        last = roster.count - 1
        mark = self._mark + 1
        roster.version_cells[last] = roster.buffer.stop - 1
        roster.mark_cells[last] = mark
        self._mark = mark
        return 1

    @property
    def capped(self) -> bool:  # noqa: D102 # inherited
        window = self._window
        if window.duration_ms is None:
            return False
        _, roster, _, count = self._view()
        return count - self._since(roster, count, window) >= window.max_rows

    def _admit(self, key: _Key, version: int, mark: int) -> None:
        ts = key[1]
        if not isinstance(ts, int):
            self._refuse("ts", ts)
        elif not NAT < ts < -NAT:
            return  # not a time; the writer has counted it
        elif ts >= self._newest:
            self._newest = ts
            self._newest_is_last = self._is_single
            super()._admit(key, version, mark)
        else:
            self._late[key] = (version, mark)

    def _conclude(self) -> None:
        if not self._late:
            return
        late = [_Late(key[1], key, *place) for key, place in self._late.items()]
        self._late.clear()
        # Of several of one time the last to arrive comes first, as if each had
        # been inserted on its own.
        self._insert(sorted(late, key=lambda bar: (bar.ts, -bar.mark)))

    def _insert(self, late: list[_Late]) -> None:
        """Make a new roster with the late bars, which are in order of time."""
        old = self._roster
        versions, marks = old.versions[: old.count], old.marks[: old.count]
        old.buffer.settle()
        places = np.searchsorted(old.buffer.ts[versions], [bar.ts for bar in late])
        first = int(places[0])
        keys = [self._slots.popitem()[0] for _ in range(old.count - first)][::-1]
        for place, bar in zip(places[::-1], reversed(late), strict=True):
            keys.insert(int(place) - first, bar.key)
        for key in keys:
            self._slots[key] = len(self._slots)
        self._roster = Roster(
            old.buffer,
            np.insert(versions, places, [bar.version for bar in late]),
            np.insert(marks, places, [bar.mark for bar in late]),
            old.first,
        )

    def _limit(self) -> int:
        return self._window.limit

    def _start(self, roster: Roster, count: int) -> int:
        window = self._window
        start = count
        if window.duration_ms is not None:
            start = self._since(roster, count, window)
        if window.rows is not None:
            start = min(start, count - window.rows)
        return max(start, 0)

    def _since(self, roster: Roster, count: int, window: Window) -> int:
        """Return the first entry that the duration keeps."""
        if not count:
            return 0
        assert window.duration_ms is not None
        versions = roster.versions[:count].copy()
        roster.buffer.settle()
        ts = roster.buffer.ts[versions]
        return advance(Scan(window.duration_ms, window.max_rows), ts, count).start


def _key_reader(columns: Sequence[Column]) -> Callable[[Any, str | None], _Key]:
    sources = {column.name: column.source for column in columns}
    match sources.get("inst_id"):
        case "inst_id":
            return lambda row, inst_id: (inst_id, row.ts)
        case None:
            return lambda row, _: (None, row.ts)
        case _:
            return lambda row, _: (row.inst_id, row.ts)
