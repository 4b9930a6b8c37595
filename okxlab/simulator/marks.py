"""Prices that follow from the path alone: mark, index and price limits.

They are functions of time, so that they need no state, and their candles of any
age can be computed; live rows and history are the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.bars import Bar, gather, join, joined, span
from okxlab.simulator.paths import (
    HOUR_MS,
    MINUTE_MS,
    MOST_DAYS,
    STEP_MS,
    Path,
    Prices,
    remember,
)
from okxlab.simulator.pricing import FINE, Fair, Index, fair_bar
from okxlab.simulator.wire import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.bars import Bars
    from okxlab.simulator.instruments import Instrument

__all__ = ["DayStats", "IndexPrice", "MarkPrice", "PathBars"]

_MARK_DIGITS = 10
"""Marks are finer than a tick by this factor."""
_DAY_MINUTES = 1440
_LIMITS = {"SPOT": 50, "SWAP": 20, "FUTURES": 30, "OPTION": 400}
"""How far orders may be from the mark [thousandths]."""
_LIMIT_MS = 1000
"""How often price limits are set anew."""


class PathBars:
    """Bars of a price that follows from the path.

    Parameters
    ----------
    path
        The path.
    convert
        Makes prices of the path, within an hour since the epoch, prices of this.
    """

    def __init__(self, path: Path, convert: Callable[[Prices, int], Prices]) -> None:
        self._path = path
        self._convert = convert
        self._days: dict[int, Bar] = {}
        self.now_ms = 0
        """The moment up to which the current minute goes [Unix ms]."""

    def minute(self, minute: int) -> Bar:
        """Return the bar of a minute since the epoch, so far if it is not over."""
        if (minute + 1) * MINUTE_MS > self.now_ms >= minute * MINUTE_MS:
            upto = (self.now_ms - minute * MINUTE_MS) // STEP_MS + 1
            steps = self._path.steps(minute)[:upto]
            prices = Prices(steps[0], max(steps), min(steps), steps[-1])
        else:
            prices = self._path.minutes(minute // 60)[minute % 60]
        return Bar(*self._convert(prices, minute // 60))

    def hour(self, hour: int) -> Bar:
        """Return the bar of an hour since the epoch, which is over."""
        return Bar(*self._convert(self._path.hours(hour // 24)[hour % 24], hour))

    def day(self, day: int) -> Bar:
        """Return the bar of a UTC day since the epoch, which is over."""
        kept = self._days.get(day)
        if kept is None:
            whole = joined(self.hour(h) for h in range(day * 24, day * 24 + 24))
            kept = remember(self._days, day, whole, MOST_DAYS)
        return kept


class DayStats:
    """The last 24 hours, the current minute among them, and the day's openings.

    Parameters
    ----------
    bars
        Of which price.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._minute = -1
        self._whole = Bar(0, 0, 0, 0, 0)
        self._openings: dict[tuple[str, int], int] = {}

    def last_day(self, now_ms: int) -> Bar:
        """Return the bar of the 1440 minutes that end with the current one."""
        minute = now_ms // MINUTE_MS
        if minute != self._minute:
            first = (minute - _DAY_MINUTES + 1) * MINUTE_MS
            self._whole = gather(self._bars, first, minute * MINUTE_MS, now_ms)
            self._minute = minute
        return join(self._whole, self._bars.minute(minute))

    def opening(self, bar: str, now_ms: int) -> int:
        """Return the opening price of the day, ``"1Dutc"`` or ``"1D"``."""
        opens, _ = span(bar, now_ms)
        kept = self._openings.get((bar, opens))
        if kept is None:
            end = min(now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS, opens + 12 * HOUR_MS)
            whole = gather(self._bars, opens, end, now_ms)
            kept = whole.open
            if whole.lots:
                remember(self._openings, (bar, opens), kept, 4)
        return kept


class MarkPrice:
    """The mark price of one instrument, and its price limits."""

    def __init__(self, instrument: Instrument, path: Path, fair: Fair) -> None:
        self._instrument = instrument
        self._path = path
        self._fair = fair
        tick = instrument.tick
        self.step = Step(tick.unit, tick.places + 1)
        """What one unit of the mark is worth."""
        self.bars = PathBars(path, self._convert)
        kind = instrument.inst_type
        self._type = "MARGIN" if kind == "SPOT" else kind
        self._limit = _LIMITS[kind]

    def at(self, ms: int) -> int:
        """Return the mark price at a moment [tenths of a tick]."""
        return self._round(self._fair.at(self._path.at(ms), ms // HOUR_MS))

    def row(self, ms: int) -> dict[str, Any]:
        """Return the ``mark-price`` row of a moment."""
        return {
            "instType": self._type,
            "instId": self._instrument.inst_id,
            "markPx": self.step.text(self.at(ms)),
            "ts": str(ms // STEP_MS * STEP_MS),
        }

    def limits(self, ms: int) -> tuple[int, int]:
        """Return the highest buy and the lowest sell price at a moment [ticks]."""
        mark = self.at(ms // _LIMIT_MS * _LIMIT_MS)
        away = mark * self._limit // 1000
        least = max(mark - away, _MARK_DIGITS)
        return (mark + away) // _MARK_DIGITS, -(-least // _MARK_DIGITS)

    def limit_row(self, ms: int) -> dict[str, Any]:
        """Return the ``price-limit`` row of a moment."""
        buy, sell = self.limits(ms)
        tick = self._instrument.tick
        return {
            "instType": self._instrument.inst_type,
            "instId": self._instrument.inst_id,
            "buyLmt": tick.text(buy),
            "sellLmt": tick.text(sell),
            "ts": str(ms // _LIMIT_MS * _LIMIT_MS),
            "enabled": True,
        }

    def _convert(self, prices: Prices, hour: int) -> Prices:
        return Prices(*map(self._round, fair_bar(self._fair, prices, hour)))

    @staticmethod
    def _round(fine: int) -> int:
        return (fine * _MARK_DIGITS + FINE // 2) // FINE


class IndexPrice:
    """The price of one index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.step = index.asset.tick
        """What one unit of the index is worth on the wire."""
        self._unit = self.step.units(index.asset.places)
        self.bars = PathBars(index.path, self._convert)
        self._day = DayStats(self.bars)

    def at(self, ms: int) -> int:
        """Return the index at a moment [steps of the wire]."""
        return self._round(self._index.path.at(ms), ms // HOUR_MS)

    def row(self, ms: int) -> dict[str, Any]:
        """Return the ``index-tickers`` row of a moment."""
        self.bars.now_ms = ms
        day, text = self._day.last_day(ms), self.step.text
        return {
            "instId": self._index.index_id,
            "idxPx": text(self.at(ms)),
            "open24h": text(day.open),
            "high24h": text(day.high),
            "low24h": text(day.low),
            "sodUtc0": text(self._day.opening("1Dutc", ms)),
            "sodUtc8": text(self._day.opening("1D", ms)),
            "ts": str(ms // STEP_MS * STEP_MS),
        }

    def _convert(self, prices: Prices, hour: int) -> Prices:
        return Prices(*(self._round(p, hour) for p in prices))

    def _round(self, path_price: int, hour: int) -> int:
        return (self._index.value(path_price, hour) + self._unit // 2) // self._unit
