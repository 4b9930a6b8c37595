"""What the wire is told of a spread: trades, tickers, candles, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.amounts import Amounts
from okxlab.simulator.bars import BARS
from okxlab.simulator.levels import Levels
from okxlab.simulator.quotes import TradeBars, traded
from okxlab.simulator.spreads.pricing import SpreadPrices
from okxlab.simulator.wire import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.simulator.bars import Bar
    from okxlab.simulator.levels import Level, Standing
    from okxlab.simulator.marks import DayStats
    from okxlab.simulator.past import Trade
    from okxlab.simulator.paths import Prices
    from okxlab.simulator.record import Record
    from okxlab.simulator.spreads.listing import Spread

__all__ = [
    "SPREAD_BARS",
    "SpreadAmounts",
    "SpreadLevels",
    "SpreadRows",
    "SpreadSeries",
    "bar_of",
    "wire_seq",
]

SPREAD_BARS = frozenset(BARS["candle"]) - {"1s"}
"""Bars of spread candles."""

_CANDLE = "sprd-candle"
_SEQ_BITS = 20
"""Sequence numbers of spreads have 19 digits, more than a float can hold."""
_FIRST_ID = 3_000_000_000_000_000_000
_ID_STEP = 65_536
"""Trade ids have 19 digits too, and do not grow by one."""


def bar_of(channel: str) -> str | None:
    """Return the bar of a spread candle channel; None if it is none."""
    bar = channel.removeprefix(_CANDLE)
    return bar if bar != channel and bar in SPREAD_BARS else None


def wire_seq(seq: int) -> int:
    """Return a sequence number of the flow as the wire has it."""
    return seq << _SEQ_BITS


class SpreadAmounts(Amounts):
    """Volumes of a spread: sizes only, since turnover at its price means nothing."""

    def weigh_all(self, lots: list[int], ticks: list[int], path_price: int) -> int:  # noqa: ARG002  # as told
        """Return 0, the weight of any trades."""
        return 0

    def weigh_bar(self, lots: int, prices: Prices, path_price: int) -> int:  # noqa: ARG002  # as told
        """Return 0, the weight of any bar."""
        return 0


class SpreadRows:
    """Writes the trades and tickers of one spread.

    Parameters
    ----------
    spread
        Which.
    """

    def __init__(self, spread: Spread) -> None:
        self.amounts = SpreadAmounts(spread.terms)
        self.prices = SpreadPrices(spread.terms.tick)
        self.sizes = Texts(spread.terms.lot)
        self._sprd_id = spread.sprd_id

    def trade(self, trade: Trade) -> dict[str, Any]:
        """Return the row of one match."""
        return {
            "sprdId": self._sprd_id,
            "tradeId": str(_FIRST_ID + trade.trade_id * _ID_STEP),
            "px": self.prices[trade.tick],
            "sz": self.sizes[abs(trade.lots)],
            "side": "buy" if trade.lots > 0 else "sell",
            "ts": str(trade.ms),
        }

    def ticker(
        self,
        ms: int,
        last: Trade,
        best: tuple[list[Level], list[Level]],
        stats: DayStats,
    ) -> dict[str, Any]:
        """Return the ticker row of a moment.

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
        day = stats.last_day(ms)
        return {
            "sprdId": self._sprd_id,
            **traded(self.prices, self.sizes, last, best, day),
            "vol24h": self.amounts.lots(day.lots),
            "ts": str(ms),
        }


class SpreadSeries(TradeBars):
    """Candles of the trades of one spread."""

    def __init__(self, spread: Spread, record: Record, rows: SpreadRows) -> None:
        super().__init__(spread.terms, record)
        self._rows = rows

    def write(self, bar: Bar) -> list[str]:
        """Return open, high, low, close and vol."""
        px = self._rows.prices
        lots = self._rows.amounts.lots(bar.lots)
        return [px[bar.open], px[bar.high], px[bar.low], px[bar.close], lots]


class SpreadLevels(Levels):
    """Writes the levels of a spread: three values, without a dead one."""

    def plain(self, standing: Iterable[Standing]) -> list[Level]:
        """Return price, size and number of orders of each."""
        return self.bare(standing)
