"""The limit order book of one instrument: price-time priority, nothing else.

Both sides are the same code: a `Side` orders its price levels by a *key*, which
is the tick for bids and the negative tick for asks, so that the best level always
has the greatest key.  Each level is a queue of order sizes, oldest first.

A side remembers what its levels were before they were first touched since the
last `Side.settle`; that is what deltas and snapshots of a moment ago are made of.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple

__all__ = ["DEEP", "FIVE", "TOP", "TRADE", "WINDOW", "WINDOW_LEVELS", "Fill", "Side"]

WINDOW_LEVELS = 400
"""Levels a side that the ``books`` channel shows."""

# How far up an event reached; each implies the next.
DEEP = 0
WINDOW = 4
FIVE = 2 | WINDOW
TOP = 1 | FIVE
TRADE = 8
"""Set beside `TOP` when something was traded."""


class Fill(NamedTuple):
    """What one taker took of one level."""

    tick: int
    lots: tuple[int, ...]
    """Matched sizes, one for each resting order, oldest first."""


class Side:
    """The resting orders of one side.

    Parameters
    ----------
    sign
        1 for bids, -1 for asks: key = sign * tick.

    Notes
    -----
    Every method that changes something returns how far up it reached: `TOP`,
    `FIVE`, `WINDOW` or `DEEP`.
    """

    __slots__ = ("before", "keys", "lots", "orders", "queues", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        """Keys of the levels, ascending: the best is the last."""
        self.queues: dict[int, list[int]] = {}
        self.lots: dict[int, int] = {}
        """Total size of each level [lots]."""
        self.orders = 0
        """Resting orders on this side."""
        self.before: dict[int, tuple[int, int]] = {}
        """(lots, orders) that levels touched since `settle` had; (0, 0) for none."""

    def settle(self) -> None:
        """Forget what the levels were before: from now on, this is what was."""
        self.before = {}

    def add(self, key: int, lots: int) -> int:
        """Rest an order at the end of its level's queue."""
        queue = self.queues.get(key)
        if queue is None:
            return self.stock(key, [lots])
        if key not in self.before:
            self.before[key] = (self.lots[key], len(queue))
        queue.append(lots)
        self.lots[key] += lots
        self.orders += 1
        return self.reach(key)

    def stock(self, key: int, queue: list[int]) -> int:
        """Rest the orders of a level that is empty, oldest first."""
        assert key not in self.queues, "orders go behind those that are there"
        if key not in self.before:
            self.before[key] = (0, 0)
        insort(self.keys, key)
        self.queues[key] = queue
        self.lots[key] = sum(queue)
        self.orders += len(queue)
        return self.reach(key)

    def cancel(self, key: int, place: int) -> int:
        """Take back the order at a place of a level's queue."""
        reach = self.reach(key)
        queue = self.queues[key]
        if key not in self.before:
            self.before[key] = (self.lots[key], len(queue))
        self.lots[key] -= queue.pop(place)
        self.orders -= 1
        if not queue:
            self._drop(key)
        return reach

    def clear(self, key: int) -> int:
        """Take back all orders of a level."""
        reach = self.reach(key)
        queue = self.queues[key]
        if key not in self.before:
            self.before[key] = (self.lots[key], len(queue))
        self.orders -= len(queue)
        self._drop(key)
        return reach

    def take(self, lots: int, limit: int) -> tuple[list[Fill], int]:
        """Match a taker against the best levels, oldest order first.

        Parameters
        ----------
        lots
            Its size.
        limit
            Least key it accepts.

        Returns
        -------
        tuple
            What was filled, best level first, and the lots left over.
        """
        fills = []
        keys = self.keys
        while lots and keys and keys[-1] >= limit:
            key = keys[-1]
            queue = self.queues[key]
            if key not in self.before:
                self.before[key] = (self.lots[key], len(queue))
            stood = len(queue)
            matched, lots = _match(queue, lots)
            self.orders -= stood - len(queue)
            if queue:
                self.lots[key] -= sum(matched)
            else:
                del keys[-1], self.queues[key], self.lots[key]
            fills.append(Fill(key * self.sign, matched))
        return fills, lots

    def reach(self, key: int) -> int:
        """Tell how far up a level is or would be."""
        keys = self.keys
        count = len(keys)
        if not count or key >= keys[-1]:
            return TOP
        if count < 5 or key >= keys[-5]:
            return FIVE
        if count < WINDOW_LEVELS or key >= keys[-WINDOW_LEVELS]:
            return WINDOW
        return DEEP

    def level(self, key: int) -> tuple[int, int]:
        """Return (lots, orders) of a level; (0, 0) if there is none."""
        queue = self.queues.get(key)
        return (self.lots[key], len(queue)) if queue else (0, 0)

    def settled(self, depth: int) -> list[tuple[int, int, int]]:
        """Return the best levels as of the last `settle`: (tick, lots, orders)."""
        before, sign = self.before, self.sign
        keys = self.keys if not before else self._settled_keys()
        best = keys[: -depth - 1 : -1]
        return [(k * sign, *(before.get(k) or self.level(k))) for k in best]

    def _settled_keys(self) -> list[int]:
        now = {key for key in self.keys if key not in self.before}
        return sorted(now | {key for key, was in self.before.items() if was[1]})

    def _drop(self, key: int) -> None:
        del self.keys[bisect_left(self.keys, key)]
        del self.queues[key], self.lots[key]


def _match(queue: list[int], lots: int) -> tuple[tuple[int, ...], int]:
    """Take lots from a queue: the sizes matched, and the lots left over."""
    matched = []
    while lots and queue:
        head = queue[0]
        if head > lots:
            queue[0] = head - lots
            matched.append(lots)
            lots = 0
        else:
            matched.append(head)
            lots -= head
            del queue[0]
    return tuple(matched), lots
