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
does, `listing` says what there is and `notices` when that changes; the `floor`
holds it all together.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from okxlab.simulator.bars import BARS
from okxlab.simulator.candles import page, split_channel
from okxlab.simulator.change import Change
from okxlab.simulator.floor import Floor
from okxlab.simulator.instruments import TYPES
from okxlab.simulator.notices import Notices, instrument_row
from okxlab.simulator.quotes import first_ms

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.simulator.candles import Series
    from okxlab.simulator.derived import Derived
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.pit import Pit
    from okxlab.simulator.wire import Step

__all__ = ["Change", "Market"]

Family = Literal["candle", "mark-price-candle", "index-candle"]

_BY_TYPE = {
    "instruments": {*TYPES, "MARGIN", "EVENTS"},
    "liquidation-orders": {"SWAP", "FUTURES", "MARGIN", "OPTION"},
}
"""Channels whose key is an instType, and the types that they have."""
_OF_ALL = {"trades", "trades-all", "tickers", "books", "books5", "bbo-tbt"}
_OF_ALL |= {"mark-price", "price-limit"}
"""Channels that every instrument has."""


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
        If fewer than one instrument is asked for, or a start before 2020, when
        nothing is listed.

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
        if start_ms < first_ms(None):
            raise ValueError(f"nothing is listed before 2020, so not at {start_ms}")
        self.seed = seed
        self.start_ms = start_ms
        self.now_ms = start_ms
        self._watched: dict[tuple[str, str], int] = {}
        self._book_text = book_text
        self._floor = Floor(seed, start_ms, instruments, book_text=book_text)
        self._notices = Notices(self._floor.listed.values())

    @property
    def floor(self) -> Floor:
        """Where it all happens; for what is made of its instruments."""
        return self._floor

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
        self._floor.run(after_ms, to_ms, out)
        kinds = {key for channel, key in self._watched if channel == "instruments"}
        self._notices.run(kinds, after_ms, to_ms, out)
        out.sort(key=attrgetter("ts"))
        return out

    def find(self, arg: Arg) -> str | None:
        """Return the instId, else the family or type, of an arg that it `knows`."""
        keys = ("instId", "instFamily", "instType")
        key = next((found for k in keys if (found := arg.get(k))), None)
        return key if key is not None and self.knows(arg.channel, key) else None

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
            return key in self._floor.indices
        one = self._floor.listed.get(key)
        if one is None or 0 < one.exp_ms <= self.now_ms:
            return False
        if channel in {"funding-rate", "open-interest"}:
            kinds = {"SWAP"} if channel == "funding-rate" else {*TYPES} - {"SPOT"}
            return one.inst_type in kinds
        return bool(family) or channel in _OF_ALL

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
        return [place.first(channel, self.now_ms)]

    def opening(self, channel: str, key: str) -> Change | None:
        """Return the first push of a channel: `first` and what goes with it."""
        rows = self.first(channel, key)
        if not rows:
            return None
        if channel != "books":
            return Change(self.now_ms, channel, key, rows)
        text = self.book_text(key) if self._book_text else ""
        return Change(self.now_ms, channel, key, rows, "snapshot", text)

    def inst_ids(self, inst_type: str | None = None) -> list[str]:
        """Return the ids of the listed instruments, of all types by default."""
        return [one.inst_id for one in self._floor.live(self.now_ms, inst_type)]

    def instrument(self, named: str | int) -> Instrument | None:
        """Return an instrument that is traded now; None if there is no such one.

        Parameters
        ----------
        named
            Its instId or, as a number, its instIdCode.
        """
        if isinstance(named, int):
            live = self._floor.live(self.now_ms)
            return next((one for one in live if one.code == named), None)
        one = self._floor.listed.get(named)
        return None if one is None or one.is_expired(self.now_ms) else one

    def pit(self, inst_id: str) -> Pit:
        """Return where an instrument is traded, brought up to now.

        What is done there must leave its flow alone.
        """
        return self._floor.pit(inst_id, self.now_ms)

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
        floor = self._floor
        derived = floor.index_price if channel == "index-tickers" else floor.mark
        return derived(key).states[channel].value(ms)

    def index_step(self, index_id: str) -> Step:
        """Return the worth of one step of an index."""
        return self._floor.indices[index_id].asset.tick

    def index_ids(self) -> list[str]:
        """Return the ids of the indices, such as ``"BTC-USDT"``."""
        return list(self._floor.indices)

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
            instrument_row(one, self.now_ms) | margin
            for one in self._floor.live(
                self.now_ms, "SPOT" if margin else inst_type, inst_family
            )
            if inst_id in {None, one.inst_id} and (one.lever or not margin)
        ]

    def tickers(
        self, inst_type: str, inst_family: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the ticker rows of one instrument type, in listing order."""
        return [
            self.ticker(one.inst_id)
            for one in self._floor.live(self.now_ms, inst_type, inst_family)
        ]

    def ticker(self, inst_id: str) -> dict[str, Any]:
        """Return the ticker row of one instrument."""
        return self._only("tickers", inst_id)

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
        rows = self._floor.pit(inst_id, self.now_ms).trades(
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
        return self._only("mark-price", inst_id)

    def mark_prices(
        self, inst_type: str, inst_family: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the mark price rows of one type; ``"MARGIN"`` for spot pairs."""
        kind = "SPOT" if inst_type == "MARGIN" else inst_type
        return [
            self.mark_price(one.inst_id)
            for one in self._floor.live(self.now_ms, kind, inst_family)
        ]

    def index_ticker(self, index_id: str) -> dict[str, Any]:
        """Return the row of one index, such as ``"BTC-USDT"``."""
        return self._only("index-tickers", index_id)

    def index_tickers(self, quote_ccy: str) -> list[dict[str, Any]]:
        """Return the rows of all indices in a quote currency, such as ``"USDT"``."""
        ending = f"-{quote_ccy}"
        return [self.index_ticker(i) for i in self._floor.indices if i.endswith(ending)]

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
        live = self._floor.live(self.now_ms, inst_type, inst_family)
        return [self.open_interest(one.inst_id) for one in live]

    def price_limit(self, inst_id: str) -> dict[str, Any]:
        """Return the highest buy and lowest sell price allowed."""
        return self._only("price-limit", inst_id)

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
        return self._floor.pit(inst_id, self.now_ms).window.snapshot(depth)

    def book_text(self, inst_id: str) -> str:
        """Return the text that a legacy checksum of `book` covers.

        Up to 25 levels a side, ``bid:size:ask:size:...``, as sent.
        """
        return self._floor.pit(inst_id, self.now_ms).window.text()

    def _only(self, channel: str, inst_id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.first(channel, inst_id)[0]
        return row

    def _places(self, channel: str, key: str) -> list[Pit] | list[Derived]:
        """Return what tells a channel."""
        if channel == "instruments":
            return []
        if channel == "liquidation-orders":
            kept = self._floor.listed.values()
            ids = [one.inst_id for one in kept if one.inst_type == key]
            return [self._floor.pit(inst_id, self.now_ms) for inst_id in ids]
        if channel.startswith("index-"):
            return [self._floor.index_price(key)]
        if channel.startswith(("mark-price", "price-limit")):
            return [self._floor.mark(key)]
        return [self._floor.pit(key, self.now_ms)]

    def _series(self, inst_id: str, bar: str, family: str) -> Series:
        if bar not in BARS[family]:
            raise KeyError(bar)
        (place,) = self._places(family, inst_id)
        return place.series_at(self.now_ms)
