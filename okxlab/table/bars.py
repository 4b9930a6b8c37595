"""Bars: rows by opening time, updated until they close."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from okxlab.table.keyed import KeyedTable, Roster
from okxlab.table.spans import NAT, Scan, advance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from okxlab.protocol.columns import Column
    from okxlab.table.window import Window

__all__ = ["BarTable"]

_Key: TypeAlias = tuple[str | None, Any]
"""Instrument (None if the table has but one), and ``ts`` as it came [ms]."""


class _Late(NamedTuple):
    """A bar that is new and yet not the newest of its instrument."""

    place: int
    """The entry that it goes before."""
    ts: int
    key: _Key
    version: int
    mark: int


class BarTable(KeyedTable[_Key]):
    """Bars, one row for each instrument and opening time.

    A bar of a known opening time replaces the row in its place, however old.
    The bars of one instrument are in order of ``ts``: one that was left out and
    comes late goes before the next bar of its instrument, or falls out at once
    if the window is full of later ones.  Bars of different instruments stand in
    the order in which they began to arrive.  A bar without ``ts`` is no bar: it
    is counted in `unknown` and left out.

    Parameters
    ----------
    columns
        The columns: ``ts`` first, and ``inst_id`` if instruments share the table.
    window
        How much to keep, counted over all instruments.
    """

    def __init__(self, columns: Sequence[Column], window: Window) -> None:
        super().__init__(columns, window, _key_reader(columns), by_time=True)
        # Writer thread only.  Newest opening time of each instrument.
        self._newest: dict[str | None, int] = {}
        # Late bars of the append that is going on: version and mark by key.
        self._late: dict[_Key, tuple[int, int]] = {}

    @property
    def capped(self) -> bool:  # noqa: D102 # inherited
        window = self._window
        if window.duration_ms is None:
            return False
        _, roster, _, count = self._view()
        return self._since(roster, count, window) < count - window.max_rows

    def _admit(self, key: _Key, version: int, mark: int) -> None:
        inst_id, ts = key
        if not isinstance(ts, int):
            self._refuse("ts", ts)
        elif ts > self._newest.get(inst_id, NAT):
            self._newest[inst_id] = ts
            super()._admit(key, version, mark)
        else:
            self._late[key] = (version, mark)

    def _settle(self) -> None:
        if self._late:
            self._insert(sorted(self._placed()))
            self._late.clear()

    def _placed(self) -> Iterable[_Late]:
        """Find the place of each late bar."""
        times: dict[str | None, list[int]] = {inst_id: [] for inst_id, _ in self._late}
        slots: dict[str | None, list[int]] = {inst_id: [] for inst_id in times}
        for (inst_id, ts), slot in self._slots.items():
            if inst_id in times:
                times[inst_id].append(ts)
                slots[inst_id].append(slot)
        for (inst_id, ts), (version, mark) in self._late.items():
            after = bisect_right(times[inst_id], ts)
            # The bars after it may all have left the window: then it is the last.
            place = [*slots[inst_id], self._roster.count][after]
            yield _Late(place, ts, (inst_id, ts), version, mark)

    def _insert(self, late: list[_Late]) -> None:
        """Make a new roster with the late bars, which are in order of place."""
        old = self._roster
        places = [bar.place for bar in late]
        keys = list(self._slots)
        for bar in reversed(late):
            keys.insert(bar.place, bar.key)
        self._renumber(keys)
        self._roster = Roster(
            old.buffer,
            np.insert(old.versions[: old.count], places, [bar.version for bar in late]),
            np.insert(old.marks[: old.count], places, [bar.mark for bar in late]),
        )

    def _limit(self) -> int:
        return self._window.limit

    def _start(self, roster: Roster, count: int) -> int:
        window = self._window
        start = count
        if window.duration_ms is not None:
            start = max(self._since(roster, count, window), count - window.max_rows)
        if window.rows is not None:
            start = min(start, count - window.rows)
        return max(start, 0)

    def _since(self, roster: Roster, count: int, window: Window) -> int:
        """Return the first entry younger than the duration, the cap left aside."""
        if not count:
            return 0
        assert window.duration_ms is not None
        ts = roster.buffer.ts[roster.versions[:count]]
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
