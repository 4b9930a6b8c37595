"""One's own orders: plain ones and algo orders."""

from __future__ import annotations

from typing import Final

from okxlab.protocol import rows
from okxlab.protocol.channels.entry import INST_TYPES, Channel

__all__ = ["ORDERS"]

_TRADE: Final = "order-book-trading-trade-ws-"
_ALGO: Final = "order-book-trading-algo-trading-ws-"

ORDERS: Final = (
    Channel(
        name="orders",
        title="own open orders, on change",
        path="private",
        kind="state",
        row=rows.Order,
        required=("instType",),
        optional=("instFamily", "instId"),
        inst_types=(*INST_TYPES, "ANY"),
        login=True,
        key=("ord_id",),
        time="u_time",
        ends_by="state",
        ends_at=("filled", "canceled", "mmp_canceled"),
        repeats="orders",
        rest="/api/v5/trade/orders-pending",
        doc=_TRADE + "order-channel",
        chart="table",
    ),
    Channel(
        name="fills",
        title="own fills in order books, at once",
        path="private",
        kind="log",
        row=rows.Fill,
        required=(),
        optional=("instId",),
        login=True,
        tier="VIP4",
        key=("inst_id", "trade_id"),
        repeats="fills",
        doc=_TRADE + "fills-channel",
        chart="trades",
    ),
    Channel(
        name="orders-algo",
        title="own waiting take-profit, stop-loss, trigger and chase orders",
        path="business",
        kind="state",
        row=rows.AlgoOrder,
        required=("instType",),
        optional=("instFamily", "instId"),
        inst_types=("SPOT", "MARGIN", "SWAP", "FUTURES", "ANY"),
        login=True,
        key=("algo_id",),
        time="u_time",
        ends_by="state",
        ends_at=("effective", "canceled", "order_failed"),
        doc=_ALGO + "algo-orders-channel",
        chart="table",
    ),
    Channel(
        name="algo-advance",
        title="own iceberg, TWAP and trailing orders at work",
        path="business",
        kind="state",
        row=rows.AdvanceAlgoOrder,
        required=("instType",),
        optional=("instId", "algoId"),
        inst_types=("SPOT", "MARGIN", "SWAP", "FUTURES", "ANY"),
        login=True,
        key=("algo_id",),
        time="p_time",
        opens=True,
        ends_by="state",
        ends_at=("effective", "canceled", "order_failed"),
        doc=_ALGO + "advance-algo-orders-channel",
        chart="table",
    ),
)
