"""Block trades: those of the market, and one's own requests, quotes and trades."""

from __future__ import annotations

from typing import Final

from okxlab.protocol import rows
from okxlab.protocol.channels.entry import Channel

__all__ = ["BLOCKS"]

_PUBLIC: Final = "block-trading-websocket-public-channel-"
_PRIVATE: Final = "block-trading-websocket-private-channel-"

BLOCKS: Final = (
    Channel(
        name="public-struc-block-trades",
        title="block trades with all their legs, after 15 minutes; a row a leg",
        path="business",
        kind="log",
        row=rows.StructureTrade,
        flat=rows.BlockLeg,
        flatten=rows.lay_structures_flat,
        required=(),
        key=("block_td_id", "trade_id"),
        time="c_time",
        doc=_PUBLIC + "public-structure-block-trades-channel",
        chart="trades",
    ),
    Channel(
        name="public-block-trades",
        title="block trades in an instrument, after 15 minutes",
        path="business",
        kind="log",
        row=rows.BlockTrade,
        key=("inst_id", "trade_id"),
        doc=_PUBLIC + "public-block-trades-channel",
        chart="trades",
    ),
    Channel(
        name="block-tickers",
        title="block volume of 24 hours, on trades and every 5 minutes",
        path="business",
        kind="series",
        row=rows.BlockTicker,
        doc=_PUBLIC + "block-tickers-channel",
        chart="table",
    ),
    Channel(
        name="rfqs",
        title="own and received requests for quotes, while they are active",
        path="business",
        kind="state",
        row=rows.Rfq,
        required=(),
        login=True,
        key=("rfq_id",),
        time="u_time",
        ends_by="state",
        ends_at=("canceled", "filled", "expired", "traded_away", "failed"),
        doc=_PRIVATE + "rfqs-channel",
        chart="table",
    ),
    Channel(
        name="quotes",
        title="own and received quotes, while they are active",
        path="business",
        kind="state",
        row=rows.Quote,
        required=(),
        login=True,
        key=("quote_id",),
        time="u_time",
        ends_by="state",
        ends_at=("canceled", "filled", "expired", "failed"),
        doc=_PRIVATE + "quotes-channel",
        chart="table",
    ),
    Channel(
        name="struc-block-trades",
        title="own block trades; a row a leg",
        path="business",
        kind="log",
        row=rows.OwnBlockTrade,
        flat=rows.OwnBlockLeg,
        flatten=rows.lay_own_trades_flat,
        required=(),
        login=True,
        key=("block_td_id", "trade_id"),
        time="c_time",
        doc=_PRIVATE + "structure-block-trades-channel",
        chart="trades",
    ),
)
