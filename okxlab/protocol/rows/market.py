"""Prices, trades and volumes of instruments.

*Contracts* are the unit of derivatives' sizes and mean ``ct_val`` of
``ct_val_ccy`` each; "base" and "quote" are the two currencies of the instrument.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Bool, Float, Int, Key, Ms, Text, one_of
from okxlab.protocol.rows.base import InstType, Row, Side

__all__ = [
    "BlockTicker",
    "CallAuction",
    "EstimatedPrice",
    "FundingRate",
    "IndexTicker",
    "MarkPrice",
    "OpenInterest",
    "PriceLimit",
    "SingleTrade",
    "Ticker",
    "Trade",
]

# "0" order book, "1" retail price improvement (RPI; ELP before 2026-07).
TradeSource = Annotated[str, one_of("0", "1")]


class Ticker(Row, frozen=True):
    """The last price, the best prices and the last 24 hours of an instrument."""

    ts: Ms = ""
    """Time the ticker was made [ms]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    last: Float = ""
    """Last traded price [quote per base]."""
    last_sz: Float = ""
    """Size of the last trade [base for spot, contracts otherwise]; 0 before any."""
    ask_px: Float = ""
    """Best ask [quote per base]; missing if nobody offers."""
    ask_sz: Float = ""
    """Size at the best ask [base for spot, contracts otherwise]."""
    bid_px: Float = ""
    """Best bid [quote per base]; missing if nobody bids."""
    bid_sz: Float = ""
    """Size at the best bid [base for spot, contracts otherwise]."""
    open_24h: Float = msgspec.field(name="open24h", default="")
    """Price 24 hours ago [quote per base]."""
    high_24h: Float = msgspec.field(name="high24h", default="")
    """Highest price of the last 24 hours [quote per base]."""
    low_24h: Float = msgspec.field(name="low24h", default="")
    """Lowest price of the last 24 hours [quote per base]."""
    sod_utc0: Float = ""
    """Price at the start of the UTC day [quote per base]."""
    sod_utc8: Float = ""
    """Price at the start of the UTC+8 day [quote per base]."""
    vol_ccy_24h: Float = msgspec.field(name="volCcy24h", default="")
    """Volume of 24 hours [quote for spot, base for derivatives]."""
    vol_24h: Float = msgspec.field(name="vol24h", default="")
    """Volume of 24 hours [base for spot, contracts for derivatives]."""


class Trade(Row, frozen=True):
    """Matches of one taker order at one price, rolled into one row."""

    ts: Ms = ""
    """Time of the match [ms]."""
    inst_id: Text = ""
    """Instrument."""
    trade_id: Key = -1
    """Id of the last match in the row; ids of an instrument are consecutive."""
    px: Float = ""
    """Price [quote per base]."""
    sz: Float = ""
    """Size [base for spot, contracts otherwise]."""
    side: Side = ""
    """Side of the taker."""
    count: Int = ""
    """Matches in the row: ``trade_id - count + 1`` follows the id before."""
    source: TradeSource = ""
    """"0" for the order book, "1" for retail price improvement."""
    seq_id: Key = -1
    """Place in the sequence of the instrument's order book; -1 if not sent."""


class SingleTrade(Row, frozen=True):
    """One match."""

    ts: Ms = ""
    """Time of the match [ms]."""
    inst_id: Text = ""
    """Instrument."""
    trade_id: Key = -1
    """Id of the match; ids of an instrument are consecutive."""
    px: Float = ""
    """Price [quote per base]."""
    sz: Float = ""
    """Size [base for spot, contracts otherwise]."""
    side: Side = ""
    """Side of the taker."""
    source: TradeSource = ""
    """"0" for the order book, "1" for retail price improvement."""


class MarkPrice(Row, frozen=True):
    """The price that margin and liquidation are reckoned with."""

    ts: Ms = ""
    """Time of the price [ms]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    mark_px: Float = ""
    """Mark price [quote per base]."""


class IndexTicker(Row, frozen=True):
    """An index, the mean of the price on several exchanges, and its day."""

    ts: Ms = ""
    """Time of the price [ms]."""
    inst_id: Text = ""
    """Index, for example BTC-USDT."""
    idx_px: Float = ""
    """Index price [quote per base]."""
    open_24h: Float = msgspec.field(name="open24h", default="")
    """Price 24 hours ago [quote per base]."""
    high_24h: Float = msgspec.field(name="high24h", default="")
    """Highest price of the last 24 hours [quote per base]."""
    low_24h: Float = msgspec.field(name="low24h", default="")
    """Lowest price of the last 24 hours [quote per base]."""
    sod_utc0: Float = ""
    """Price at the start of the UTC day [quote per base]."""
    sod_utc8: Float = ""
    """Price at the start of the UTC+8 day [quote per base]."""


class FundingRate(Row, frozen=True):
    """What longs pay to shorts (below 0: the reverse) at the next funding."""

    ts: Ms = ""
    """Time the rate was reckoned [ms]."""
    inst_type: InstType = ""
    """SWAP, or FUTURES for perpetual-like X-Perps."""
    inst_id: Text = ""
    """Instrument."""
    method: Annotated[str, one_of("current_period", "next_period")] = ""
    """Which period the rate is for; only current_period today."""
    formula_type: Annotated[str, one_of("noRate", "withRate")] = ""
    """Whether the formula has an interest rate in it."""
    funding_rate: Float = ""
    """Rate of the current period [fraction of the position's value]."""
    next_funding_rate: Float = ""
    """Forecast of the next period [fraction]; always missing today."""
    funding_time: Ms = ""
    """Time the current rate is paid [ms]."""
    next_funding_time: Ms = ""
    """Time of the payment after that [ms]."""
    min_funding_rate: Float = ""
    """Lower limit of the rate [fraction]."""
    max_funding_rate: Float = ""
    """Upper limit of the rate [fraction]."""
    interest_rate: Float = ""
    """Interest part of the rate [fraction]."""
    impact_value: Float = ""
    """Depth-weighted amount that the premium is reckoned at [quote]."""
    sett_state: Annotated[str, one_of("processing", "settled")] = ""
    """Whether the payment is being made or has been made."""
    sett_funding_rate: Float = ""
    """The rate being paid or paid last [fraction]."""
    premium: Float = ""
    """Distance of the contract's price from the index [fraction]."""


class OpenInterest(Row, frozen=True):
    """Open positions of an instrument."""

    ts: Ms = ""
    """Time of the count [ms]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    oi: Float = ""
    """Open interest [contracts]; not always a whole number."""
    oi_ccy: Float = ""
    """Open interest [base]."""
    oi_usd: Float = ""
    """Open interest [USD]."""


class PriceLimit(Row, frozen=True):
    """The highest price to buy at and the lowest to sell at."""

    ts: Ms = ""
    """Time of the limits [ms]."""
    inst_type: InstType = ""
    """Kind of instrument; documented, though published frames lack it."""
    inst_id: Text = ""
    """Instrument."""
    buy_lmt: Float = ""
    """Highest price of a buy order [quote per base]."""
    sell_lmt: Float = ""
    """Lowest price of a sell order [quote per base]."""
    enabled: Bool = ""
    """Whether the limits are in force."""


class CallAuction(Row, frozen=True):
    """What a call auction would come to if it ended now."""

    ts: Ms = ""
    """Time of the figures [ms]."""
    inst_id: Text = ""
    """Instrument."""
    eq_px: Float = ""
    """Price at which most could be traded [quote per base]."""
    matched_sz: Float = ""
    """Size that would be traded at that price, both sides together [base]."""
    unmatched_sz: Float = ""
    """Size that would be left over."""
    auction_end_time: Ms = ""
    """End of the auction [ms]."""
    state: Annotated[str, one_of("call_auction", "continuous_trading")] = ""
    """continuous_trading in the last row, which has what really came about."""


class EstimatedPrice(Row, frozen=True):
    """What a contract will be settled at, as far as known in its last half-hour."""

    ts: Ms = ""
    """Time of the estimate [ms]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    settle_type: Annotated[str, one_of("settlement", "delivery", "exercise")] = ""
    """What the price will be used for."""
    settle_px: Float = ""
    """Estimated price [quote per base]."""


class BlockTicker(Row, frozen=True):
    """What was traded in blocks in the last 24 hours."""

    ts: Ms = ""
    """Time the ticker was made [ms]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    vol_ccy_24h: Float = msgspec.field(name="volCcy24h", default="")
    """Volume of 24 hours [quote for spot, base for derivatives]."""
    vol_24h: Float = msgspec.field(name="vol24h", default="")
    """Volume of 24 hours [base for spot, contracts for derivatives]."""
