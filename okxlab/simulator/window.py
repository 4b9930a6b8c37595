"""The order book as the wire shows it: 400 levels a side on a 100 ms grid.

All subscribers of an instrument share one chain of sequence numbers.  A snapshot
given between two grid points is the book as of the last one, and the next delta
continues from there, whoever subscribes when.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from okxlab.simulator.levels import CHECKED_LEVELS, Levels, book_row, checked_text
from okxlab.simulator.matching import WINDOW_LEVELS, Side

if TYPE_CHECKING:
    from okxlab.simulator.levels import Level, Standing

__all__ = ["Window"]

_UNBOUNDED = -(1 << 62)

Deltas = tuple[dict[str, Any], dict[str, Any]]


class Window:
    """What the wire has been told of one book.

    Parameters
    ----------
    bids, asks
        The book.
    levels
        Writes their levels.
    seq, ts
        Sequence number and time of the first state, which is that of now.
    """

    def __init__(
        self, bids: Side, asks: Side, levels: Levels, *, seq: int, ts: int
    ) -> None:
        self._bids = bids
        self._asks = asks
        self._levels = levels
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

    def deltas(self, seq: int, ts: int, *, is_rpi: bool = False) -> Deltas:
        """Go on to the state of now, and return the rows that lead there.

        Returns
        -------
        tuple
            The row of ``books`` and, if asked for, that of ``books-rpi``, which
            has the same sequence.
        """
        asks = self._changed(self._asks, self._bounds[1])
        bids = self._changed(self._bids, self._bounds[0])
        before = self.seq
        self.turn(seq, ts)
        plain = self._row(asks, bids, before, is_rpi=False)
        return plain, self._row(asks, bids, before, is_rpi=True) if is_rpi else {}

    def keep_alive(self, ts: int, *, is_rpi: bool = False) -> dict[str, Any]:
        """Return the row that says that nothing has changed."""
        return book_row(
            [], [], ts, seq=self.seq, before=self.seq, is_checked=not is_rpi
        )

    def snapshot(self, depth: int, *, is_rpi: bool = False) -> dict[str, Any]:
        """Return the state of the last grid point as a first row."""
        asks, bids = self._asks.settled(depth), self._bids.settled(depth)
        return self._row(asks, bids, -1, is_rpi=is_rpi)

    def full(self, depth: int) -> dict[str, Any]:
        """Return the state of the last grid point as REST's ``books-full`` has it."""
        write = self._levels.bare
        return {
            "asks": write(self._asks.settled(depth)),
            "bids": write(self._bids.settled(depth)),
            "ts": str(self.ts),
        }

    def best(self, depth: int) -> tuple[list[Level], list[Level]]:
        """Return the best asks and bids of this moment."""
        return self._now(self._asks, depth), self._now(self._bids, depth)

    def text(self) -> str:
        """Return what a legacy checksum of the last grid point covers."""
        write = self._levels.plain
        return checked_text(
            write(self._bids.settled(CHECKED_LEVELS)),
            write(self._asks.settled(CHECKED_LEVELS)),
        )

    def _row(
        self, asks: list[Standing], bids: list[Standing], before: int, *, is_rpi: bool
    ) -> dict[str, Any]:
        write = self._levels.rpi if is_rpi else self._levels.plain
        return book_row(
            write(asks),
            write(bids),
            self.ts,
            seq=self.seq,
            before=before,
            is_checked=not is_rpi,
        )

    @staticmethod
    def _changed(side: Side, old: int) -> list[Standing]:
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
        return [(k * side.sign, *(side.level(k) if k >= new else (0, 0))) for k in keys]

    def _now(self, side: Side, depth: int) -> list[Level]:
        keys = side.keys[: -depth - 1 : -1]
        return self._levels.plain((k * side.sign, *side.level(k)) for k in keys)


def _bound(side: Side) -> int:
    """Return the key of the last level inside the window."""
    keys = side.keys
    return keys[-WINDOW_LEVELS] if len(keys) >= WINDOW_LEVELS else _UNBOUNDED
