"""The fair price of a spread, which follows from its legs.

A spread costs the second leg less the first, so its price may be negative or 0.
The order book and everything behind it count in ticks above 0; so the ticks of a
spread are counted from a price far below any that it can have (`ZERO`), and only
the text on the wire is that of the price itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.pricing import FINE, LinearFair
from okxlab.simulator.wire import Step, Texts

if TYPE_CHECKING:
    from okxlab.simulator.paths import Path

__all__ = ["ZERO", "SpreadFair", "SpreadPrices"]

ZERO = 100_000_000
"""The tick that stands for a price of 0."""

_LEAD = 10_000_000
"""How much of a move of the path the second leg makes first [ppb]: when the market
rises, what is farther off in time rises a little more."""
_MOST_TEXTS = 8_000
"""Texts kept of one spread."""


class SpreadFair:
    """The fair price of one spread as a function of its asset's path.

    Parameters
    ----------
    first, second
        Fair prices of the legs, which have the same tick.
    path
        The path that both follow.
    """

    falls = False

    def __init__(self, first: LinearFair, second: LinearFair, path: Path) -> None:
        assert first.unit == second.unit, "legs of one tick only"
        self._first = first
        self._second = second
        self._path = path
        self._hour = -1
        self._factor = 0
        self._offset = 0

    def at(self, path_price: int, hour: int) -> int:
        """Return the fair price [1/16 tick] for a price of the path in an hour."""
        if hour != self._hour:
            self._set_hour(hour)
        return (path_price * self._factor + self._offset) // self._first.unit

    def ticks(self, path_prices: list[int], hour: int) -> list[int]:
        """Return the fair prices, rounded to ticks, for prices of an hour."""
        return [(self.at(p, hour) + FINE // 2) // FINE for p in path_prices]

    def _set_hour(self, hour: int) -> None:
        day, place = divmod(hour, 24)
        opening = self._path.hours(day)[place].open
        lead = FINE * _LEAD
        # Rising with the path within the hour, as candles of the past need it: no
        # two legs ever differ by as much as the lead.
        self._factor = self._second.factor(hour) - self._first.factor(hour) + lead
        assert self._factor > 0, "the lead outweighs what legs may differ"
        self._offset = ZERO * FINE * self._first.unit - opening * lead
        self._hour = hour


class SpreadPrices(Texts):
    """The texts of prices by tick, counted from `ZERO`."""

    def __init__(self, tick: Step) -> None:
        super().__init__(tick)
        self._tick = tick

    def __missing__(self, count: int) -> str:
        if len(self) >= _MOST_TEXTS:
            self.clear()
        text = self[count] = self._tick.text(count - ZERO)
        return text
