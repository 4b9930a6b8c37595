"""What happened in an instrument before the market started: generated history.

History has no order book.  It is drawn from coarse to fine like the `paths` that
it follows: a day's hours have a volume and a number of trades, an hour's minutes
share them, and a minute's trades share its own, reach its high and its low and
begin and end at its open and close.  So bars of all lengths and the single trades
agree with one another, whatever is asked for first.

Only turnover is rounded: a minute whose trades can still be asked for by id has
exactly that of its trades, an older one its volume at its mean price, and hours
older than two weeks theirs at their own mean price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from okxlab.simulator.bars import Bar, joined
from okxlab.simulator.draws import SIZES, SWELL, shares, source
from okxlab.simulator.paths import HOUR_MS, MINUTE_MS, STEP_MS, Path, Prices, remember
from okxlab.simulator.pricing import FINE, Fair, fair_bar

if TYPE_CHECKING:
    from okxlab.simulator.amounts import Amounts
    from okxlab.simulator.instruments import Instrument

__all__ = ["Past", "Trade"]

_FEWEST = 4
"""Trades a minute at least: one each for open, high, low and close."""
_KEPT_MINUTES = 1440
"""Minutes whose trades have ids at most."""
_KEPT_TRADES = 6000
"""Trades that have ids, at about the usual rate."""
_FINE_HOURS = 14 * 24
"""Hours before the start whose turnover is that of their minutes."""
_SINGLES = 190
"""Single trades of a thousand order book events, as the live flow has them."""
_SIZE = 1200
"""Mean size of a single trade in thousandths of the median order's."""


class Trade(NamedTuple):
    """One match."""

    trade_id: int
    ms: int
    tick: int
    lots: int
    """Size, negative if the taker sold."""


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
        self._days: dict[int, Bar] = {}
        self._splits: dict[int, tuple[list[int], list[int]]] = {}
        self._trades: dict[int, list[Trade]] = {}
        self._last_ids: list[int] = []
        kept = min(_KEPT_TRADES * 60 // self._hourly + 30, _KEPT_MINUTES)
        self.first_minute = start_ms // MINUTE_MS - kept
        """The first minute whose trades have ids."""
        self.next_id = (start_ms - 1_577_000_000_000) * self._hourly // (HOUR_MS // 4)
        """The id of the first trade after the start: it grows faster than trades do."""

    def minute(self, minute: int) -> Bar:
        """Return the bar of a minute since the epoch; of the last, up to the start."""
        if (minute + 1) * MINUTE_MS > self._start_ms:
            return self._made_of(minute, self._drawn(minute))
        return self._minutes(minute // 60)[minute % 60]

    def hour(self, hour: int) -> Bar:
        """Return the bar of an hour since the epoch that was over at the start."""
        if hour >= self._start_ms // HOUR_MS - _FINE_HOURS:
            return joined(self._minutes(hour))
        return self._coarse_hour(hour)

    def day(self, day: int) -> Bar:
        """Return the bar of a UTC day that was over at the start."""
        kept = self._days.get(day)
        if kept is None:
            whole = joined(self.hour(h) for h in range(day * 24, day * 24 + 24))
            kept = remember(self._days, day, whole, 2048)
        return kept

    def price_before(self, minute: int) -> int:
        """Return the close of the minute before."""
        return self.minute(minute - 1).close

    def trades(self, minute: int) -> list[Trade]:
        """Return the trades of a minute, oldest first, none after the start.

        They have ids from `first_minute` on, and 0 before.
        """
        drawn = self._drawn(minute)
        if minute < self.first_minute:
            return drawn
        first = self.last_id(minute - 1) + 1
        return [t._replace(trade_id=first + i) for i, t in enumerate(drawn)]

    def last_id(self, minute: int) -> int:
        """Return the id of the last trade of a minute from `first_minute` - 1 on."""
        if not self._last_ids:
            self._last_ids = self._count_ids()
        return self._last_ids[minute - self.first_minute + 1]

    def _drawn(self, minute: int) -> list[Trade]:
        kept = self._trades.get(minute)
        if kept is None:
            kept = remember(self._trades, minute, self._draw_trades(minute), 64)
        return kept

    def _count_ids(self) -> list[int]:
        """Return the last ids of `first_minute` - 1 and all minutes to the start."""
        last = self._start_ms // MINUTE_MS
        counts = [
            self._split(m // 60)[0][m % 60] for m in range(self.first_minute, last)
        ]
        counts.append(len(self._drawn(last)))
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
            _, lots = self._split(hour)
            prices = self._path.minutes(hour)
            bars = [self._bar(p, hour, n) for p, n in zip(prices, lots, strict=True)]
            first = hour * 60
            for i in range(max(self.first_minute - first, 0), 60):
                if (first + i + 1) * MINUTE_MS <= self._start_ms:
                    weight = self._made_of(first + i, self._drawn(first + i)).weight
                    bars[i] = bars[i]._replace(weight=weight)
            kept = remember(self._hours, hour, bars, 48)
        return kept

    def _coarse_hour(self, hour: int) -> Bar:
        prices = self._path.hours(hour // 24)[hour % 24]
        return self._bar(prices, hour, self._day_shares(hour // 24)[hour % 24].lots)

    def _ticks(self, prices: Prices, hour: int) -> Prices:
        fine = fair_bar(self._fair, prices, hour)
        return Prices(*((p + FINE // 2) // FINE for p in fine))

    def _bar(self, prices: Prices, hour: int, lots: int) -> Bar:
        bar = Bar(*self._ticks(prices, hour), lots)
        mean = sum(prices) // 4
        return bar._replace(weight=self._amounts.weigh_bar(bar, mean))

    def _made_of(self, minute: int, trades: list[Trade]) -> Bar:
        if not trades:
            price = self.price_before(minute)
            return Bar(price, price, price, price, 0)
        ticks = [t.tick for t in trades]
        weigh, at = self._amounts.weigh, self._path.at
        weight = sum(weigh(abs(t.lots), t.tick, at(t.ms)) for t in trades)
        lots = sum(abs(t.lots) for t in trades)
        return Bar(ticks[0], max(ticks), min(ticks), ticks[-1], lots, weight)

    def _draw_trades(self, minute: int) -> list[Trade]:
        hour = minute // 60
        counts, lots = self._split(hour)
        count, whole = counts[minute % 60], lots[minute % 60]
        draw = source(*self._key, "minute", minute).getrandbits
        bar = self._ticks(self._path.minutes(hour)[minute % 60], hour)
        times = sorted(draw(20) * MINUTE_MS >> 20 for _ in range(count))
        steps = self._path.steps(minute)
        ticks = []
        for ms in times:
            tick = (self._fair.at(steps[ms // STEP_MS], hour) + FINE // 2) // FINE
            ticks.append(min(max(tick + draw(2) // 3, bar.low), bar.high))
        _pin(ticks, bar)
        spare = whole - count * self._least
        sizes = shares(spare, [SIZES[draw(10)] for _ in range(count)])
        begin, least = minute * MINUTE_MS, self._least
        return [
            Trade(0, begin + ms, tick, (least + size) * (1 if draw(1) else -1))
            for ms, tick, size in zip(times, ticks, sizes, strict=True)
            if begin + ms < self._start_ms
        ]


def _pin(ticks: list[int], bar: Prices) -> None:
    """Make the prices of at least four trades begin, end, peak and bottom as told."""
    ticks[0], ticks[-1] = bar.open, bar.close
    inner = range(1, len(ticks) - 1)
    peak = max(inner, key=ticks.__getitem__)
    if max(ticks) < bar.high:
        ticks[peak] = bar.high
    if min(ticks) > bar.low:
        ticks[min((i for i in inner if i != peak), key=ticks.__getitem__)] = bar.low
