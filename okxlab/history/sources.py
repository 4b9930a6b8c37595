"""The sources there are: bars, trades and payments of funding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from okxlab.errors import ChannelError
from okxlab.history.bars import bar_ms, check_bar, is_even
from okxlab.history.calls import (
    CANDLE_LIMITS,
    HISTORY_TRADES_LIMIT,
    RECENT_BARS,
    TRADES_LIMIT,
)
from okxlab.history.source import Page, Source
from okxlab.protocol.rows import Candle, FundingRate, PriceCandle, SingleTrade, Trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.history.calls import MarketCalls
    from okxlab.protocol.channels import Channel

__all__ = [
    "BarSource",
    "FundingSource",
    "TradeSource",
    "as_rows_of",
    "check_history",
    "has_history",
    "make_source",
]

_TRADES: Final = ("trades", "trades-all")
_FUNDING: Final = "funding-rate"
_FUNDING_MS: Final = 8 * 3_600_000
"""Funding is paid every 8 hours, of some instruments more often [ms]."""
_FAR: Final = 1 << 62


class BarSource(Source):
    """Bars of traded, mark or index prices; a place is an opening time [Unix ms].

    Parameters
    ----------
    calls, entry, inst_id
        As in `Source`.
    """

    def __init__(self, calls: MarketCalls, entry: Channel, inst_id: str) -> None:
        self.row = Candle if entry.family == "candle" else PriceCandle
        self._bar_ms = self._longest_ms = bar_ms(entry.bar)
        if not is_even(entry.bar):
            self._longest_ms = self._bar_ms * 31 // 28  # months of 31 days
        step = CANDLE_LIMITS[entry.family] * self._bar_ms
        super().__init__(calls, entry, inst_id, step)

    async def stretch(  # noqa: D102  # inherited
        self, start_ms: int | None, end_ms: int, rows: int | None
    ) -> tuple[int, int]:
        if start_ms is None:
            assert rows is not None, "a stretch has a start or a number of rows"
            start_ms = end_ms - rows * self._longest_ms
        return start_ms, end_ms

    async def fetch(self, page: Page, now_ms: int) -> list[Any]:  # noqa: D102
        rows = await self.calls.candles(
            self.entry.family,
            self.inst_id,
            self.entry.bar,
            after=page.high,
            before=_just_before(page.low),
            recent=self._is_recent(page, now_ms),
        )
        return self.in_page(list(rows), page)

    def is_whole(self, page: Page, rows: list[Any], now_ms: int) -> bool:  # noqa: D102
        return (
            page.high <= now_ms
            and is_even(self.entry.bar)
            and len(rows) * self._bar_ms == page.high - page.low
            and all(row.confirm is True for row in rows)
        )

    def pages(self, low: int, high: int) -> Iterator[Page]:  # noqa: D102
        if is_even(self.entry.bar):
            yield from super().pages(low, high)
            return
        # Months are never kept on disk: they need no grid, only what was asked for.
        while high > low:
            yield Page(max(high - self.step, low), high)
            high -= self.step

    def place(self, row: Any) -> int:  # noqa: D102
        return row.ts if isinstance(row.ts, int) else -_FAR

    def missing(self, rows: list[Any]) -> int:  # noqa: D102
        if not rows or not is_even(self.entry.bar):
            return 0
        span = (rows[-1].ts - rows[0].ts) // self._bar_ms
        return int(span + 1 - len(rows))

    def is_cut(self, rows: list[Any], start_ms: int) -> bool:  # noqa: D102
        return not rows or rows[0].ts - start_ms >= self._longest_ms

    def most(self, low: int, high: int) -> int:  # noqa: D102
        return -((low - high) // self._bar_ms)

    def _is_recent(self, page: Page, now_ms: int) -> bool:
        """Tell whether the call for recent bars has the whole page."""
        if self.entry.bar == "1s":
            return False
        # One bar less, for what passes between the question and the answer.
        return page.low > now_ms - (RECENT_BARS - 1) * self._bar_ms or (
            self.entry.bar.startswith("3M") and self.entry.family != "candle"
        )


class TradeSource(Source):
    """Single trades; a place is a trade id.

    Parameters
    ----------
    calls, entry, inst_id
        As in `Source`.  Of the channel ``trades`` each row is an aggregate of
        one match.
    """

    def __init__(self, calls: MarketCalls, entry: Channel, inst_id: str) -> None:
        self.row = SingleTrade
        super().__init__(calls, entry, inst_id, HISTORY_TRADES_LIMIT)
        self._is_cut = False

    async def stretch(  # noqa: D102  # inherited
        self, start_ms: int | None, end_ms: int, rows: int | None
    ) -> tuple[int, int]:
        newest = await self._id_before(end_ms)
        if newest is None:
            return 0, 0
        if start_ms is None:
            assert rows is not None, "a stretch has a start or a number of rows"
            return max(newest + 1 - rows, 0), newest + 1
        before = await self._id_before(start_ms)
        if before is None:
            self._is_cut = True
            before = await self._oldest(newest) - 1
        return before + 1, newest + 1

    async def fetch(self, page: Page, now_ms: int) -> list[Any]:  # noqa: D102, ARG002
        rows = await self.calls.history_trades(
            self.inst_id,
            after=page.high,
            before=_just_before(page.low),
            limit=page.high - page.low,
        )
        return self.in_page(rows, page)

    async def recent(self) -> list[Any]:  # noqa: D102  # inherited
        return await self.calls.trades(self.inst_id, TRADES_LIMIT)

    def is_whole(self, page: Page, rows: list[Any], now_ms: int) -> bool:  # noqa: D102, ARG002
        return len(rows) == page.high - page.low

    def place(self, row: Any) -> int:  # noqa: D102
        return int(row.trade_id)

    def missing(self, rows: list[Any]) -> int:  # noqa: D102
        if not rows:
            return 0
        return int(rows[-1].trade_id) - int(rows[0].trade_id) + 1 - len(rows)

    def is_cut(self, rows: list[Any], start_ms: int) -> bool:  # noqa: D102, ARG002
        return self._is_cut or not rows

    async def _id_before(self, ms: int) -> int | None:
        """Return the id of the last trade before a time; None if none is kept."""
        rows = await self.calls.history_trades(self.inst_id, after=ms, by="ts", limit=1)
        return int(rows[-1].trade_id) if rows else None

    async def _oldest(self, newest: int) -> int:
        """Return the oldest id that is kept, or one less than a page before it."""
        reach = self.step
        while await self._has_older(newest - reach):
            reach *= 2
        # Kept: what is newer than newest - kept; gone: what is older than the other.
        kept, gone = reach // 2, reach
        while gone - kept > self.step:
            middle = (kept + gone) // 2
            if await self._has_older(newest - middle):
                kept = middle
            else:
                gone = middle
        return max(newest - gone, 0)

    async def _has_older(self, trade_id: int) -> bool:
        if trade_id <= 0:
            return False
        return bool(
            await self.calls.history_trades(self.inst_id, after=trade_id, limit=1)
        )


class FundingSource(Source):
    """Payments of funding; a place is the time of one [Unix ms].

    Parameters
    ----------
    calls, entry, inst_id
        As in `Source`.
    """

    def __init__(self, calls: MarketCalls, entry: Channel, inst_id: str) -> None:
        self.row = FundingRate
        # Three months are all there is: one page, asked for in some answers.
        super().__init__(calls, entry, inst_id, _FAR)

    async def stretch(  # noqa: D102  # inherited
        self, start_ms: int | None, end_ms: int, rows: int | None
    ) -> tuple[int, int]:
        if start_ms is None:
            assert rows is not None, "a stretch has a start or a number of rows"
            start_ms = end_ms - rows * _FUNDING_MS
        return start_ms, end_ms

    def pages(self, low: int, high: int) -> Iterator[Page]:  # noqa: D102
        yield Page(low, high)

    async def fetch(self, page: Page, now_ms: int) -> list[Any]:  # noqa: D102, ARG002
        rows: list[Any] = []
        after = page.high
        while True:
            more = await self.calls.funding_rates(
                self.inst_id, after=after, before=_just_before(page.low)
            )
            older = [row for row in more if page.low <= self.place(row) < after]
            if not older:
                return self.in_page(rows, page)
            rows += older
            after = self.place(older[0])

    def is_whole(self, page: Page, rows: list[Any], now_ms: int) -> bool:  # noqa: D102, ARG002
        return False

    def place(self, row: Any) -> int:  # noqa: D102
        return row.ts if isinstance(row.ts, int) else -_FAR

    def missing(self, rows: list[Any]) -> int:  # noqa: D102, ARG002
        return 0

    def is_cut(self, rows: list[Any], start_ms: int) -> bool:  # noqa: D102
        return not rows or rows[0].ts - start_ms > _FUNDING_MS

    def most(self, low: int, high: int) -> int:  # noqa: D102
        return (high - low) // 3_600_000 + 1


def _just_before(place: int) -> int | None:
    """Return what ``before`` has to be for a stretch that begins with a place."""
    return place - 1 if place > 0 else None


def has_history(entry: Channel) -> bool:
    """Tell whether REST has what a channel brought in the past."""
    try:
        check_history(entry)
    except ChannelError:
        return False
    return True


def check_history(entry: Channel) -> None:
    """Refuse a channel whose past REST does not have.

    Parameters
    ----------
    entry
        The channel.

    Raises
    ------
    ChannelError
        If there is no history of it; with what there is.
    """
    if entry.name in (*_TRADES, _FUNDING):
        return
    if entry.family not in CANDLE_LIMITS:
        raise ChannelError(
            f"OKX keeps no history of channel {entry.name!r}; it has that of "
            f"candles, mark-price-candles, index-candles, trades and funding-rate"
        )
    check_bar(entry.family, entry.bar)


def make_source(calls: MarketCalls, entry: Channel, inst_id: str) -> Source:
    """Return the source of a channel's past.

    Parameters
    ----------
    calls, entry, inst_id
        As in `Source`.

    Raises
    ------
    ChannelError
        If REST has no history of the channel.
    """
    check_history(entry)
    if entry.name in _TRADES:
        return TradeSource(calls, entry, inst_id)
    if entry.name == _FUNDING:
        return FundingSource(calls, entry, inst_id)
    return BarSource(calls, entry, inst_id)


def as_rows_of(entry: Channel, rows: list[Any]) -> list[Any]:
    """Return rows of a source as those of a channel.

    Parameters
    ----------
    entry
        The channel; of ``trades`` each row becomes an aggregate of one match.
    rows
        Rows of its source.
    """
    if entry.name != "trades":
        return rows
    return [
        Trade(
            ts=row.ts,
            inst_id=row.inst_id,
            trade_id=row.trade_id,
            px=row.px,
            sz=row.sz,
            side=row.side,
            count=1,
            source=row.source,
        )
        for row in rows
    ]
