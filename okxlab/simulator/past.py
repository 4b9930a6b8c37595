"""What happened in an instrument before the market started: generated history.

History has no order book.  It is drawn from coarse to fine like the `paths` that
it follows: a day's hours have a volume and a number of trades, an hour's minutes
share them, and a minute's trades share its own, reach its high and its low and
begin and end at its open and close.  So bars of all lengths and the single trades
agree with one another, whatever is asked for first.

Only turnover is rounded: a minute whose trades can still be asked for by id has
exactly that of its trades, an older one its volume at its mean price, and hours
older than two days theirs at their own mean price.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from okxlab.simulator.bars import Bar, flat, joined
from okxlab.simulator.draws import SIZES, SWELL, shares, source
from okxlab.simulator.paths import (
    HOUR_MS,
    MINUTE_MS,
    MOST_DAYS,
    STEP_MS,
    Path,
    Prices,
    remember,
)

if TYPE_CHECKING:
    from okxlab.simulator.amounts import Amounts
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.pricing import Fair

__all__ = ["Past", "Trade"]

_FEWEST = 4
"""Trades a minute at least: one each for open, high, low and close."""
_KEPT_MINUTES = 300
"""Minutes whose trades have ids at most."""
_KEPT_TRADES = 4000
"""Trades that have ids, at about the usual rate."""
_BUSY = 60
"""Trades a minute from which each follows the path, not only the bar."""
_FINE_HOURS = 48
"""Hours before the start whose turnover is that of their minutes."""
_FIRST_ID_MS = 1_577_000_000_000
"""When ids began [Unix ms], some days before the first listing."""
_SINGLES = 250
"""Single trades of a thousand order book events, as the live flow has them."""
_SIZE = 1050
"""Mean size of a single trade in thousandths of the median order's."""


class Trade(NamedTuple):
    """One match."""

    trade_id: int
    ms: int
    tick: int
    lots: int
    """Size, negative if the taker sold."""


class _Drawn(NamedTuple):
    """The trades of a minute, oldest first, as columns."""

    ms: list[int]
    ticks: list[int]
    lots: list[int]
    """Sizes, all positive."""
    sides: list[int]
    """1 where the taker bought, 0 where it sold."""


class _Share(NamedTuple):
    """What one stretch has of the trades of a longer one."""

    trades: int
    lots: int


class Past:
    """History of one instrument up to the start of the market.

    Parameters
    ----------
    seed
        The market's.
    instrument, path, fair, amounts
        What is traded, and how it is priced and counted.
    start_ms
        The end of this history [Unix ms].
    """

    def __init__(
        self,
        seed: int,
        instrument: Instrument,
        path: Path,
        fair: Fair,
        amounts: Amounts,
        start_ms: int,
    ) -> None:
        self._key = (seed, "past", instrument.inst_id)
        self._path = path
        self._fair = fair
        self._amounts = amounts
        self._start_ms = start_ms
        self._temper = instrument.temper
        self._least = instrument.least
        self._hourly = 3600 * _SINGLES * 1000 // max(self._temper.mean_us, 1)
        self._mean_lots = max(self._temper.median * _SIZE // 1000, self._least + 1)
        self._shares: dict[int, list[_Share]] = {}
        self._hours: dict[int, list[Bar]] = {}
        self._fine_hours: dict[int, Bar] = {}
        self._days: dict[int, Bar] = {}
        self._splits: dict[int, tuple[list[int], list[int]]] = {}
        self._trades: dict[int, _Drawn] = {}
        self._last_ids: list[int] = []
        kept = min(_KEPT_TRADES * 60 // self._hourly + 5, _KEPT_MINUTES)
        self.first_minute = start_ms // MINUTE_MS - kept
        """The first minute whose trades have ids."""
        self.next_id = (start_ms - _FIRST_ID_MS) * _ids_an_hour(self._hourly) // HOUR_MS
        """The id of the first trade after the start: it grows faster than trades do."""

    def minute(self, minute: int) -> Bar:
        """Return the bar of a minute since the epoch; of the last, up to the start."""
        if (minute + 1) * MINUTE_MS > self._start_ms:
            return self.short(minute * MINUTE_MS, self._start_ms)
        return self._minutes(minute // 60)[minute % 60]

    def hour(self, hour: int) -> Bar:
        """Return the bar of an hour since the epoch that was over at the start."""
        if hour < self._start_ms // HOUR_MS - _FINE_HOURS:
            return self._coarse_hour(hour)
        kept = self._fine_hours.get(hour)
        if kept is None:
            whole = joined(self._minutes(hour))
            kept = remember(self._fine_hours, hour, whole, _FINE_HOURS)
        return kept

    def day(self, day: int) -> Bar:
        """Return the bar of a UTC day that was over at the start."""
        kept = self._days.get(day)
        if kept is None:
            whole = joined(self.hour(h) for h in range(day * 24, day * 24 + 24))
            kept = remember(self._days, day, whole, MOST_DAYS)
        return kept

    def short(self, start_ms: int, end_ms: int) -> Bar:
        """Return the bar of a stretch within a minute, as far as it is past."""
        minute = start_ms // MINUTE_MS
        drawn = self._drawn(minute)
        i, j = bisect_left(drawn.ms, start_ms), bisect_left(drawn.ms, end_ms)
        if i == j:
            return flat(drawn.ticks[i - 1] if i else self.minute(minute - 1).close)
        return self._bar_of(minute, drawn.ticks[i:j], drawn.lots[i:j])

    def trades(self, minute: int) -> list[Trade]:
        """Return the trades of a minute, oldest first, none after the start.

        They have ids from `first_minute` on, and 0 before.
        """
        numbered = minute >= self.first_minute
        first = self.last_id(minute - 1) + 1 if numbered else 0
        return [
            Trade(first + i * numbered, ms, tick, lots if bought else -lots)
            for i, (ms, tick, lots, bought) in enumerate(
                zip(*self._drawn(minute), strict=True)
            )
        ]

    def last_id(self, minute: int) -> int:
        """Return the id of the last trade of a minute from `first_minute` - 1 on."""
        if not self._last_ids:
            self._last_ids = self._count_ids()
        return self._last_ids[minute - self.first_minute + 1]

    def _drawn(self, minute: int) -> _Drawn:
        kept = self._trades.get(minute)
        if kept is None:
            kept = remember(self._trades, minute, self._draw_trades(minute), 32)
        return kept

    def _count_ids(self) -> list[int]:
        """Return the last ids of `first_minute` - 1 and all minutes to the start."""
        last = self._start_ms // MINUTE_MS
        counts = [
            self._split(m // 60)[0][m % 60] for m in range(self.first_minute, last)
        ]
        counts.append(len(self._drawn(last).ms))
        ids = [self.next_id - 1]
        for count in reversed(counts):
            ids.append(ids[-1] - count)
        return ids[::-1]

    def _day_shares(self, day: int) -> list[_Share]:
        """Return how much each hour of a day traded: more where prices moved more."""
        kept = self._shares.get(day)
        if kept is None:
            draw = source(*self._key, "day", day).getrandbits
            drawn = []
            for bar in self._path.hours(day):
                # A normal hour ranges over 1.6 deviations of a 24th of a day.
                usual = bar.open * self._path.daily // 3_000_000
                lively = (bar.high - bar.low) * 70 // max(usual, 1) + 30
                lively = min(lively, 400) * SWELL[28 + draw(3)]
                trades = max(self._hourly * lively // 10_000, _FEWEST * 60)
                size = self._mean_lots * SWELL[26 + draw(4)] // 100
                drawn.append(_Share(trades, trades * max(size, self._least)))
            kept = remember(self._shares, day, drawn, 1024)
        return kept

    def _split(self, hour: int) -> tuple[list[int], list[int]]:
        """Return the number of trades and the lots of each minute of an hour."""
        kept = self._splits.get(hour)
        if kept is None:
            kept = remember(self._splits, hour, self._draw_split(hour), 64)
        return kept

    def _draw_split(self, hour: int) -> tuple[list[int], list[int]]:
        whole = self._day_shares(hour // 24)[hour % 24]
        draw = source(*self._key, "hour", hour).getrandbits
        bars = self._path.minutes(hour)
        usual = sum(b.high - b.low for b in bars) // 60 + 1
        weights = [
            (40 + 60 * (b.high - b.low) // usual) * SWELL[26 + draw(4)] for b in bars
        ]
        extra = shares(whole.trades - _FEWEST * 60, weights)
        trades = [_FEWEST + e for e in extra]
        spare = whole.lots - whole.trades * self._least
        sizes = [t * SWELL[28 + draw(3)] for t in trades]
        lots = [
            t * self._least + more
            for t, more in zip(trades, shares(spare, sizes), strict=True)
        ]
        return trades, lots

    def _minutes(self, hour: int) -> list[Bar]:
        kept = self._hours.get(hour)
        if kept is None:
            bars = self._draw_minutes(hour)
            first = hour * 60
            for i in range(max(self.first_minute - first, 0), 60):
                if (first + i + 1) * MINUTE_MS <= self._start_ms:
                    drawn = self._drawn(first + i)
                    bars[i] = self._bar_of(first + i, drawn.ticks, drawn.lots)
            kept = remember(self._hours, hour, bars, 48)
        return kept

    def _draw_minutes(self, hour: int) -> list[Bar]:
        _, lots = self._split(hour)
        path = self._path.minutes(hour)
        prices = self._ticks(path, hour)
        middles = [sum(bar) // 4 for bar in path]
        weigh = self._amounts.weigh_bar
        return [
            Bar(*p, n, weigh(n, p, middle))
            for p, n, middle in zip(prices, lots, middles, strict=True)
        ]

    def _coarse_hour(self, hour: int) -> Bar:
        path = self._path.hours(hour // 24)[hour % 24]
        lots = self._day_shares(hour // 24)[hour % 24].lots
        (prices,) = self._ticks([path], hour)
        weight = self._amounts.weigh_bar(lots, prices, sum(path) // 4)
        return Bar(*prices, lots, weight)

    def _ticks(self, bars: list[Prices], hour: int) -> list[Prices]:
        """Return bars of the path in an hour as bars of this instrument [ticks]."""
        # All at once: a long bar is made of thousands of hours.
        priced = iter(self._fair.ticks([price for bar in bars for price in bar], hour))
        rows = zip(priced, priced, priced, priced, strict=True)
        if self._fair.falls:
            return [Prices(o, high, low, c) for o, low, high, c in rows]
        return [Prices(*row) for row in rows]

    def _bar_of(self, minute: int, ticks: list[int], lots: list[int]) -> Bar:
        """Return the bar of some trades of a minute, at least one."""
        path_price = self._path.minutes(minute // 60)[minute % 60].open
        weight = self._amounts.weigh_all(lots, ticks, path_price)
        return Bar(ticks[0], max(ticks), min(ticks), ticks[-1], sum(lots), weight)

    def _draw_trades(self, minute: int) -> _Drawn:
        hour = minute // 60
        counts, lots = self._split(hour)
        count, whole = counts[minute % 60], lots[minute % 60]
        draw = source(*self._key, "minute", minute).getrandbits
        (bar,) = self._ticks([self._path.minutes(hour)[minute % 60]], hour)
        times = sorted(draw(20) * MINUTE_MS >> 20 for _ in range(count))
        if count < _BUSY:
            ticks = [bar.low + (bar.high - bar.low) * draw(8) // 255 for _ in times]
        else:
            steps = self._path.steps(minute)
            ticks = self._fair.ticks([steps[ms // STEP_MS] for ms in times], hour)
            ticks = [t + (draw(2) == 0 and t < bar.high) for t in ticks]
        _pin(ticks, bar)
        spare = whole - count * self._least
        sizes = shares(spare, [SIZES[draw(10)] for _ in range(count)])
        lots = [self._least + size for size in sizes]
        begin = minute * MINUTE_MS
        upto = bisect_left(times, self._start_ms - begin)
        return _Drawn(
            [begin + ms for ms in times[:upto]],
            ticks[:upto],
            lots[:upto],
            [draw(1) for _ in times[:upto]],
        )


def _ids_an_hour(trades: int) -> int:
    """Return more ids than an instrument of so many trades uses, even in a burst."""
    return 8 * trades + 36_000


def _pin(ticks: list[int], bar: Prices) -> None:
    """Make the prices of at least four trades begin, end, peak and bottom as told."""
    ticks[0], ticks[-1] = bar.open, bar.close
    inner = range(1, len(ticks) - 1)
    peak = max(inner, key=ticks.__getitem__)
    if max(ticks) < bar.high:
        ticks[peak] = bar.high
    if min(ticks) > bar.low:
        ticks[min((i for i in inner if i != peak), key=ticks.__getitem__)] = bar.low
