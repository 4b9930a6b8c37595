"""Where one instrument is traded: its flow, its record, and what the wire is told.

The flow runs from event to event; between two events the *grid points* that fall
due are served: every 10 ms for the best bid and ask, every 100 ms for books and
tickers, every second for candles and what else is slow.  An event at a grid point
still belongs to it.  Which grid points matter follows from the flow alone, so
that a watcher sees the same rows whoever else watches, and however time is cut.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from okxlab.simulator.candles import LiveBars, split_channel
from okxlab.simulator.change import Change
from okxlab.simulator.flow import Flow
from okxlab.simulator.grid import NEVER, QUIET_MS, SLOW_MS, first_after, first_from
from okxlab.simulator.interest import Funding, OpenInterest
from okxlab.simulator.levels import BOOKS, Levels
from okxlab.simulator.marks import DayStats
from okxlab.simulator.matching import FIVE, TOP, TRADE, WINDOW, WINDOW_LEVELS
from okxlab.simulator.options import OptionRows
from okxlab.simulator.past import Past, Trade
from okxlab.simulator.paths import HOUR_MS, MINUTE_MS
from okxlab.simulator.pricing import LinearFair, OptionFair, fair_price
from okxlab.simulator.quotes import Quotes, TradeSeries
from okxlab.simulator.record import Record
from okxlab.simulator.tick_books import DEPTHS, TickBooks
from okxlab.simulator.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.pricing import Index

__all__ = ["Pit"]

_TOP_MS = 10
_GRID_MS = 100
_INTEREST_MS = 3000
_FUNDING_MS = MINUTE_MS

_SLOW = {"open-interest", "funding-rate", "opt-summary"}
_BOOKS = {"books", "books-rpi", "books5", "bbo-tbt"}


class Pit:
    """One instrument and everything that happens in it.

    Parameters
    ----------
    seed
        The market's.
    instrument, index
        What is traded, and the index it follows.
    start_ms
        When trading begins [Unix ms].
    book_text
        Whether book changes carry what a legacy checksum covers.
    """

    def __init__(
        self,
        seed: int,
        instrument: Instrument,
        index: Index,
        start_ms: int,
        *,
        book_text: bool,
    ) -> None:
        self.instrument = instrument
        self.now_ms = start_ms
        self.witnesses: tuple[Callable[[int, int], None], ...] = ()
        """Called with time [Unix ms] and reach after each event that reached the
        top of the book; they look on and leave the flow alone."""
        self._index = index
        self._key = instrument.inst_id
        self._book_text = book_text
        fair = fair_price(seed, instrument, index)
        self._quotes = Quotes(instrument)
        amounts = self._quotes.amounts
        past = Past(seed, instrument, index.path, fair, amounts, start_ms)
        self.record = Record(past, index.path, amounts, start_ms)
        self.series = TradeSeries(instrument, self.record, self._quotes)
        self._stats = DayStats(self.record)
        self.flow = Flow(seed, instrument, index.path, fair, start_ms)
        prices, sizes = self._quotes.prices, self._quotes.sizes
        levels = Levels(prices, sizes, instrument.temper.median)
        self.tick_books = TickBooks(
            instrument.inst_id, self.flow, levels, book_text=book_text
        )
        self.window = Window(
            self.flow.bids,
            self.flow.asks,
            levels,
            seq=self.flow.seq,
            ts=start_ms // _GRID_MS * _GRID_MS,
        )
        self._interest = OpenInterest(seed, instrument, amounts, start_ms)
        self._fair = fair
        self._funding: Funding | None = None
        if instrument.inst_type == "SWAP" and isinstance(fair, LinearFair):
            self._funding = Funding(instrument, fair.premium, start_ms)
        self._option: OptionRows | None = None
        if isinstance(fair, OptionFair):
            self._option = OptionRows(instrument, index, fair, self._quotes)
        self._last: tuple[Trade, int, int] | None = None
        self._watched: Counter[str] = Counter()
        self._live = LiveBars(self.series)
        self._touched = 0
        self._top_ms = 0
        self._minute_ms = start_ms // MINUTE_MS * MINUTE_MS
        # The next grid points to be served, `NEVER` where nothing is due.
        self._due_top = self._due_grid = self._due_quiet = self._due_slow = NEVER
        self._due = NEVER

    @property
    def is_watched(self) -> bool:
        """Whether any change of it has to be told."""
        return bool(self._watched or self.witnesses)

    def watch(self, channel: str, now_ms: int) -> None:
        """Tell the changes of a channel from now on, which is where it stands.

        Counted, since several keys of a channel may concern it.
        """
        assert now_ms == self.now_ms, "bring it up to now first"
        self._watched[channel] += 1
        if self._watched[channel] > 1:
            return
        if channel in DEPTHS:
            self.tick_books.watch(channel, now_ms)
        if parts := split_channel(channel):
            self.record.roll(self.now_ms)
            self._live.watch(channel, parts[1], self.now_ms)
        self._plan()

    def unwatch(self, channel: str) -> None:
        """Take back one `watch`; at the last, tell the channel no longer."""
        if self._watched[channel] > 1:
            self._watched[channel] -= 1
            return
        del self._watched[channel]
        self._live.unwatch(channel)
        self.tick_books.unwatch(channel)
        self._plan()

    def run(self, to_ms: int, out: list[Change]) -> None:
        """Let time pass up to and with a moment, and tell what is watched."""
        flow = self.flow
        ms = flow.next_ms
        while ms <= to_ms:
            if self._due < ms:
                self._serve(ms - 1, out)
            if ms >= self._minute_ms + MINUTE_MS:
                self._sample(ms)
            reach = flow.event(ms)
            if reach:
                if reach & TRADE:
                    self._trade(ms, out)
                self._touch(ms, reach)
                if self.witnesses and reach & TOP == TOP:
                    for witness in self.witnesses:
                        witness(ms, reach)
            ms = flow.next_ms
        if self._due <= to_ms:
            self._serve(to_ms, out)
        self.now_ms = to_ms

    def first(self, channel: str, now_ms: int) -> dict[str, Any] | list[str]:
        """Return the row of the first push of a channel."""
        if channel == "trades":
            last = self._last or (self.record.last_trade(), 1, self.window.seq)
            return self._quotes.rolled_up(*last)
        if channel == "trades-all":
            return self._quotes.single(self.record.last_trade())
        if channel in BOOKS:
            return self._first_book(channel, now_ms)
        if parts := split_channel(channel):
            self.record.roll(now_ms)
            return self._live.row(channel, parts[1], now_ms)
        return self._state(channel, now_ms)

    def _first_book(self, channel: str, now_ms: int) -> dict[str, Any]:
        if channel in DEPTHS:
            return self.tick_books.first(channel, now_ms)
        return self.window.snapshot(WINDOW_LEVELS, is_rpi=channel == "books-rpi")

    def series_at(self, now_ms: int) -> TradeSeries:
        """Return its candles as of now."""
        self.record.roll(now_ms)
        return self.series

    def trades(
        self, limit: int, *, below_id: int | None, below_ms: int | None
    ) -> list[dict[str, Any]]:
        """Return rows of single trades, newest first."""
        newest = self.record.newest(below_id=below_id, below_ms=below_ms)
        return [self._quotes.single(trade) for trade in islice(newest, limit)]

    def option_trade(self, trade: Trade) -> dict[str, Any]:
        """Return the row of one trade of an option as ``option-trades`` has it."""
        assert self._option, "only options have such trades"
        return self._option.trade(trade)

    def funding_history(self, ms: int) -> list[dict[str, Any]]:
        """Return the funding rates that were paid, newest first."""
        assert self._funding, "only perpetual swaps have a funding rate"
        return self._funding.history(ms)

    def _touch(self, ms: int, reach: int) -> None:
        """Note how far up an event reached, for the next grid points."""
        if self._due_grid == NEVER:
            self._due_grid = first_from(ms, _GRID_MS)
            self._due = min(self._due, self._due_grid)
        self._touched |= reach
        if reach & WINDOW:
            self.tick_books.touch(ms)
            self._due = min(self._due, self.tick_books.due)
        if reach & TOP == TOP:
            self._top_ms = ms
            if self._due_top == NEVER and "bbo-tbt" in self._watched:
                self._due_top = first_from(ms, _TOP_MS)
                self._due = min(self._due, self._due_top)

    def _plan(self) -> None:
        """Find the next grid points after what is watched has changed."""
        now, watched = self.now_ms, self._watched
        top = first_from(self._top_ms, _TOP_MS)
        self._due_top = top if "bbo-tbt" in watched and top > now else NEVER
        quiet = (now - self.window.ts) // QUIET_MS + 1
        self._due_quiet = (
            self.window.ts + quiet * QUIET_MS if watched.keys() & _BOOKS else NEVER
        )
        slow = self._live or watched.keys() & _SLOW
        self._due_slow = first_after(now, SLOW_MS) if slow else NEVER
        self._set_due()

    def _set_due(self) -> None:
        books = min(self._due_top, self._due_grid, self.tick_books.due)
        self._due = min(books, self._due_quiet, self._due_slow)

    def text(self, channel: str) -> str:
        """Return what a legacy checksum of a watched book covers; none for RPI."""
        if channel in DEPTHS:
            return self.tick_books.text(channel)
        return self.window.text() if channel == "books" else ""

    def _serve(self, upto_ms: int, out: list[Change]) -> None:
        """Serve the grid points that are due, in order of time."""
        while self._due <= upto_ms:
            ms = self._due
            if ms == self._due_top:
                self._due_top = NEVER
                self._tell("bbo-tbt", ms, out)
            if ms == self.tick_books.due:
                self.tick_books.serve(ms, out)
            if ms == self._due_grid:
                self._due_grid = NEVER
                self._turn(ms, out)
            elif ms == self._due_quiet:
                self._due_quiet += QUIET_MS
                self._repeat(ms, out)
            if ms == self._due_slow:
                self._due_slow += SLOW_MS
                self._tell_slow(ms, out)
            self._set_due()

    def _turn(self, ms: int, out: list[Change]) -> None:
        """Serve a 100 ms grid point in which the book was touched."""
        touched, self._touched = self._touched, 0
        if not touched & WINDOW:
            self.window.settle()
            return
        if self._watched.keys() & {"books", "books-rpi"}:
            is_rpi = "books-rpi" in self._watched
            self._tell_books(
                ms, *self.window.deltas(self.flow.seq, ms, is_rpi=is_rpi), out
            )
        else:
            self.window.turn(self.flow.seq, ms)
        if self._due_quiet != NEVER:
            self._due_quiet = ms + QUIET_MS
        if touched & FIVE == FIVE and "books5" in self._watched:
            self._tell("books5", ms, out)
        if touched & TOP == TOP and "tickers" in self._watched:
            self._tell("tickers", ms, out)

    def _repeat(self, ms: int, out: list[Change]) -> None:
        """Say again what a quiet book is."""
        window = self.window
        self._tell_books(
            ms, window.keep_alive(ms), window.keep_alive(ms, is_rpi=True), out
        )
        for channel in ("bbo-tbt", "books5"):
            if channel in self._watched:
                self._tell(channel, ms, out)

    def _tell_books(
        self, ms: int, plain: dict[str, Any], rpi: dict[str, Any], out: list[Change]
    ) -> None:
        if "books" in self._watched:
            text = self.window.text() if self._book_text else ""
            out.append(Change(ms, "books", self._key, [plain], "update", text))
        if "books-rpi" in self._watched:
            out.append(Change(ms, "books-rpi", self._key, [rpi], "update"))

    def _tell(self, channel: str, ms: int, out: list[Change]) -> None:
        out.append(Change(ms, channel, self._key, [self._state(channel, ms)]))

    def _tell_slow(self, ms: int, out: list[Change]) -> None:
        """Serve a full second: candles, open interest and funding."""
        self.record.roll(ms)
        for channel, row in self._live.told(ms, self.record.has_moved):
            out.append(Change(ms, channel, self._key, [row]))
        if ms % _INTEREST_MS == 0 and "open-interest" in self._watched:
            self._tell("open-interest", ms, out)
        if ms % _FUNDING_MS == 0 and "funding-rate" in self._watched:
            self._tell("funding-rate", ms, out)
        if "opt-summary" in self._watched and not self.instrument.is_expired(ms):
            family = self.instrument.family
            out.append(Change(ms, "opt-summary", family, [self.summary(ms)]))

    def summary(self, ms: int) -> dict[str, Any]:
        """Return the ``opt-summary`` row of an option as it stands now."""
        assert self._option, "only options have greeks"
        bids, asks = self.flow.bids.keys, self.flow.asks.keys
        return self._option.summary(
            ms, bids[-1] if bids else None, -asks[-1] if asks else None
        )

    def _state(self, channel: str, ms: int) -> dict[str, Any]:
        """Return the row of a channel that tells how things stand."""
        if channel == "tickers":
            self.record.roll(ms)
            best = self.window.best(1)
            return self._quotes.ticker(ms, self.record.last_trade(), best, self._stats)
        if channel == "open-interest":
            last = self.record.last_trade().tick
            return self._interest.row(ms, last, self._index.path.at(ms))
        if channel == "funding-rate":
            assert self._funding, "only perpetual swaps have a funding rate"
            return self._funding.row(ms)
        asks, bids = self.window.best(5 if channel == "books5" else 1)
        row: dict[str, Any] = {"asks": asks, "bids": bids}
        if channel == "books5":
            row["instId"] = self._key
        return {**row, "ts": str(ms), "seqId": self.flow.seq}

    def _trade(self, ms: int, out: list[Change]) -> None:
        """Record what the last event traded, and tell it."""
        flow, record, watched = self.flow, self.record, self._watched
        weigh, side, path_price = self._quotes.amounts.weigh, flow.side, flow.path_price
        total = 0
        for tick, matches in flow.fills:
            for lots in matches:
                record.add(ms, tick, lots * side, weigh(lots, tick, path_price))
                if "trades-all" in watched:
                    row = self._quotes.single(record.last_trade())
                    out.append(Change(ms, "trades-all", self._key, [row]))
                if "option-trades" in watched:
                    self._tell_option_trade(out)
            lots = sum(matches)
            total += lots
            trade = Trade(record.next_id - 1, ms, tick, lots * side)
            self._last = trade, len(matches), flow.seq
            if "trades" in watched:
                row = self._quotes.rolled_up(*self._last)
                out.append(Change(ms, "trades", self._key, [row]))
        self._interest.trade(total, flow.seq, forced=flow.liquidated)
        if flow.liquidated and "liquidation-orders" in watched:
            kind = self.instrument.inst_type
            row = self._quotes.liquidation(record.last_trade(), total)
            out.append(Change(ms, "liquidation-orders", kind, [row]))

    def _tell_option_trade(self, out: list[Change]) -> None:
        trade = self.record.last_trade()
        rows = [self.option_trade(trade)]
        wider = (self.instrument.family,)
        out.append(Change(trade.ms, "option-trades", self._key, rows, wider=wider))

    def _sample(self, ms: int) -> None:
        """Look once a minute at the premium over the index."""
        self._minute_ms = ms // MINUTE_MS * MINUTE_MS
        if self._funding and isinstance(self._fair, LinearFair):
            index = self._fair.index_at(self._index.path.at(ms), ms // HOUR_MS)
            self._funding.sample(ms, self.flow.middle(), index)
