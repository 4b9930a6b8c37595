"""From the price of an underlying to the fair price of an instrument.

Every instrument follows the path of its asset through a factor that is fixed
within an hour: the price of USDT in USD, the premium of a swap, the carry of a
future.  Within an hour the fair price thus rises (of a put: falls) with the path,
so that highs and lows translate exactly, and bars of all instruments of one
underlying agree with one another.

Fair prices are integers, in sixteenths of a tick.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from okxlab.simulator.draws import source
from okxlab.simulator.paths import HOUR_MS, Path, Prices, remember

if TYPE_CHECKING:
    from okxlab.simulator.instruments import Asset, Instrument

__all__ = [
    "FINE",
    "Fair",
    "Index",
    "LinearFair",
    "OptionFair",
    "Premium",
    "fair_bar",
    "fair_price",
]

FINE = 16
"""Fair prices count sixteenths of a tick."""

_PARTS = 10**9
_YEAR_MS = 365 * 24 * HOUR_MS
_SMOOTH = 8
"""Hours over which a premium is averaged, so that it moves in small steps."""

_CARRY = 55_000_000
"""What futures cost beyond the index [ppb a year]."""

_GRID = 64
"""Entries of the normal tables for each deviation."""
_DENSITY = [
    round(math.exp(-((i / _GRID) ** 2) / 2) / math.sqrt(2 * math.pi) * 10**9)
    for i in range(8 * _GRID + 1)
]
_ABOVE = [
    round(math.erfc(i / _GRID / math.sqrt(2)) / 2 * 10**9) for i in range(8 * _GRID + 1)
]


class Premium:
    """A factor close to 1 that wanders from hour to hour.

    Parameters
    ----------
    key
        What it is drawn from.
    centre, width
        Its mean distance from 1 and how far it strays from that [ppb].
    """

    def __init__(self, *key: object, centre: int, width: int) -> None:
        self._key = key
        self._centre = centre
        self._width = width
        self._days: dict[int, list[int]] = {}

    def at(self, hour: int) -> int:
        """Return the distance from 1 in an hour since the epoch [ppb]."""
        day = hour // 24
        kept = self._days.get(day)
        if kept is None:
            drawn = self._drawn(day - 1)[-_SMOOTH:] + self._drawn(day)
            sums = [sum(drawn[i + 1 : i + 1 + _SMOOTH]) for i in range(24)]
            away = [self._width * s // (_SMOOTH * 1024) for s in sums]
            kept = [self._centre + a for a in away]
            remember(self._days, day, kept, 1024)
        return kept[hour % 24]

    def _drawn(self, day: int) -> list[int]:
        draw = source(*self._key, day).getrandbits
        return [draw(12) - 2048 for _ in range(24)]


class Index:
    """An index: the path of an asset in one quote currency.

    Parameters
    ----------
    seed
        The market's.
    index_id
        Such as ``"BTC-USDT"``.
    asset, path
        What it prices, and the path of that in USDT.
    """

    def __init__(self, seed: int, index_id: str, asset: Asset, path: Path) -> None:
        self.index_id = index_id
        self.asset = asset
        self.path = path
        dollar = index_id.endswith("-USD")
        self._rate = Premium(
            seed, "USDT-USD", centre=300_000 * dollar, width=60_000 * dollar
        )

    def rate(self, hour: int) -> int:
        """Return the price of a USDT in the quote currency [ppb]."""
        return _PARTS + self._rate.at(hour)

    def value(self, path_price: int, hour: int) -> int:
        """Return the index [units] for a price of the path."""
        return path_price * self.rate(hour) // _PARTS


class Fair(Protocol):
    """The fair price of one instrument as a function of its asset's path."""

    falls: bool
    """Whether it falls when the path rises."""

    def at(self, path_price: int, hour: int) -> int:
        """Return the fair price [1/16 tick] for a price of the path in an hour."""

    def ticks(self, path_prices: list[int], hour: int) -> list[int]:
        """Return the fair prices, rounded to ticks, for prices of an hour."""


def fair_price(seed: int, instrument: Instrument, index: Index) -> Fair:
    """Return how an instrument is priced."""
    if instrument.inst_type == "OPTION":
        return OptionFair(seed, instrument, index)
    return LinearFair(seed, instrument, index)


def fair_bar(fair: Fair, bar: Prices, hour: int) -> Prices:
    """Return the bar of the fair price [1/16 tick] for a bar of the path."""
    o, high, low, c = (fair.at(p, hour) for p in bar)
    return Prices(o, low, high, c) if fair.falls else Prices(o, high, low, c)


class LinearFair:
    """Index times (1 + premium), the premium of a future shrinking to expiry."""

    falls = False

    def __init__(self, seed: int, instrument: Instrument, index: Index) -> None:
        places = index.asset.places
        self.unit = instrument.tick.units(places) * _PARTS
        """What `factor` is counted in."""
        self._index = index
        self._exp_ms = instrument.exp_ms
        centre, width = {"SPOT": (0, 60_000), "SWAP": (60_000, 250_000)}.get(
            instrument.inst_type, (0, 200_000)
        )
        self.premium = Premium(
            seed, instrument.inst_id, "premium", centre=centre, width=width
        )
        self._hour = -1
        self._factor = 0

    def at(self, path_price: int, hour: int) -> int:
        """Return the fair price [1/16 tick] for a price of the path in an hour."""
        if hour != self._hour:
            self._hour, self._factor = hour, self.factor(hour)
        return path_price * self._factor // self.unit

    def ticks(self, path_prices: list[int], hour: int) -> list[int]:
        """Return the fair prices, rounded to ticks, for prices of an hour."""
        self.at(0, hour)
        factor, unit, half = self._factor, self.unit, FINE // 2
        return [(p * factor // unit + half) // FINE for p in path_prices]

    def index_at(self, path_price: int, hour: int) -> int:
        """Return the index in the same unit."""
        return path_price * FINE * self._index.rate(hour) // self.unit

    def factor(self, hour: int) -> int:
        """Return what a price of the path is worth in an hour [1/16 tick per `unit`]."""
        premium = self.premium.at(hour)
        if self._exp_ms:
            left = max(self._exp_ms - hour * HOUR_MS, 0)
            premium = (premium * min(left, 7 * 24 * HOUR_MS)) // (7 * 24 * HOUR_MS)
            premium += _CARRY * left // _YEAR_MS
        return FINE * (_PARTS + premium) * self._index.rate(hour) // _PARTS


class OptionFair:
    """The price in coin of a European option after Bachelier.

    Only exact floating point operations decide (no exponential, no logarithm at
    run time), so that every platform finds the same tick.
    """

    def __init__(self, seed: int, instrument: Instrument, index: Index) -> None:
        self.falls = instrument.opt_type == "P"
        self._strike = float(instrument.strike)
        self._exp_ms = instrument.exp_ms
        self._tick = instrument.tick.unit / 10**instrument.tick.places
        self._index = index
        self._scale: int = 10**index.asset.places
        self._calm = index.asset.daily * 19.1e-6  # a year has 19.1² days
        self._smile = Premium(
            seed, instrument.family, "volatility", centre=0, width=60_000_000
        )
        self._hour = -1
        self._spread = 0.0
        self._carry = 1.0

    def at(self, path_price: int, hour: int) -> int:
        """Return the fair price [1/16 tick] for a price of the path in an hour."""
        forward = self.forward(path_price, hour)
        away = (forward - self._strike) / self._spread
        worth = self._spread * _density(away) + (forward - self._strike) * (
            -_below(-away) if self.falls else _below(away)
        )
        return max(int(worth / forward / self._tick * FINE), 4 * FINE)

    def ticks(self, path_prices: list[int], hour: int) -> list[int]:
        """Return the fair prices, rounded to ticks, for prices of an hour."""
        return [(self.at(p, hour) + FINE // 2) // FINE for p in path_prices]

    def forward(self, path_price: int, hour: int) -> float:
        """Return the forward price of the underlying in an hour [quote per base]."""
        if hour != self._hour:
            self._set_hour(hour)
        return self._index.value(path_price, hour) / self._scale * self._carry

    def years(self, hour: int) -> float:
        """Return the time left that it is priced with in an hour [years]."""
        return max(self._exp_ms - hour * HOUR_MS, HOUR_MS) / _YEAR_MS

    def volatility(self, hour: int) -> float:
        """Return the volatility a year that prices it in an hour."""
        return self._calm * (1 + self._smile.at(hour) / _PARTS)

    def _set_hour(self, hour: int) -> None:
        left = self.years(hour)
        self._hour = hour
        self._carry = 1 + _CARRY / _PARTS * left
        # Fixed within the hour, so that the price follows the path one way only.
        self._spread = self._strike * self.volatility(hour) * math.sqrt(left)


def _density(x: float) -> float:
    return _look_up(_DENSITY, abs(x))


def _below(x: float) -> float:
    above = _look_up(_ABOVE, abs(x))
    return above if x < 0 else 1 - above


def _look_up(table: list[int], x: float) -> float:
    at = x * _GRID
    i = int(at)
    if i >= len(table) - 1:
        return 0.0
    return (table[i] + (table[i + 1] - table[i]) * (at - i)) / 1e9
