"""What an instrument has lived through since the start: its trades and its bars.

Trades and minute bars are kept in columns of 64-bit integers, so that days of
virtual time fit into some megabytes.  `Record` joins them to the generated
history of `past` without a seam: the minute in which the market starts holds
trades of both.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from okxlab.simulator.bars import Bar, flat, join, joined
from okxlab.simulator.grid import SLOW_MS
from okxlab.simulator.past import Past, Trade
from okxlab.simulator.paths import HOUR_MS, MINUTE_MS, Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.simulator.amounts import Amounts

__all__ = ["Record"]

_MOST_TRADES = 80_000
"""Live trades kept of one instrument; a quarter goes when there are more."""
_MOST_MINUTES = 31 * 1440
"""Live minute bars kept of one instrument; hours are kept for good."""


class Record:
    """Trades and bars of one instrument, past and present.

    Parameters
    ----------
    past
        Its history before the start.
    path, amounts
        The path of its asset, and how its turnover is counted.
    start_ms
        When history ended [Unix ms].
    """

    def __init__(self, past: Past, path: Path, amounts: Amounts, start_ms: int) -> None:
        self._past = past
        self._path = path
        self._amounts = amounts
        self._start_ms = start_ms
        self._first_minute = start_ms // MINUTE_MS
        self._first_hour = start_ms // HOUR_MS
        self._closed = array("q")
        self._gone = 0
        self._hours: list[Bar] = []
        self._bar = past.minute(self._first_minute)
        self._ms = array("q")
        self._ticks = array("q")
        self._lots = array("q")
        self.current = self._first_minute
        """The minute since the epoch that is still open."""
        self.next_id = past.next_id
        """The id of the next trade."""

    @property
    def last_ms(self) -> int:
        """Time of the last live trade [Unix ms]; 0 if there was none."""
        return self._ms[-1] if self._ms else 0

    def has_moved(self, ms: int) -> bool:
        """Tell whether there was a live trade in the second before a moment."""
        return self.last_ms > ms - SLOW_MS

    def add(self, ms: int, tick: int, lots: int, weight: int) -> None:
        """Add one match.

        Parameters
        ----------
        ms, tick, lots
            As in `Trade`: negative lots if the taker sold.
        weight
            Its weight in turnover, see `amounts`.
        """
        if ms // MINUTE_MS != self.current:
            self.roll(ms)
        self._ms.append(ms)
        self._ticks.append(tick)
        self._lots.append(lots)
        self.next_id += 1
        bar, size = self._bar, abs(lots)
        if not bar.lots:
            self._bar = Bar(tick, tick, tick, tick, size, weight)
        else:
            self._bar = Bar(
                bar.open,
                max(tick, bar.high),
                min(tick, bar.low),
                tick,
                bar.lots + size,
                bar.weight + weight,
            )
        if len(self._ms) > _MOST_TRADES:
            self._forget_trades()

    def roll(self, ms: int) -> None:
        """Close every minute that was over at a moment."""
        while self.current < ms // MINUTE_MS:
            self._closed.extend(self._bar)
            self.current += 1
            if self.current % 60 == 0:
                self._close_hour()
            self._bar = flat(self._bar.close)

    def minute(self, minute: int) -> Bar:
        """Return the bar of a minute since the epoch, so far if it is not over."""
        if minute < self._first_minute:
            return self._past.minute(minute)
        if minute >= self.current:
            return self._bar
        at = (minute - self._first_minute - self._gone) * len(Bar._fields)
        return Bar(*self._closed[at : at + len(Bar._fields)])

    def hour(self, hour: int) -> Bar:
        """Return the bar of an hour since the epoch, which is over."""
        if hour < self._first_hour:
            return self._past.hour(hour)
        return self._hours[hour - self._first_hour]

    def day(self, day: int) -> Bar:
        """Return the bar of a UTC day since the epoch, which is over."""
        if day * 24 + 24 <= self._first_hour:
            return self._past.day(day)
        return joined(self.hour(h) for h in range(day * 24, day * 24 + 24))

    def has_minutes(self, start_ms: int, end_ms: int) -> bool:
        """Tell whether whole minutes from one moment to another can be given."""
        hours = start_ms % HOUR_MS == 0 and end_ms % HOUR_MS == 0
        minute = start_ms // MINUTE_MS
        oldest = self._first_minute + self._gone
        return hours or minute < self._first_minute or minute >= oldest

    def has_trades(self, start_ms: int) -> bool:
        """Tell whether the trades from a moment on are still kept."""
        forgot = self.next_id - len(self._ms) > self._past.next_id
        return not forgot or start_ms < self._start_ms or start_ms > self._ms[0]

    def last_trade(self) -> Trade:
        """Return the newest trade."""
        return next(self.newest())

    def newest(
        self, *, below_id: int | None = None, below_ms: int | None = None
    ) -> Iterator[Trade]:
        """Yield trades, newest first, into the history before the start.

        Parameters
        ----------
        below_id, below_ms
            Only trades with a smaller id, or before this moment [Unix ms].
        """
        first = self.next_id - len(self._ms)
        upto = len(self._ms)
        if below_id is not None:
            upto = min(max(below_id - first, 0), upto)
        if below_ms is not None:
            upto = min(bisect_left(self._ms, below_ms), upto)
        for i in range(upto - 1, -1, -1):
            yield self._trade(i)
        if first == self._past.next_id:  # else what lies between is forgotten
            yield from self._older(below_id, below_ms)

    def short(self, start_ms: int, end_ms: int) -> Bar:
        """Return the bar of a stretch within a minute, made of its trades."""
        if end_ms <= self._start_ms:
            return self._past.short(start_ms, end_ms)
        i, j = bisect_left(self._ms, start_ms), bisect_left(self._ms, end_ms)
        if i < j:
            live = self._bar_of(i, j)
        elif i:
            live = flat(self._ticks[i - 1])
        else:
            live = flat(self._past.short(self._start_ms - 1, self._start_ms).close)
        if start_ms >= self._start_ms:
            return live
        return join(self._past.short(start_ms, self._start_ms), live)

    def _bar_of(self, i: int, j: int) -> Bar:
        """Return the bar of some live trades, at least one."""
        ticks = self._ticks[i:j].tolist()
        lots = list(map(abs, self._lots[i:j]))
        path_price = self._path.at(self._ms[i])
        weight = self._amounts.weigh_all(lots, ticks, path_price)
        return Bar(ticks[0], max(ticks), min(ticks), ticks[-1], sum(lots), weight)

    def _trade(self, i: int) -> Trade:
        first = self.next_id - len(self._ms)
        return Trade(first + i, self._ms[i], self._ticks[i], self._lots[i])

    def _older(self, below_id: int | None, below_ms: int | None) -> Iterator[Trade]:
        """Yield the trades before the start that have ids, newest first."""
        newest = self._first_minute
        if below_ms is not None:
            newest = min(newest, below_ms // MINUTE_MS)
        for minute in range(newest, self._past.first_minute - 1, -1):
            if below_id is not None and self._past.last_id(minute - 1) + 1 >= below_id:
                continue
            for trade in reversed(self._past.trades(minute)):
                if (below_id is None or trade.trade_id < below_id) and (
                    below_ms is None or trade.ms < below_ms
                ):
                    yield trade

    def _close_hour(self) -> None:
        last = self.current
        self._hours.append(joined(self.minute(m) for m in range(last - 60, last)))
        spare = len(self._closed) // len(Bar._fields) - _MOST_MINUTES
        if spare > 0:
            del self._closed[: spare * len(Bar._fields)]
            self._gone += spare

    def _forget_trades(self) -> None:
        for column in (self._ms, self._ticks, self._lots):
            del column[: _MOST_TRADES // 4]
