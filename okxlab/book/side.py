"""One side of an order book: prices in order, and the level at each of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Side"]


class Side:
    """The levels of one side.

    Most changes replace the size of a price that is there.  That takes one
    look-up; only what comes or goes touches the sorted list.  (Measured at 27
    changes to 400 levels: 1.4 times what `orjson.loads` takes, against 1.9 with
    a bisection for each change, and 4.4 with prices kept as text.)

    Attributes
    ----------
    prices : list of float
        In rising order, whichever side it is.
    levels : dict
        The level as decoded at each price.

    Notes
    -----
    One thread writes.  What a reader may do meanwhile is `OrderBook`'s business.
    """

    __slots__ = ("levels", "prices")

    def __init__(self) -> None:
        self.prices: list[float] = []
        self.levels: dict[float, Any] = {}

    def replace(self, levels: Iterable[Any]) -> None:
        """Hold these levels and no others."""
        kept = {level.px: level for level in levels if level.sz}
        self.prices, self.levels = sorted(kept), kept

    def merge(self, changed: Iterable[Any]) -> None:
        """Take changed levels; one of size 0 is deleted.

        To delete a price that is not there is normal: the exchange deletes what
        falls out of the best 400 levels, also where it never sent it.
        """
        prices, levels = self.prices, self.levels
        for level in changed:
            px = level.px
            if px in levels:
                if level.sz:
                    levels[px] = level
                else:
                    del levels[px]
                    del prices[bisect_left(prices, px)]
            elif level.sz:
                levels[px] = level
                insort(prices, px)
