"""Spreads: their market, and one's own orders and trades there."""

from __future__ import annotations

from typing import Final

from okxlab.protocol import rows
from okxlab.protocol.channels.entry import BARS, Channel

__all__ = ["SPREADS"]

_PUBLIC: Final = "spread-trading-websocket-public-channel-"
_PRIVATE: Final = "spread-trading-websocket-private-channel-"


def _top(name: str, depth: int, title: str) -> Channel:
    return Channel(
        name=name,
        title=title,
        path="business",
        kind="series",
        row=rows.SpreadBookTop,
        depth=depth,
        required=("sprdId",),
        inst_id_is="spread",
        key=("sprd_id",),
        doc=_PUBLIC + "order-book-channel",
        chart="spread" if depth == 1 else "depth",
    )


SPREADS: Final = (
    Channel(
        name="sprd-tickers",
        title="last price, best prices, 24 hours of a spread; at most every 100 ms",
        path="business",
        kind="series",
        row=rows.SpreadTicker,
        required=("sprdId",),
        inst_id_is="spread",
        key=("sprd_id",),
        doc=_PUBLIC + "tickers-channel",
        chart="price",
    ),
    Channel(
        name="sprd-public-trades",
        title="trades of a spread",
        path="business",
        kind="log",
        row=rows.SpreadTrade,
        required=("sprdId",),
        inst_id_is="spread",
        key=("sprd_id", "trade_id"),
        doc=_PUBLIC + "public-trades-channel",
        chart="trades",
    ),
    _top("sprd-books5", 5, "best five levels a side of a spread, every 100 ms"),
    _top("sprd-bbo-tbt", 1, "best bid and ask of a spread, every 10 ms on change"),
    Channel(
        name="sprd-books-l2-tbt",
        title="order book of a spread, 400 levels a side, changes every 10 ms",
        path="business",
        kind="book",
        row=rows.SpreadBookUpdate,
        required=("sprdId",),
        inst_id_is="spread",
        key=("sprd_id",),
        doc=_PUBLIC + "order-book-channel",
        chart="depth",
        instead="okxlab.book(sprd_id, channel='sprd-books-l2-tbt')",
    ),
    Channel(
        name="sprd-candle",
        title="candles of a spread",
        path="business",
        kind="bars",
        row=rows.SpreadCandle,
        required=("sprdId",),
        inst_id_is="spread",
        key=("sprd_id", "ts"),
        bars=BARS,
        doc=_PUBLIC + "candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="sprd-orders",
        title="own open orders of spreads, on change",
        path="business",
        kind="state",
        row=rows.SpreadOrder,
        required=(),
        optional=("sprdId",),
        inst_id_is="spread",
        login=True,
        key=("ord_id",),
        time="u_time",
        ends_by="state",
        ends_at=("filled", "canceled"),
        doc=_PRIVATE + "order-channel",
        chart="table",
    ),
    Channel(
        name="sprd-trades",
        title="own trades of spreads, filled or rejected",
        path="business",
        kind="log",
        row=rows.SpreadFill,
        required=(),
        optional=("sprdId",),
        inst_id_is="spread",
        login=True,
        key=("trade_id", "ord_id", "state"),
        doc=_PRIVATE + "trades-channel",
        chart="trades",
    ),
)
