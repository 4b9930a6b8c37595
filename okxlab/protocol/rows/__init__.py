"""The rows of OKX's channels, as msgspec structs, a module for each topic.

A field is the snake case of OKX's key; where camel case does not round-trip the
wire name is written out.  Every field has a default, because OKX adds and drops
keys without notice.  The text below a field says what it is and in which unit:
*contracts* are the unit of derivatives' sizes and mean ``ct_val`` of
``ct_val_ccy`` each; "base" and "quote" are the two currencies of the instrument.
A struct whose fields have no such text is laid flat by a function beside it.

Source of names and units: the field tables of OKX's v5 documentation as of
2026-08-22 and frames captured between 2022 and 2026-10.
"""

from __future__ import annotations

from okxlab.protocol.rows.account import (
    Account,
    AccountGreeks,
    Balance,
    CurrencyBalance,
    lay_balances_flat,
)
from okxlab.protocol.rows.algos import AdvanceAlgoOrder, AlgoOrder
from okxlab.protocol.rows.announcements import EconomicEvent, Maintenance
from okxlab.protocol.rows.base import Row
from okxlab.protocol.rows.blocks import (
    BlockLeg,
    BlockTrade,
    OwnBlockLeg,
    OwnBlockTrade,
    Quote,
    Rfq,
    StructureTrade,
    lay_own_trades_flat,
    lay_structures_flat,
)
from okxlab.protocol.rows.books import (
    BookTop,
    BookUpdate,
    RpiBookUpdate,
    RpiLevel,
    SpreadBookTop,
    SpreadBookUpdate,
    SpreadLevel,
)
from okxlab.protocol.rows.bots import (
    ContractGrid,
    GridPosition,
    GridSubOrder,
    LeadNotice,
    RecurringBuy,
    SpotGrid,
    drop_empty,
)
from okxlab.protocol.rows.candles import Candle, PriceCandle, SpreadCandle
from okxlab.protocol.rows.funds import Deposit, Withdrawal
from okxlab.protocol.rows.instruments import EventMarket, Instrument
from okxlab.protocol.rows.liquidations import (
    AdlWarning,
    Liquidation,
    LiquidationDetail,
    LiquidationOrders,
    lay_liquidations_flat,
)
from okxlab.protocol.rows.market import (
    BlockTicker,
    CallAuction,
    EstimatedPrice,
    FundingRate,
    IndexTicker,
    MarkPrice,
    OpenInterest,
    PriceLimit,
    SingleTrade,
    Ticker,
    Trade,
)
from okxlab.protocol.rows.options import OptionSummary, OptionTrade
from okxlab.protocol.rows.orders import Fill, Order
from okxlab.protocol.rows.positions import (
    BalanceAndPosition,
    Holding,
    LiquidationWarning,
    Position,
    lay_holdings_flat,
)
from okxlab.protocol.rows.spreads import (
    SpreadFill,
    SpreadOrder,
    SpreadTicker,
    SpreadTrade,
)

__all__ = [
    "Account",
    "AccountGreeks",
    "AdlWarning",
    "AdvanceAlgoOrder",
    "AlgoOrder",
    "Balance",
    "BalanceAndPosition",
    "BlockLeg",
    "BlockTicker",
    "BlockTrade",
    "BookTop",
    "BookUpdate",
    "CallAuction",
    "Candle",
    "ContractGrid",
    "CurrencyBalance",
    "Deposit",
    "EconomicEvent",
    "EstimatedPrice",
    "EventMarket",
    "Fill",
    "FundingRate",
    "GridPosition",
    "GridSubOrder",
    "Holding",
    "IndexTicker",
    "Instrument",
    "LeadNotice",
    "Liquidation",
    "LiquidationDetail",
    "LiquidationOrders",
    "LiquidationWarning",
    "Maintenance",
    "MarkPrice",
    "OpenInterest",
    "OptionSummary",
    "OptionTrade",
    "Order",
    "OwnBlockLeg",
    "OwnBlockTrade",
    "Position",
    "PriceCandle",
    "PriceLimit",
    "Quote",
    "RecurringBuy",
    "Rfq",
    "Row",
    "RpiBookUpdate",
    "RpiLevel",
    "SingleTrade",
    "SpotGrid",
    "SpreadBookTop",
    "SpreadBookUpdate",
    "SpreadCandle",
    "SpreadFill",
    "SpreadLevel",
    "SpreadOrder",
    "SpreadTicker",
    "SpreadTrade",
    "StructureTrade",
    "Ticker",
    "Trade",
    "Withdrawal",
    "drop_empty",
    "lay_balances_flat",
    "lay_holdings_flat",
    "lay_liquidations_flat",
    "lay_own_trades_flat",
    "lay_structures_flat",
]
