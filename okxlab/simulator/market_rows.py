"""The rows of a market at any moment, as REST answers them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from okxlab.simulator.bars import BARS
from okxlab.simulator.candles import page
from okxlab.simulator.notices import instrument_row

if TYPE_CHECKING:
    from okxlab.simulator.candles import Series
    from okxlab.simulator.derived import Derived
    from okxlab.simulator.floor import Floor
    from okxlab.simulator.pit import Pit

__all__ = ["Family", "MarketRows"]

Family = Literal["candle", "mark-price-candle", "index-candle"]


class MarketRows(ABC):
    """What a market is asked for by call; how it stands is the business of the market.

    Raises
    ------
    KeyError
        From every method that takes an instId, if there is no such instrument.
    """

    now_ms: int
    """Virtual time [Unix ms]."""
    _floor: Floor

    @abstractmethod
    def first(self, channel: str, key: str) -> list[Any]:
        """Return the rows of the first push of a channel."""

    @abstractmethod
    def _places(self, channel: str, key: str) -> list[Pit] | list[Derived]:
        """Return where a channel's key is traded or priced."""

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

    def funding_rates(
        self,
        inst_id: str,
        limit: int = 400,
        *,
        after: int | None = None,
        before: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rates that were paid in the last three months, newest first.

        Parameters
        ----------
        inst_id
            A perpetual swap.
        limit
            Greatest number of rows.
        after, before
            Only payments before ``after`` or behind ``before`` [ms]; of those the
            newest.
        """
        pit = self._floor.pit(inst_id, self.now_ms)
        return [
            row
            for row in pit.funding_history(self.now_ms)
            if (after is None or int(row["fundingTime"]) < after)
            and (before is None or int(row["fundingTime"]) > before)
        ][:limit]

    def option_trades(
        self, key: str, limit: int = 100, opt_type: str | None = None
    ) -> list[dict[str, Any]]:
        """Return trades of an option or of a family of options, newest first.

        Parameters
        ----------
        key
            instId or instFamily.
        limit
            Greatest number of rows.
        opt_type
            ``"C"`` or ``"P"``; both by default.
        """
        found = [
            (trade, pit)
            for one in self._floor.live(self.now_ms, "OPTION")
            if key in {one.inst_id, one.family} and opt_type in {None, one.opt_type}
            for pit in [self._floor.pit(one.inst_id, self.now_ms)]
            for trade in islice(pit.record.newest(), limit)
        ]
        found.sort(key=lambda each: each[0].ms, reverse=True)
        return [pit.option_trade(trade) for trade, pit in found[:limit]]

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

    def full_book(self, inst_id: str, depth: int = 5000) -> dict[str, Any]:
        """Return the whole order book as ``market/books-full`` has it.

        Levels are price, size and number of orders; as many as there are.
        """
        return self._floor.pit(inst_id, self.now_ms).window.full(depth)

    def rpi_book(self, inst_id: str, depth: int = 400) -> dict[str, Any]:
        """Return the order book with RPI orders, otherwise as `book`."""
        return self._floor.pit(inst_id, self.now_ms).window.snapshot(depth, is_rpi=True)

    def book_text(self, inst_id: str) -> str:
        """Return the text that a legacy checksum of `book` covers.

        Up to 25 levels a side, ``bid:size:ask:size:...``, as sent.
        """
        return self._floor.pit(inst_id, self.now_ms).window.text()

    def _only(self, channel: str, inst_id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.first(channel, inst_id)[0]
        return row

    def _series(self, inst_id: str, bar: str, family: str) -> Series:
        if bar not in BARS[family]:
            raise KeyError(bar)
        (place,) = self._places(family, inst_id)
        return place.series_at(self.now_ms)
