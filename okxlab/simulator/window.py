"""The order book as the wire shows it: 400 levels a side on a 100 ms grid.

All subscribers of an instrument share one chain of sequence numbers.  A snapshot
given between two grid points is the book as of the last one, and the next delta
continues from there, whoever subscribes when.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from okxlab.simulator.matching import WINDOW_LEVELS, Side

if TYPE_CHECKING:
    from okxlab.simulator.wire import Texts

__all__ = ["Window"]

_CHECKED_LEVELS = 25
"""Levels a side that a legacy checksum covers."""
_UNBOUNDED = -(1 << 62)

Level = list[str]


class Window:
    """What the wire has been told of one book.

    Parameters
    ----------
    bids, asks
        The book.
    prices, sizes
        Texts of prices by tick, and of sizes by lots.
    seq, ts
        Sequence number and time of the first state, which is that of now.
    """

    def __init__(
        self, bids: Side, asks: Side, prices: Texts, sizes: Texts, *, seq: int, ts: int
    ) -> None:
        self._bids = bids
        self._asks = asks
        self._prices = prices
        self._sizes = sizes
        self._bounds = (_bound(bids), _bound(asks))
        self.seq = seq
        """Sequence number of the last state told."""
        self.ts = ts
        """When the book was in that state [Unix ms]."""

    def settle(self) -> None:
        """Take the book as it is for the state of the last grid point."""
        self._bids.settle()
        self._asks.settle()
        self._bounds = (_bound(self._bids), _bound(self._asks))

    def turn(self, seq: int, ts: int) -> None:
        """Go on to the state of now, without saying what changed."""
        self.settle()
        self.seq, self.ts = seq, ts

    def delta(self, seq: int, ts: int) -> dict[str, Any]:
        """Go on to the state of now, and return the row that leads there."""
        row = {
            "asks": self._changed(self._asks, self._bounds[1]),
            "bids": self._changed(self._bids, self._bounds[0]),
            "ts": str(ts),
            "checksum": 0,
            "prevSeqId": self.seq,
            "seqId": seq,
        }
        self.turn(seq, ts)
        return row

    def keep_alive(self, ts: int) -> dict[str, Any]:
        """Return the row that says that nothing has changed."""
        return {
            "asks": [],
            "bids": [],
            "ts": str(ts),
            "checksum": 0,
            "prevSeqId": self.seq,
            "seqId": self.seq,
        }

    def snapshot(self, depth: int) -> dict[str, Any]:
        """Return the state of the last grid point as the first row of ``books``."""
        return {
            "asks": self._settled(self._asks, depth),
            "bids": self._settled(self._bids, depth),
            "ts": str(self.ts),
            "checksum": 0,
            "prevSeqId": -1,
            "seqId": self.seq,
        }

    def best(self, depth: int) -> tuple[list[Level], list[Level]]:
        """Return the best asks and bids of this moment."""
        return self._now(self._asks, depth), self._now(self._bids, depth)

    def text(self) -> str:
        """Return what a legacy checksum of the last grid point covers."""
        bids = self._settled(self._bids, _CHECKED_LEVELS)
        asks = self._settled(self._asks, _CHECKED_LEVELS)
        parts = []
        for i in range(max(len(bids), len(asks))):
            for side in (bids, asks):
                parts += side[i][:2] if i < len(side) else []
        return ":".join(parts)

    def _changed(self, side: Side, old: int) -> list[Level]:
        """Return the levels that changed since the last grid point, best first.

        A window of the best levels is a stretch of keys down to a bound, so what
        enters and leaves it untouched lies between the old and the new bound.
        """
        new, before = _bound(side), side.before
        keys = [k for k in before if k >= new or (k >= old and before[k][1])]
        if new != old:
            low, high = min(new, old), max(new, old)
            between = side.keys[bisect_left(side.keys, low) :]
            keys += [
                k for k in between[: bisect_left(between, high)] if k not in before
            ]
        keys.sort(reverse=True)
        return [
            self._level(k * side.sign, *(side.level(k) if k >= new else (0, 0)))
            for k in keys
        ]

    def _settled(self, side: Side, depth: int) -> list[Level]:
        return [self._level(*level) for level in side.settled(depth)]

    def _now(self, side: Side, depth: int) -> list[Level]:
        keys = side.keys[: -depth - 1 : -1]
        return [self._level(k * side.sign, *side.level(k)) for k in keys]

    def _level(self, tick: int, lots: int, orders: int) -> Level:
        return [self._prices[tick], self._sizes[lots], "0", str(orders)]


def _bound(side: Side) -> int:
    """Return the key of the last level inside the window."""
    keys = side.keys
    return keys[-WINDOW_LEVELS] if len(keys) >= WINDOW_LEVELS else _UNBOUNDED
