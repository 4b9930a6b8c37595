"""Order books on the wire: levels as texts, and the rows that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.simulator.wire import Texts

__all__ = [
    "BOOKS",
    "CHECKED_LEVELS",
    "Level",
    "Levels",
    "Standing",
    "book_row",
    "checked_text",
]

BOOKS = frozenset({"books", "books-rpi", "books-l2-tbt", "books50-l2-tbt"})
"""Channels that begin with a snapshot and go on with updates."""

CHECKED_LEVELS = 25
"""Levels a side that a legacy checksum covers."""

Level = list[str]

Standing = tuple[int, int, int]
"""Tick, lots and orders of a level; no lots for one that is gone."""


class Levels:
    """Writes the levels of one instrument.

    Parameters
    ----------
    prices, sizes
        Texts of prices by tick, and of sizes by lots.
    median
        Median order size [lots], which tells how large RPI orders are.
    """

    def __init__(self, prices: Texts, sizes: Texts, median: int) -> None:
        self._prices = prices
        self._sizes = sizes
        self._median = median

    def plain(self, standing: Iterable[Standing]) -> list[Level]:
        """Return price, size, a dead ``"0"`` and the number of orders of each."""
        px, sz = self._prices, self._sizes
        return [[px[tick], sz[lots], "0", str(n)] for tick, lots, n in standing]

    def rpi(self, standing: Iterable[Standing]) -> list[Level]:
        """Return price, size, size without RPI orders, number of orders of each."""
        px, sz = self._prices, self._sizes
        out = []
        for tick, lots, n in standing:
            more = self._improved(tick) if lots else 0
            out.append([px[tick], sz[lots + more], sz[lots], str(n + (more > 0))])
        return out

    def bare(self, standing: Iterable[Standing]) -> list[Level]:
        """Return price, size and number of orders of each, as full books have it."""
        px, sz = self._prices, self._sizes
        return [[px[tick], sz[lots], str(n)] for tick, lots, n in standing]

    def _improved(self, tick: int) -> int:
        """Return the RPI order that rests at a price wherever there are others.

        It follows from the price alone, so that a level changes when the book does.
        """
        mixed = tick * 2_654_435_761 >> 7
        return self._median * (1 + (mixed >> 3 & 7)) if mixed & 7 < 3 else 0


def book_row(
    asks: list[Level],
    bids: list[Level],
    ts: int,
    *,
    seq: int,
    before: int = -1,
    is_checked: bool = True,
) -> dict[str, Any]:
    """Return a row of a book that comes in updates.

    Parameters
    ----------
    asks, bids
        The levels, best first.
    ts
        When the book was so [Unix ms].
    seq
        Its sequence number.
    before
        That of the row before; -1 for a snapshot.
    is_checked
        Whether the channel has a checksum.
    """
    row: dict[str, Any] = {"asks": asks, "bids": bids, "ts": str(ts)}
    if is_checked:
        row["checksum"] = 0
    return {**row, "prevSeqId": before, "seqId": seq}


def checked_text(bids: list[Level], asks: list[Level]) -> str:
    """Return what a checksum covers: ``bid:size:ask:size:...`` of the best levels."""
    parts = []
    for i in range(min(max(len(bids), len(asks)), CHECKED_LEVELS)):
        for side in (bids, asks):
            parts += side[i][:2] if i < len(side) else []
    return ":".join(parts)
