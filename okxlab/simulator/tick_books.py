"""Tick-by-tick books: 400 or 50 levels a side on a 10 ms grid.

Few watch them, so nothing is kept while nobody does: a `Ladder` remembers what
was told and finds what is new by comparison.  Its first state is that of the
moment at which it is watched, on the grid or off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.change import Change
from okxlab.simulator.grid import NEVER, QUIET_MS, first_from
from okxlab.simulator.levels import Levels, book_row, checked_text

if TYPE_CHECKING:
    from okxlab.simulator.flow import Flow
    from okxlab.simulator.levels import Level
    from okxlab.simulator.matching import Side

__all__ = ["DEPTHS", "Ladder", "TickBooks"]

DEPTHS = {"books-l2-tbt": 400, "books50-l2-tbt": 50}
"""Levels a side, in the order in which an instrument's pushes are sent."""
_GRID_MS = 10

Held = dict[int, tuple[int, int]]


class Ladder:
    """The best levels of a book as one channel has told them.

    Parameters
    ----------
    flow
        Whose book.
    levels
        Writes its levels.
    depth
        Levels a side.
    ms
        When it begins [Unix ms], which is now.

    Attributes
    ----------
    ts : int
        When something was told last [Unix ms].
    """

    def __init__(self, flow: Flow, levels: Levels, depth: int, ms: int) -> None:
        self._flow = flow
        self._levels = levels
        self._depth = depth
        self._seq = flow.seq
        self._asks = _best(flow.asks, depth)
        self._bids = _best(flow.bids, depth)
        self.ts = ms

    def snapshot(self) -> dict[str, Any]:
        """Return what was told as a first row."""
        asks, bids = self._texts()
        return book_row(asks, bids, self.ts, seq=self._seq)

    def delta(self, ms: int) -> dict[str, Any] | None:
        """Go on to the state of now; return the row that leads there, if it differs."""
        flow, write = self._flow, self._levels.plain
        asks, bids = _best(flow.asks, self._depth), _best(flow.bids, self._depth)
        if asks == self._asks and bids == self._bids:
            return None
        row = book_row(
            write(_changed(self._asks, asks, -1)),
            write(_changed(self._bids, bids, 1)),
            ms,
            seq=flow.seq,
            before=self._seq,
        )
        self._asks, self._bids, self._seq, self.ts = asks, bids, flow.seq, ms
        return row

    def keep_alive(self, ms: int) -> dict[str, Any]:
        """Return the row that says that nothing has changed."""
        self.ts = ms
        return book_row([], [], ms, seq=self._seq, before=self._seq)

    def text(self) -> str:
        """Return what a legacy checksum of what was told covers."""
        asks, bids = self._texts()
        return checked_text(bids, asks)

    def _texts(self) -> tuple[list[Level], list[Level]]:
        write = self._levels.plain
        return (
            write((-key, *held) for key, held in self._asks.items()),
            write((key, *held) for key, held in self._bids.items()),
        )


class TickBooks:
    """The tick-by-tick channels of one instrument.

    Parameters
    ----------
    inst_id
        Which.
    flow
        Its book.
    levels
        Writes its levels.
    book_text
        Whether changes carry what a legacy checksum covers.
    """

    def __init__(
        self, inst_id: str, flow: Flow, levels: Levels, *, book_text: bool
    ) -> None:
        self._inst_id = inst_id
        self._flow = flow
        self._levels = levels
        self._book_text = book_text
        self._ladders: dict[str, Ladder] = {}
        self._due_delta = NEVER
        self.due = NEVER
        """When `serve` is to be called next [Unix ms]."""

    def watch(self, channel: str, now_ms: int) -> None:
        """Tell a channel from now on."""
        self._ladders[channel] = self._ladder(channel, now_ms)
        self._plan()

    def unwatch(self, channel: str) -> None:
        """Tell a channel no longer."""
        self._ladders.pop(channel, None)
        if not self._ladders:
            self._due_delta = NEVER
        self._plan()

    def first(self, channel: str, now_ms: int) -> dict[str, Any]:
        """Return the snapshot from which the next update goes on."""
        ladder = self._ladders.get(channel) or self._ladder(channel, now_ms)
        return ladder.snapshot()

    def text(self, channel: str) -> str:
        """Return what the checksum of a watched channel covers."""
        return self._ladders[channel].text()

    def touch(self, ms: int) -> None:
        """Note that an event changed something among the levels shown."""
        if self._ladders and self._due_delta == NEVER:
            self._due_delta = first_from(ms, _GRID_MS)
            self.due = min(self.due, self._due_delta)

    def serve(self, ms: int, out: list[Change]) -> None:
        """Tell what is due at a grid point."""
        is_touched = ms == self._due_delta
        if is_touched:
            self._due_delta = NEVER
        for channel in DEPTHS:
            ladder = self._ladders.get(channel)
            if ladder is None:
                continue
            row = ladder.delta(ms) if is_touched else None
            if row is None and ms >= _quiet_ms(ladder):
                row = ladder.keep_alive(ms)
            if row is not None:
                text = ladder.text() if self._book_text else ""
                out.append(Change(ms, channel, self._inst_id, [row], "update", text))
        self._plan()

    def _ladder(self, channel: str, ms: int) -> Ladder:
        return Ladder(self._flow, self._levels, DEPTHS[channel], ms)

    def _plan(self) -> None:
        quiet = min(map(_quiet_ms, self._ladders.values()), default=NEVER)
        self.due = min(self._due_delta, quiet)


def _quiet_ms(ladder: Ladder) -> int:
    """Return when a ladder that has not changed is told again."""
    return (ladder.ts // _GRID_MS) * _GRID_MS + QUIET_MS


def _best(side: Side, depth: int) -> Held:
    """Return lots and orders of the best levels by key, best first."""
    lots, queues = side.lots, side.queues
    return {key: (lots[key], len(queues[key])) for key in side.keys[: -depth - 1 : -1]}


def _changed(old: Held, new: Held, sign: int) -> list[tuple[int, int, int]]:
    """Return the levels that differ, best first."""
    gone = dict.fromkeys(old.keys() - new.keys(), (0, 0))
    fresh = {key: held for key, held in new.items() if old.get(key) != held}
    return [
        (key * sign, *held)
        for key, held in sorted((gone | fresh).items(), reverse=True)
    ]
