"""Rows that tell what was traded: trades, candles of trades, tickers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.amounts import Amounts
from okxlab.simulator.paths import DAY_MS, MINUTE_MS
from okxlab.simulator.wire import Texts

if TYPE_CHECKING:
    from okxlab.simulator.bars import Bar
    from okxlab.simulator.instruments import Instrument
    from okxlab.simulator.marks import DayStats, PathBars
    from okxlab.simulator.past import Trade
    from okxlab.simulator.record import Record
    from okxlab.simulator.wire import Step

__all__ = ["PathSeries", "Quotes", "TradeBars", "TradeSeries", "first_ms", "traded"]

_SECONDS_KEPT = 90 * DAY_MS
"""How long OKX gives bars of a second."""
_FIRST_MS = 1_577_836_800_000
"""Where the history of an index begins: 2020-01-01."""

Level = list[str]


def first_ms(instrument: Instrument | None) -> int:
    """Return where the history of an instrument, or of an index, begins [Unix ms]."""
    return instrument.list_ms if instrument else _FIRST_MS


def traded(
    prices: Texts,
    sizes: Texts,
    last: Trade,
    best: tuple[list[Level], list[Level]],
    day: Bar,
) -> dict[str, Any]:
    """Return what a ticker tells of an instrument and of a spread alike.

    Parameters
    ----------
    prices, sizes
        Write them.
    last
        The newest trade.
    best
        Asks and bids, best first.
    day
        The last 24 hours.
    """
    (ask, *_), (bid, *_) = (side or [["", ""]] for side in best)
    return {
        "last": prices[last.tick],
        "lastSz": sizes[abs(last.lots)],
        "askPx": ask[0],
        "askSz": ask[1],
        "bidPx": bid[0],
        "bidSz": bid[1],
        "open24h": prices[day.open],
        "high24h": prices[day.high],
        "low24h": prices[day.low],
    }


class Quotes:
    """Writes the trades and tickers of one instrument.

    Parameters
    ----------
    instrument
        Which.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.amounts = Amounts(instrument)
        self.prices = Texts(instrument.tick)
        self.sizes = Texts(instrument.lot)
        self._instrument = instrument
        self._inst_id = instrument.inst_id
        self._inst_type = instrument.inst_type

    def single(self, trade: Trade) -> dict[str, Any]:
        """Return the row of one match, as ``trades-all`` and REST have it."""
        return {
            "instId": self._inst_id,
            "tradeId": str(trade.trade_id),
            "px": self.prices[trade.tick],
            "sz": self.sizes[abs(trade.lots)],
            "side": "buy" if trade.lots > 0 else "sell",
            "source": "0",
            "ts": str(trade.ms),
        }

    def rolled_up(self, trade: Trade, count: int, seq: int) -> dict[str, Any]:
        """Return the row of what one taker took at one price, as ``trades`` has it.

        Parameters
        ----------
        trade
            The last match, with the size of all of them.
        count
            How many they are.
        seq
            The sequence number of the book after them.
        """
        return {
            "instId": self._inst_id,
            "tradeId": str(trade.trade_id),
            "px": self.prices[trade.tick],
            "sz": self.sizes[abs(trade.lots)],
            "side": "buy" if trade.lots > 0 else "sell",
            "ts": str(trade.ms),
            "count": str(count),
            "source": "0",
            "seqId": seq,
        }

    def liquidation(self, last: Trade, lots: int) -> dict[str, Any]:
        """Return the ``liquidation-orders`` row of a forced taker.

        Parameters
        ----------
        last
            Its last match.
        lots
            What it traded in all.
        """
        bought = last.lots > 0
        # The position was bankrupt somewhat beyond where it could be closed.
        bankrupt = last.tick + last.tick // (250 if bought else -250)
        family = self._instrument.family
        detail = {
            "side": "buy" if bought else "sell",
            "posSide": "short" if bought else "long",
            "bkPx": self.prices[bankrupt],
            "sz": self.amounts.lots(lots),
            "bkLoss": "0",
            "ccy": "",
            "ts": str(last.ms),
        }
        return {
            "instType": self._inst_type,
            "instId": self._inst_id,
            "instFamily": family,
            "uly": family,
            "details": [detail],
        }

    def ticker(
        self,
        ms: int,
        last: Trade,
        best: tuple[list[Level], list[Level]],
        stats: DayStats,
    ) -> dict[str, Any]:
        """Return the ``tickers`` row of a moment.

        Parameters
        ----------
        ms
            When [Unix ms].
        last
            The newest trade.
        best
            Asks and bids, best first.
        stats
            Of its trades.
        """
        day, px = stats.last_day(ms), self.prices
        return {
            "instType": self._inst_type,
            "instId": self._inst_id,
            **traded(px, self.sizes, last, best, day),
            "sodUtc0": px[stats.opening("1Dutc", ms)],
            "sodUtc8": px[stats.opening("1D", ms)],
            "volCcy24h": self.amounts.currency(day.lots, day.weight),
            "vol24h": self.amounts.lots(day.lots),
            "ts": str(ms),
        }


class TradeBars:
    """Bars of the trades of one instrument or spread, behind its candles."""

    def __init__(self, instrument: Instrument, record: Record) -> None:
        self.bars = record
        self.first_ms = first_ms(instrument)
        self._record = record

    def short(self, start_ms: int, end_ms: int) -> Bar:
        """Return the bar of a stretch within a minute."""
        return self._record.short(start_ms, end_ms)

    def is_kept(self, start_ms: int, end_ms: int) -> bool:
        """Tell whether the bar of a stretch can be given at all."""
        if end_ms - start_ms < MINUTE_MS:
            return self._record.has_trades(start_ms)
        return self._record.has_minutes(start_ms, end_ms)


class TradeSeries(TradeBars):
    """Candles of the trades of one instrument."""

    def __init__(self, instrument: Instrument, record: Record, quotes: Quotes) -> None:
        super().__init__(instrument, record)
        self._quotes = quotes

    def write(self, bar: Bar) -> list[str]:
        """Return open, high, low, close, vol, volCcy and volCcyQuote."""
        px, amounts = self._quotes.prices, self._quotes.amounts
        lots, weight = bar.lots, bar.weight
        return [
            px[bar.open],
            px[bar.high],
            px[bar.low],
            px[bar.close],
            amounts.lots(lots),
            amounts.currency(lots, weight),
            amounts.quote(lots, weight),
        ]


class PathSeries:
    """Candles of a mark price or an index."""

    def __init__(self, bars: PathBars, step: Step, since_ms: int) -> None:
        self.bars = bars
        self.first_ms = since_ms
        self._prices = Texts(step)

    def write(self, bar: Bar) -> list[str]:
        """Return open, high, low and close."""
        px = self._prices
        return [px[bar.open], px[bar.high], px[bar.low], px[bar.close]]

    def short(self, start_ms: int, end_ms: int) -> Bar:
        """Refuse: there are no bars shorter than a minute."""
        raise AssertionError(f"no bar from {start_ms} to {end_ms} in this family")

    def is_kept(self, start_ms: int, end_ms: int) -> bool:
        """Tell that every bar can be given."""
        return start_ms < end_ms
