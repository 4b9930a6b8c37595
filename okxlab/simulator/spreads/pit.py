"""Where one spread is traded: its flow, its record, and what the wire is told.

As in the `pit` of an instrument, the flow runs from event to event, and between two
events the grid points that fall due are served: every 10 ms for the best prices and
for the changes of the book, every 100 ms for the best five levels and the ticker,
every second for candles.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from okxlab.simulator.candles import LiveBars
from okxlab.simulator.change import Change
from okxlab.simulator.flow import Flow
from okxlab.simulator.grid import NEVER, QUIET_MS, SLOW_MS, first_after, first_from
from okxlab.simulator.marks import DayStats
from okxlab.simulator.matching import FIVE, TOP, TRADE, WINDOW_LEVELS
from okxlab.simulator.past import Past
from okxlab.simulator.record import Record
from okxlab.simulator.spreads.rows import (
    SpreadLevels,
    SpreadRows,
    SpreadSeries,
    bar_of,
    wire_seq,
)
from okxlab.simulator.window import Window

if TYPE_CHECKING:
    from okxlab.simulator.paths import Path
    from okxlab.simulator.spreads.listing import Spread
    from okxlab.simulator.spreads.pricing import SpreadFair

__all__ = ["BOOK", "SpreadPit"]

BOOK = "sprd-books-l2-tbt"
"""The channel of the whole book."""
_BEST = "sprd-bbo-tbt"
_FIVE = "sprd-books5"
_TICKER = "sprd-tickers"
_TRADES = "sprd-public-trades"

_TOP_MS = 10
_GRID_MS = 100


class SpreadPit:
    """One spread and everything that happens in it.

    Parameters
    ----------
    seed
        The market's.
    spread, path, fair
        What is traded, the path of its asset, and the fair price made of it.
    start_ms
        When trading begins [Unix ms].
    book_text
        Whether book changes carry what a checksum covers.
    """

    def __init__(
        self,
        seed: int,
        spread: Spread,
        path: Path,
        fair: SpreadFair,
        start_ms: int,
        *,
        book_text: bool,
    ) -> None:
        self.spread = spread
        self.now_ms = start_ms
        self._key = spread.sprd_id
        self._book_text = book_text
        self._rows = SpreadRows(spread)
        past = Past(seed, spread.terms, path, fair, self._rows.amounts, start_ms)
        self.record = Record(past, path, self._rows.amounts, start_ms)
        self.series = SpreadSeries(spread, self.record, self._rows)
        self._stats = DayStats(self.record)
        self.flow = Flow(seed, spread.terms, path, fair, start_ms)
        levels = SpreadLevels(
            self._rows.prices, self._rows.sizes, spread.terms.temper.median
        )
        self.window = Window(
            self.flow.bids,
            self.flow.asks,
            levels,
            seq=wire_seq(self.flow.seq),
            ts=start_ms // _TOP_MS * _TOP_MS,
        )
        self._watched: set[str] = set()
        self._live = LiveBars(self.series)
        self._touched = 0  # how far up events reached since the last 100 ms
        self._reach = 0  # and since the last 10 ms
        # The next grid points to be served, `NEVER` where nothing is due.
        self._due_top = self._due_grid = self._due_quiet = self._due_slow = NEVER
        self._due = NEVER

    @property
    def is_watched(self) -> bool:
        """Whether any change of it has to be told."""
        return bool(self._watched)

    def watch(self, channel: str) -> None:
        """Tell the changes of a channel from now on."""
        self._watched.add(channel)
        if bar := bar_of(channel):
            self.record.roll(self.now_ms)
            self._live.watch(channel, bar, self.now_ms)
        self._plan()

    def unwatch(self, channel: str) -> None:
        """Tell the changes of a channel no longer."""
        self._watched.discard(channel)
        self._live.unwatch(channel)
        self._plan()

    def run(self, to_ms: int, out: list[Change]) -> None:
        """Let time pass up to and with a moment, and tell what is watched."""
        flow = self.flow
        ms = flow.next_ms
        while ms <= to_ms:
            if self._due < ms:
                self._serve(ms - 1, out)
            reach = flow.event(ms)
            if reach:  # no level is too deep to be shown: there are few
                if reach & TRADE:
                    self._trade(ms, out)
                self._touch(ms, reach)
            ms = flow.next_ms
        if self._due <= to_ms:
            self._serve(to_ms, out)
        self.now_ms = to_ms

    def first(self, channel: str) -> dict[str, Any] | list[str]:
        """Return the row of the first push of a channel."""
        if channel == _TRADES:
            return self._rows.trade(self.record.last_trade())
        if channel == BOOK:
            return self.window.snapshot(WINDOW_LEVELS)
        if bar := bar_of(channel):
            self.record.roll(self.now_ms)
            return self._live.row(channel, bar, self.now_ms)
        return self._state(channel, self.now_ms)

    def ticker(self) -> dict[str, Any]:
        """Return the ticker row of now."""
        return self._state(_TICKER, self.now_ms)

    def trades(self, limit: int) -> list[dict[str, Any]]:
        """Return rows of the last trades, newest first."""
        return [self._rows.trade(one) for one in islice(self.record.newest(), limit)]

    def _touch(self, ms: int, reach: int) -> None:
        """Note how far up an event reached, for the next grid points."""
        self._touched |= reach
        self._reach |= reach
        if self._due_top == NEVER:
            self._due_top = first_from(ms, _TOP_MS)
        if self._due_grid == NEVER:
            self._due_grid = first_from(ms, _GRID_MS)
        self._set_due()

    def _plan(self) -> None:
        """Find the next grid points after what is watched has changed."""
        now = self.now_ms
        quiet = (now - self.window.ts) // QUIET_MS + 1
        is_book = self._watched & {BOOK, _BEST, _FIVE}
        self._due_quiet = self.window.ts + quiet * QUIET_MS if is_book else NEVER
        self._due_slow = first_after(now, SLOW_MS) if self._live else NEVER
        self._set_due()

    def _set_due(self) -> None:
        self._due = min(self._due_top, self._due_grid, self._due_quiet, self._due_slow)

    def _serve(self, upto_ms: int, out: list[Change]) -> None:
        """Serve the grid points that are due, in order of time.

        Books in OKX's order: best prices, changes, best five.
        """
        while self._due <= upto_ms:
            ms = self._due
            if ms == self._due_top:
                self._due_top = NEVER
                self._turn(ms, out)
            if ms == self._due_grid:
                self._due_grid = NEVER
                touched, self._touched = self._touched, 0
                self._tell_if(_FIVE, touched & FIVE == FIVE, ms, out)
                self._tell_if(_TICKER, touched & TOP == TOP, ms, out)
            if ms == self._due_quiet:
                self._due_quiet += QUIET_MS
                self._repeat(ms, out)
            if ms == self._due_slow:
                self._due_slow += SLOW_MS
                self._tell_candles(ms, out)
            self._set_due()

    def _turn(self, ms: int, out: list[Change]) -> None:
        """Serve a 10 ms grid point in which the book was touched."""
        reach, self._reach = self._reach, 0
        self._tell_if(_BEST, reach & TOP == TOP, ms, out)
        seq = wire_seq(self.flow.seq)
        if BOOK in self._watched:
            self._tell_book(self.window.deltas(seq, ms)[0], ms, out)
        else:
            self.window.turn(seq, ms)
        if self._due_quiet != NEVER:
            self._due_quiet = ms + QUIET_MS

    def _repeat(self, ms: int, out: list[Change]) -> None:
        """Say again what a quiet book is."""
        self._tell_if(_BEST, True, ms, out)
        if BOOK in self._watched:
            self._tell_book(self.window.keep_alive(ms), ms, out)
        self._tell_if(_FIVE, True, ms, out)

    def _tell_book(self, row: dict[str, Any], ms: int, out: list[Change]) -> None:
        text = self.window.text() if self._book_text else ""
        out.append(Change(ms, BOOK, self._key, [row], "update", text))

    def _tell_if(self, channel: str, is_due: bool, ms: int, out: list[Change]) -> None:
        if is_due and channel in self._watched:
            out.append(Change(ms, channel, self._key, [self._state(channel, ms)]))

    def _tell_candles(self, ms: int, out: list[Change]) -> None:
        """Serve a full second."""
        self.record.roll(ms)
        for channel, row in self._live.told(ms, self.record.has_moved):
            out.append(Change(ms, channel, self._key, [row]))

    def _state(self, channel: str, ms: int) -> dict[str, Any]:
        """Return the row of a channel that tells how things stand."""
        if channel == _TICKER:
            self.record.roll(ms)
            best = self.window.best(1)
            return self._rows.ticker(ms, self.record.last_trade(), best, self._stats)
        asks, bids = self.window.best(5 if channel == _FIVE else 1)
        seq = wire_seq(self.flow.seq)
        return {"asks": asks, "bids": bids, "ts": str(ms), "seqId": seq}

    def _trade(self, ms: int, out: list[Change]) -> None:
        """Record what the last event traded, and tell it."""
        flow, record = self.flow, self.record
        for tick, matches in flow.fills:
            for lots in matches:
                record.add(ms, tick, lots * flow.side, 0)
                if _TRADES in self._watched:
                    row = self._rows.trade(record.last_trade())
                    out.append(Change(ms, _TRADES, self._key, [row]))
