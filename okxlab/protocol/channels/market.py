"""Trades, prices and bars of instruments."""

from __future__ import annotations

from typing import Final

from okxlab.protocol import rows
from okxlab.protocol.channels.entry import BARS, Channel

__all__ = ["MARKET", "PRICES"]

MARKET: Final = (
    Channel(
        name="tickers",
        title="last price, best prices, 24 hours; at most every 100 ms",
        path="public",
        kind="series",
        row=rows.Ticker,
        doc="order-book-trading-market-data-ws-tickers-channel",
        chart="price",
    ),
    Channel(
        name="trades",
        title="trades, rolled up by taker order and price",
        path="public",
        kind="log",
        row=rows.Trade,
        key=("inst_id", "trade_id"),
        doc="order-book-trading-market-data-ws-trades-channel",
        chart="trades",
    ),
    Channel(
        name="trades-all",
        title="trades, each match on its own",
        path="business",
        kind="log",
        row=rows.SingleTrade,
        key=("inst_id", "trade_id"),
        doc="order-book-trading-market-data-ws-all-trades-channel",
        chart="trades",
    ),
)

PRICES: Final = (
    Channel(
        name="candle",
        title="candles of traded prices",
        path="business",
        kind="bars",
        row=rows.Candle,
        key=("inst_id", "ts"),
        bars=("1s", *BARS),
        doc="order-book-trading-market-data-ws-candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="mark-price-candle",
        title="candles of the mark price",
        path="business",
        kind="bars",
        row=rows.PriceCandle,
        key=("inst_id", "ts"),
        bars=(*BARS, "1Yutc"),
        doc="public-data-websocket-mark-price-candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="index-candle",
        title="candles of an index",
        path="business",
        kind="bars",
        row=rows.PriceCandle,
        key=("inst_id", "ts"),
        bars=BARS,
        inst_id_is="index",
        doc="public-data-websocket-index-candlesticks-channel",
        chart="candles",
    ),
    Channel(
        name="mark-price",
        title="mark price, every 200 ms on change",
        path="public",
        kind="series",
        row=rows.MarkPrice,
        doc="public-data-websocket-mark-price-channel",
        chart="price",
    ),
    Channel(
        name="index-tickers",
        title="index price, every 100 ms on change",
        path="public",
        kind="series",
        row=rows.IndexTicker,
        inst_id_is="index",
        doc="public-data-websocket-index-tickers-channel",
        chart="price",
    ),
    Channel(
        name="funding-rate",
        title="funding rate of a swap, every 30 to 90 s",
        path="public",
        kind="series",
        row=rows.FundingRate,
        inst_types=("SWAP", "FUTURES"),
        doc="public-data-websocket-funding-rate-channel",
        chart="funding",
    ),
    Channel(
        name="open-interest",
        title="open interest, every 3 s on change",
        path="public",
        kind="series",
        row=rows.OpenInterest,
        inst_types=("SWAP", "FUTURES", "OPTION", "EVENTS"),
        doc="public-data-websocket-open-interest-channel",
        chart="open-interest",
    ),
    Channel(
        name="price-limit",
        title="highest buy and lowest sell price, every 200 ms on change",
        path="public",
        kind="series",
        row=rows.PriceLimit,
        doc="public-data-websocket-price-limit-channel",
        chart="price",
    ),
    Channel(
        name="estimated-price",
        title="price of a delivery, exercise or settlement, in the half-hour before",
        path="public",
        kind="series",
        row=rows.EstimatedPrice,
        required=("instType",),
        either=("instId", "instFamily"),
        inst_types=("FUTURES", "OPTION", "SWAP", "EVENTS"),
        key=("inst_id", "settle_type"),
        doc="public-data-websocket-estimated-delivery-exercise-settlement-price-channel",
        chart="price",
    ),
    Channel(
        name="call-auction-details",
        title="price and size of a call auction, every second while it lasts",
        path="public",
        kind="series",
        row=rows.CallAuction,
        doc="order-book-trading-market-data-ws-call-auction-details-channel",
        chart="price",
    ),
)
