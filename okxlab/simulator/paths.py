"""The price of each underlying: a random path that exists at all times.

A path is a pure function of (seed, asset, time).  It is drawn from coarse to fine:
blocks of days, days, hours, minutes, steps of 200 ms; each level is a random
walk bent to begin, end, peak and bottom where the level above says.  So any
moment of any year can be looked up by itself, bars of all lengths agree with one
another exactly, and a market that is started later finds the same prices.

All instruments of one underlying follow the same path (see `pricing`).  Prices
are integers, in units far finer than a tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from okxlab.simulator.draws import BELL, SWELL, source

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DAY_MS",
    "HOUR_MS",
    "MINUTE_MS",
    "MOST_DAYS",
    "STEP_MS",
    "Path",
    "Prices",
    "remember",
]

STEP_MS = 200
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

MOST_DAYS = 8192
"""Day bars to keep of one price: more than there are since the first listing.  With
fewer, a walk over all of them would find none when it is made again."""

_STEPS = MINUTE_MS // STEP_MS
_BLOCK_DAYS = 512

_HOUR_SHARE = 204
"""Deviation of an hour in thousandths of that of its day: 1 / sqrt(24)."""
_MINUTE_SHARE = 81
"""Deviation of a minute in thousandths of its hour's range: 1 / (1.6 sqrt(60))."""
_STEP_SHARE = 46
"""Deviation of a step in thousandths of its minute's range, three in five moving."""

_NIGHT = (90, 85, 85, 80, 75, 75, 80, 90, 100, 100, 95, 95)
_DAY = (105, 135, 150, 150, 140, 125, 115, 110, 105, 100, 95, 90)
_SEASON = (*_NIGHT, *_DAY)
"""Liveliness of each UTC hour [percent]: crypto wakes with the American morning."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Prices(NamedTuple):
    """Opening, highest, lowest and closing price of a stretch of time."""

    open: int
    high: int
    low: int
    close: int


def remember(kept: dict[Key, Value], key: Key, value: Value, most: int) -> Value:
    """Keep a value that can be made again, dropping the oldest beyond ``most``."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = value
    return value


class Path:
    """The price of one underlying as a function of time.

    Parameters
    ----------
    seed, asset
        What it is drawn from, such as ``7, "BTC"``.
    base
        A typical price [units].
    daily
        Deviation of a normal day's return [ppm].
    """

    def __init__(self, seed: int, asset: str, base: int, daily: int) -> None:
        self.base = base
        self.daily = daily
        self._key = (seed, asset)
        self._blocks: dict[int, tuple[list[int], list[int]]] = {}
        self._days: dict[int, list[Prices]] = {}
        self._hours: dict[int, list[Prices]] = {}
        self._minutes: dict[int, list[int]] = {}

    def at(self, ms: int) -> int:
        """Return the price at a moment [units]."""
        minute = ms // MINUTE_MS
        return self.steps(minute)[(ms - minute * MINUTE_MS) // STEP_MS]

    def steps(self, minute: int) -> list[int]:
        """Return the 300 prices of a minute, one for each 200 ms [units]."""
        kept = self._minutes.get(minute)
        if kept is None:
            bar = self.minutes(minute // 60)[minute % 60]
            kept = remember(self._minutes, minute, self._draw_steps(minute, bar), 16)
        return kept

    def minutes(self, hour: int) -> list[Prices]:
        """Return the 60 minute bars of an hour since the epoch."""
        kept = self._hours.get(hour)
        if kept is None:
            bar = self.hours(hour // 24)[hour % 24]
            kept = remember(self._hours, hour, self._draw_minutes(hour, bar), 64)
        return kept

    def hours(self, day: int) -> list[Prices]:
        """Return the 24 hour bars of a day since the epoch."""
        kept = self._days.get(day)
        if kept is None:
            kept = remember(self._days, day, self._draw_hours(day), 1024)
        return kept

    def liveliness(self, minute: int) -> int:
        """Return how wide a minute's range is [percent of a normal one, 30 to 500]."""
        bar = self.minutes(minute // 60)[minute % 60]
        # Half the minutes of a day at normal volatility range over less than this.
        normal = bar.open * self.daily // 1_000_000 * 22 // 1000
        return min(max((bar.high - bar.low) * 100 // max(normal, 1), 30), 500)

    def _opens(self, block: int) -> tuple[list[int], list[int]]:
        """Return the opening prices of a block's days, and their volatility [%]."""
        kept = self._blocks.get(block)
        if kept is None:
            kept = self._blocks[block] = self._draw_opens(block)
        return kept

    def _knot(self, block: int) -> int:
        bits = source(*self._key, "block", block).getrandbits(16)
        return self.base * (75 + bits * 60 // 65_536) // 100

    def _draw_opens(self, block: int) -> tuple[list[int], list[int]]:
        draw = source(*self._key, "days", block).getrandbits
        price = self._knot(block)
        swell = 0
        opens, swells = [price], []
        for _ in range(_BLOCK_DAYS):
            bits = draw(20)
            swell = (swell * 930 + BELL[bits >> 10] * 250) // 1000
            swells.append(SWELL[min(max(32 + swell * 8 // 1000, 18), 50)])
            price += price * BELL[bits & 1023] * self.daily * swells[-1] // 10**11
            opens.append(price)
        miss = self._knot(block + 1) - price
        opens = [p + p * miss * i // (price * _BLOCK_DAYS) for i, p in enumerate(opens)]
        return opens, swells

    def _draw_hours(self, day: int) -> list[Prices]:
        block, i = divmod(day, _BLOCK_DAYS)
        opens, swells = self._opens(block)
        draw = source(*self._key, "hours", day).getrandbits
        scale = opens[i] * self.daily // 10_000 * swells[i] // 10_000 * _HOUR_SHARE
        deviations = [
            max(scale // 1000 * season * SWELL[24 + draw(4)] // 10_000, 1)
            for season in _SEASON
        ]
        knots = _bridge(opens[i], opens[i + 1], deviations, draw)
        return _dress(knots, deviations, draw)

    def _draw_minutes(self, hour: int, bar: Prices) -> list[Prices]:
        draw = source(*self._key, "minutes", hour).getrandbits
        scale = (bar.high - bar.low) * _MINUTE_SHARE
        swell = 0
        deviations = []
        for _ in range(60):
            swell = (swell * 800 + BELL[draw(10)] * 600) // 1000
            percent = SWELL[min(max(32 + swell * 8 // 1000, 16), 52)]
            deviations.append(scale * percent // 100_000)
        knots = _fit(_bridge(bar.open, bar.close, deviations, draw), bar)
        bars = _dress(knots, deviations, draw)
        return _touch([_clip(b, bar) for b in bars], bar)

    def _draw_steps(self, minute: int, bar: Prices) -> list[int]:
        draw = source(*self._key, "steps", minute).getrandbits
        scale = (bar.high - bar.low) * _STEP_SHARE
        value = 0
        walk = [0]
        for _ in range(_STEPS - 1):
            bits = draw(13)
            if bits >> 10 > 2:  # three in eight stand still
                value += BELL[bits & 1023] * scale
            walk.append(value)
        # The walk is in millionths of a unit, so that quiet minutes move as well.
        last = _STEPS - 1
        bend = (bar.close - bar.open) * 1_000_000 - value
        path = [
            bar.open + (w + bend * i // last) // 1_000_000 for i, w in enumerate(walk)
        ]
        path[last] = bar.close
        path = _fit(path, bar)
        inner = 1 + draw(8)
        if max(path) < bar.high:
            path[inner] = bar.high
        if min(path) > bar.low:
            path[inner + 1 + (path[inner + 1] == bar.high)] = bar.low
        return path


def _bridge(
    start: int, end: int, deviations: list[int], draw: Callable[[int], int]
) -> list[int]:
    """Return a random walk from start to end, one knot more than deviations."""
    value = start
    walk = [start]
    for deviation in deviations:
        value += BELL[draw(10)] * deviation // 1000
        walk.append(value)
    miss, n = end - value, len(deviations)
    return [v + miss * i // n for i, v in enumerate(walk)]


def _fit(path: list[int], bar: Prices) -> list[int]:
    """Stretch what lies above and below the ends to the bar's high and low."""
    top, bottom = max(bar.open, bar.close), min(bar.open, bar.close)
    above, below = max(path) - top, bottom - min(path)
    up, down = bar.high - top, bottom - bar.low
    return [
        top + (v - top) * up // above
        if v > top
        else bottom - (bottom - v) * down // below
        if v < bottom
        else v
        for v in path
    ]


def _dress(
    knots: list[int], deviations: list[int], draw: Callable[[int], int]
) -> list[Prices]:
    """Give each stretch between two knots a high and a low of its own."""
    bars = []
    for o, c, deviation in zip(knots[:-1], knots[1:], deviations, strict=True):
        drawn = draw(20)
        up = abs(BELL[drawn & 1023]) * deviation // 2200
        down = abs(BELL[drawn >> 10]) * deviation // 2200
        bars.append(Prices(o, max(o, c) + up, min(o, c) - down, c))
    return bars


def _clip(bar: Prices, within: Prices) -> Prices:
    return Prices(
        bar.open, min(bar.high, within.high), max(bar.low, within.low), bar.close
    )


def _touch(bars: list[Prices], whole: Prices) -> list[Prices]:
    """Make the highest bar reach the high of the whole, and the lowest its low."""
    i = max(range(len(bars)), key=lambda k: bars[k].high)
    bars[i] = bars[i]._replace(high=whole.high)
    i = min(range(len(bars)), key=lambda k: bars[k].low)
    bars[i] = bars[i]._replace(low=whole.low)
    return bars
