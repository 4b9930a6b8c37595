"""The simulated market: seeded, in virtual time, without clock or socket.

`Market` holds every instrument and is moved by `Market.advance` alone.  What
happened on the way comes back as `Change` objects, one for each push that a
subscriber of that channel would get, in the order in which they are due.  Only
what is watched (`Market.watch`) is turned into changes; watching never alters
what happens.

How it is made: `paths` draws the price of each underlying as a function of time,
`pricing` makes fair prices of it, `flow` and `matching` let random traders meet
around them in a `pit` for each instrument, `record` keeps what happened there and
`past` invents what happened before; `bars` and `candles` sum that up, `marks` and
`derived` tell what follows from the path alone, `window` shows books as the wire
does, `instruments` says what is listed.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from okxlab.simulator.bars import BARS
from okxlab.simulator.candles import page, split_channel
from okxlab.simulator.change import Change
from okxlab.simulator.derived import Derived, State
from okxlab.simulator.instruments import TYPES, Asset, Instrument, listing
from okxlab.simulator.marks import IndexPrice, MarkPrice
from okxlab.simulator.paths import MINUTE_MS, STEP_MS, Path
from okxlab.simulator.pit import Pit
from okxlab.simulator.pricing import Index, fair_price
from okxlab.simulator.quotes import first_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.simulator.candles import Series
    from okxlab.simulator.wire import Step

__all__ = ["Change", "Market"]

Family = Literal["candle", "mark-price-candle", "index-candle"]

_BY_TYPE = {
    "instruments": {*TYPES, "MARGIN", "EVENTS"},
    "liquidation-orders": {"SWAP", "FUTURES", "MARGIN", "OPTION"},
}
"""Channels whose key is an instType, and the types that they have."""
_OF_PIT = {"trades", "trades-all", "tickers", "books", "books5", "bbo-tbt"}
"""Channels that every instrument has in its pit."""
_SECOND_MS = 1000
_LAG_MS = 5000
"""How far pits that nobody watches may fall behind; then they catch up."""
_MARKET_SIZES = 100
"""Greatest market order in median order sizes, to be multiplied by 4 to 7."""


class Market:
    """A seeded market in virtual time.

    Parameters
    ----------
    seed
        Any integer.  The same seed and start give the same market, byte for byte.
    start_ms
        Virtual time at which live trading begins [Unix ms].  History before it
        exists.
    instruments
        How many instruments to list; at least 1.
    book_text
        Put the text that a legacy checksum covers on each ``books`` change.

    Attributes
    ----------
    now_ms
        Virtual time [Unix ms].

    Raises
    ------
    ValueError
        If fewer than one instrument is asked for.

    Notes
    -----
    Not thread-safe: one thread moves and reads it.  A method that takes an instId
    raises KeyError if there is no such instrument.
    """

    def __init__(
        self,
        seed: int,
        *,
        start_ms: int,
        instruments: int = 20,
        book_text: bool = False,
    ) -> None:
        if instruments < 1:
            raise ValueError(f"a market needs an instrument, not {instruments}")
        self.seed = seed
        self.start_ms = start_ms
        self.now_ms = start_ms
        self._book_text = book_text
        self._watched: dict[tuple[str, str], int] = {}
        self._paths: dict[str, Path] = {}
        self._indices: dict[str, Index] = {}
        listed = listing(
            start_ms, lambda one: self._path(one).at(start_ms), many=instruments
        )
        self._listed = {one.inst_id: one for one in listed}
        self._pits: dict[str, Pit] = {}
        self._marks: dict[str, Derived] = {}
        self._index_prices: dict[str, Derived] = {}
        for one in listed:
            self._index_of(one)

    def advance(self, to_ms: int) -> list[Change]:
        """Let virtual time pass.

        Parameters
        ----------
        to_ms
            The new virtual time [Unix ms]; not before `now_ms`.

        Returns
        -------
        list of Change
            Everything watched that fell due in (now_ms, to_ms], oldest first.
            Advancing in one step or in many gives the same changes.

        Raises
        ------
        ValueError
            If ``to_ms`` lies before `now_ms`.
        """
        if to_ms < self.now_ms:
            raise ValueError(f"time runs forward: {to_ms} is before {self.now_ms}")
        after_ms, self.now_ms = self.now_ms, to_ms
        out: list[Change] = []
        for i, inst_id in enumerate(self._listed):
            pit = self._pits.get(inst_id)
            if pit and pit.is_watched:
                pit.run(to_ms, out)
            elif (
                to_ms - (pit.now_ms if pit else self.start_ms) > _LAG_MS + i % 50 * 100
            ):
                self._pit(inst_id)
        for derived in (*self._marks.values(), *self._index_prices.values()):
            if derived.is_watched:
                derived.run(after_ms, to_ms, out)
        self._tell_instruments(after_ms, out)
        out.sort(key=attrgetter("ts"))
        return out

    def watch(self, channel: str, key: str) -> None:
        """Ask for the changes of one channel and instrument from now on.

        Counted: as many `unwatch` calls end it.  For ``books``, watching and
        taking `book` without an `advance` in between makes the next change
        follow that snapshot (its ``prevSeqId`` is the snapshot's ``seqId``).

        Parameters
        ----------
        channel
            Channel name as OKX spells it.
        key
            The instId (for index channels the index, such as ``"BTC-USDT"``), or
            the instType for ``instruments`` and ``liquidation-orders``.

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if not self.knows(channel, key):
            raise KeyError((channel, key))
        count = self._watched[channel, key] = self._watched.get((channel, key), 0) + 1
        if count == 1:
            for place in self._places(channel, key):
                if isinstance(place, Pit):
                    place.watch(channel)
                else:
                    place.watch(channel, self.now_ms)

    def unwatch(self, channel: str, key: str) -> None:
        """Take back one `watch`; harmless if there is none."""
        count = self._watched.pop((channel, key), 0)
        if count > 1:
            self._watched[channel, key] = count - 1
        elif count:
            for place in self._places(channel, key):
                place.unwatch(channel)

    def knows(self, channel: str, key: str) -> bool:
        """Tell whether the market has this channel for this instrument or type.

        False means that the exchange answers 60018: no such channel, no such
        instrument, or a channel that the instrument does not have (a funding
        rate of a spot pair, a candle of a bar that does not exist), or no longer.
        """
        if channel in _BY_TYPE:
            return key in _BY_TYPE[channel]
        family = (split_channel(channel) or ("", ""))[0]
        if channel == "index-tickers" or family == "index-candle":
            return key in self._indices
        one = self._listed.get(key)
        if one is None or 0 < one.exp_ms <= self.now_ms:
            return False
        if channel in {"funding-rate", "open-interest"}:
            kinds = {"SWAP"} if channel == "funding-rate" else {*TYPES} - {"SPOT"}
            return one.inst_type in kinds
        return bool(family) or channel in _OF_PIT | {"mark-price", "price-limit"}

    def first(self, channel: str, key: str) -> list[Any]:
        """Return the rows of the first push after subscribing.

        Returns
        -------
        list
            Wire rows as they stand now: the last trade for ``trades``, the current
            bar for candles, a snapshot with ``prevSeqId`` -1 for ``books``.  Empty
            where OKX sends nothing at first (``liquidation-orders``).

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if not self.knows(channel, key):
            raise KeyError((channel, key))
        if channel in _BY_TYPE:
            return self.instruments(key) if channel == "instruments" else []
        (place,) = self._places(channel, key)
        if isinstance(place, Pit):
            return place.first(channel)
        return [place.first(channel, self.now_ms)]

    def inst_ids(self, inst_type: str | None = None) -> list[str]:
        """Return the ids of the listed instruments, of all types by default."""
        return [one.inst_id for one in self._live(inst_type)]

    def instrument(self, named: str | int) -> Instrument | None:
        """Return an instrument that is traded now; None if there is no such one.

        Parameters
        ----------
        named
            Its instId or, as a number, its instIdCode.
        """
        if isinstance(named, int):
            return next((one for one in self._live() if one.code == named), None)
        one = self._listed.get(named)
        return None if one is None or 0 < one.exp_ms <= self.now_ms else one

    def pit(self, inst_id: str) -> Pit:
        """Return where an instrument is traded, brought up to now.

        What is done there must leave its flow alone.
        """
        return self._pit(inst_id)

    def value(self, channel: str, key: str, ms: int) -> object:
        """Return what follows from the path at a moment, as whole numbers.

        Parameters
        ----------
        channel
            ``"mark-price"`` [1/10 tick], ``"price-limit"`` [ticks: buy, sell] or
            ``"index-tickers"`` [steps of `index_step`].
        key
            The instrument or index.
        ms
            The moment [Unix ms].
        """
        derived = self._index_price if channel == "index-tickers" else self._mark
        return derived(key).states[channel].value(ms)

    def index_step(self, index_id: str) -> Step:
        """Return the worth of one step of an index."""
        return self._indices[index_id].asset.tick

    def index_ids(self) -> list[str]:
        """Return the ids of the indices, such as ``"BTC-USDT"``."""
        return list(self._indices)

    def instruments(
        self,
        inst_type: str,
        inst_family: str | None = None,
        inst_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return the wire rows of ``public/instruments``, in listing order.

        ``"MARGIN"`` gives the spot pairs that can be traded with leverage.
        """
        margin = {"instType": inst_type} if inst_type == "MARGIN" else {}
        return [
            self._row(one, self.now_ms) | margin
            for one in self._live("SPOT" if margin else inst_type, inst_family)
            if inst_id in {None, one.inst_id} and (one.lever or not margin)
        ]

    def tickers(
        self, inst_type: str, inst_family: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the ticker rows of one instrument type, in listing order."""
        return [self.ticker(one.inst_id) for one in self._live(inst_type, inst_family)]

    def ticker(self, inst_id: str) -> dict[str, Any]:
        """Return the ticker row of one instrument."""
        return self._pit(inst_id).ticker()

    def trades(
        self,
        inst_id: str,
        limit: int = 100,
        *,
        after: int | None = None,
        before: int | None = None,
        by: Literal["tradeId", "ts"] = "tradeId",
    ) -> list[dict[str, Any]]:
        """Return single trades, newest first, as REST and ``trades-all`` have them.

        Some thousand trades from before the start are there as well.

        Parameters
        ----------
        inst_id
            The instrument.
        limit
            Greatest number of rows.
        after
            Only trades older than this trade id or, with ``by="ts"``, this time [ms].
        before
            Only trades newer than this.  The newest page of them, as on OKX.
        by
            What ``after`` and ``before`` mean.
        """
        by_id = by == "tradeId"
        rows = self._pit(inst_id).trades(
            limit,
            below_id=after if by_id else None,
            below_ms=None if by_id else after,
        )
        return [row for row in rows if before is None or int(row[by]) > before]

    def candles(
        self,
        inst_id: str,
        bar: str = "1m",
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
        family: Family = "candle",
    ) -> list[list[str]]:
        """Return bars, newest first; the newest may still be open.

        Parameters
        ----------
        inst_id
            The instrument, or the index for ``family="index-candle"``.
        bar
            Bar name of the reference's section 3.1, ``"1s"`` to ``"3Mutc"``.
        after
            Only bars whose opening time is before this [ms].
        before
            Only bars whose opening time is after this [ms]; the newest page of them.
        limit
            Greatest number of rows.
        family
            Channel family: 9 members a row for ``candle``, 6 for the others.

        Raises
        ------
        KeyError
            If there is no such instrument, index or bar.
        """
        series = self._series(inst_id, bar, family)
        return page(series, bar, self.now_ms, after=after, before=before, limit=limit)

    def candle(
        self, inst_id: str, bar: str = "1m", family: Family = "candle"
    ) -> list[str]:
        """Return the current bar as a wire row."""
        return self.candles(inst_id, bar, limit=1, family=family)[0]

    def mark_price(self, inst_id: str) -> dict[str, Any]:
        """Return the mark price row of one instrument."""
        return self._mark(inst_id).states["mark-price"].row(self.now_ms)

    def mark_prices(
        self, inst_type: str, inst_family: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the mark price rows of one type; ``"MARGIN"`` for spot pairs."""
        kind = "SPOT" if inst_type == "MARGIN" else inst_type
        return [self.mark_price(one.inst_id) for one in self._live(kind, inst_family)]

    def index_ticker(self, index_id: str) -> dict[str, Any]:
        """Return the row of one index, such as ``"BTC-USDT"``."""
        return self._index_price(index_id).states["index-tickers"].row(self.now_ms)

    def index_tickers(self, quote_ccy: str) -> list[dict[str, Any]]:
        """Return the rows of all indices in a quote currency, such as ``"USDT"``."""
        ending = f"-{quote_ccy}"
        return [self.index_ticker(i) for i in self._indices if i.endswith(ending)]

    def funding_rate(self, inst_id: str) -> dict[str, Any]:
        """Return the funding rate row of one perpetual swap."""
        return self._only("funding-rate", inst_id)

    def open_interest(self, inst_id: str) -> dict[str, Any]:
        """Return the open interest row of one derivative."""
        return self._only("open-interest", inst_id)

    def open_interests(
        self, inst_type: str, inst_family: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the open interest rows of one type of derivatives."""
        live = self._live(inst_type, inst_family)
        return [self.open_interest(one.inst_id) for one in live]

    def price_limit(self, inst_id: str) -> dict[str, Any]:
        """Return the highest buy and lowest sell price allowed."""
        return self._mark(inst_id).states["price-limit"].row(self.now_ms)

    def book(self, inst_id: str, depth: int = 400) -> dict[str, Any]:
        """Return the order book as of the last 100 ms grid point.

        Parameters
        ----------
        inst_id
            The instrument.
        depth
            Greatest number of levels a side.

        Returns
        -------
        dict
            ``asks``, ``bids`` (best first, four strings each), ``ts``, ``checksum`` 0,
            ``prevSeqId`` -1 and ``seqId``, from which the next ``books`` change
            continues.  REST answers take ``asks, bids, ts, seqId`` of it.
        """
        return self._pit(inst_id).window.snapshot(depth)

    def book_text(self, inst_id: str) -> str:
        """Return the text that a legacy checksum of `book` covers.

        Up to 25 levels a side, ``bid:size:ask:size:...``, as sent.
        """
        return self._pit(inst_id).window.text()

    def _only(self, channel: str, inst_id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.first(channel, inst_id)[0]
        return row

    def _live(
        self, inst_type: str | None = None, inst_family: str | None = None
    ) -> Iterator[Instrument]:
        """Yield what is listed and not expired."""
        for one in self._listed.values():
            if (
                inst_type in {None, one.inst_type}
                and inst_family in {None, one.family}
                and not 0 < one.exp_ms <= self.now_ms
            ):
                yield one

    def _path(self, one: Asset) -> Path:
        path = self._paths.get(one.name)
        if path is None:
            path = Path(self.seed, one.name, one.base, one.daily)
            self._paths[one.name] = path
        return path

    def _index_of(self, one: Instrument) -> Index:
        index = self._indices.get(one.index_id)
        if index is None:
            path = self._path(one.asset)
            index = Index(self.seed, one.index_id, one.asset, path)
            self._indices[one.index_id] = index
        return index

    def _pit(self, inst_id: str) -> Pit:
        """Return the pit of an instrument, brought up to now."""
        pit = self._pits.get(inst_id)
        if pit is None:
            one = self._listed[inst_id]
            pit = self._pits[inst_id] = Pit(
                self.seed,
                one,
                self._index_of(one),
                self.start_ms,
                book_text=self._book_text,
            )
        if pit.now_ms < self.now_ms:
            pit.run(self.now_ms, [])
        return pit

    def _mark(self, inst_id: str) -> Derived:
        derived = self._marks.get(inst_id)
        if derived is None:
            one = self._listed[inst_id]
            index = self._index_of(one)
            mark = MarkPrice(one, index.path, fair_price(self.seed, one, index))
            states = {
                "mark-price": State(mark.at, mark.row, STEP_MS, 10_000),
                "price-limit": State(mark.limits, mark.limit_row, _SECOND_MS, 60_000),
            }
            derived = self._marks[inst_id] = Derived(
                inst_id,
                "mark-price-candle",
                mark.bars,
                mark.step,
                first_ms(one),
                states,
            )
        return derived

    def _index_price(self, index_id: str) -> Derived:
        derived = self._index_prices.get(index_id)
        if derived is None:
            price = IndexPrice(self._indices[index_id])
            states = {"index-tickers": State(price.at, price.row, STEP_MS, MINUTE_MS)}
            derived = self._index_prices[index_id] = Derived(
                index_id, "index-candle", price.bars, price.step, first_ms(None), states
            )
        return derived

    def _places(self, channel: str, key: str) -> list[Pit | Derived]:
        """Return what tells a channel."""
        if channel == "instruments":
            return []
        if channel == "liquidation-orders":
            ids = [one.inst_id for one in self._live(key)]
            return [self._pit(inst_id) for inst_id in ids]
        if channel.startswith("index-"):
            return [self._index_price(key)]
        if channel.startswith(("mark-price", "price-limit")):
            return [self._mark(key)]
        return [self._pit(key)]

    def _series(self, inst_id: str, bar: str, family: str) -> Series:
        if bar not in BARS[family]:
            raise KeyError(bar)
        if family == "candle":
            pit = self._pit(inst_id)
            pit.record.roll(self.now_ms)
            return pit.series
        index = family == "index-candle"
        derived = self._index_price(inst_id) if index else self._mark(inst_id)
        derived.series.bars.now_ms = self.now_ms
        return derived.series

    def _row(self, one: Instrument, ms: int) -> dict[str, Any]:
        """Return the instrument row of a moment."""
        state = "expired" if 0 < one.exp_ms <= ms else "live"
        return one.row(state, self._most_market(one, ms))

    @staticmethod
    def _most_market(one: Instrument, ms: int) -> int:
        """Return the greatest market order, set anew every ten minutes [lots]."""
        turn = (ms // MINUTE_MS + one.code) // 10
        times = 4 + ((turn * 2_654_435_761 + one.code * 40_503) >> 9 & 3)
        return max(one.temper.median * _MARKET_SIZES * times, one.least)

    def _tell_instruments(self, after_ms: int, out: list[Change]) -> None:
        """Tell every minute which instruments have changed."""
        kinds = [key for channel, key in self._watched if channel == "instruments"]
        if not kinds:
            return
        first = (after_ms // MINUTE_MS + 1) * MINUTE_MS
        for ms in range(first, self.now_ms + 1, MINUTE_MS):
            for kind in sorted(kinds):
                changed = [
                    self._row(one, ms)
                    for one in self._listed.values()
                    if one.inst_type == kind and self._changed(one, ms)
                ]
                if changed:
                    out.append(Change(ms, "instruments", kind, changed))

    def _changed(self, one: Instrument, ms: int) -> bool:
        """Tell whether an instrument row changed within the last minute."""
        before = ms - MINUTE_MS
        if one.exp_ms and ms >= one.exp_ms:
            return before < one.exp_ms
        return self._most_market(one, ms) != self._most_market(one, before)
