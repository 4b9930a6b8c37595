"""The rows of OKX's public market-data channels, as msgspec structs.

A field is the snake case of OKX's key; where camel case does not round-trip the
wire name is written out.  Every field has a default, because OKX adds and drops
keys without notice.  The text below a field says what it is and in which unit:
*contracts* are the unit of derivatives' sizes and mean ``ct_val`` base currency
each; "base" and "quote" are the two currencies of the instrument.

Source of names and units: the field tables of OKX's v5 documentation as of
2026-08-22 and frames captured between 2022 and 2026-10.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import (
    Bool,
    Float,
    Int,
    Key,
    Level,
    Ms,
    Payload,
    RpiLevel,
    SpreadLevel,
    Text,
    one_of,
)

__all__ = [
    "BookRow",
    "BookTop",
    "BookUpdate",
    "Candle",
    "FundingRate",
    "IndexTicker",
    "Instrument",
    "Liquidation",
    "LiquidationOrders",
    "MarkPrice",
    "OpenInterest",
    "PriceCandle",
    "PriceLimit",
    "Row",
    "RpiBookUpdate",
    "SingleTrade",
    "SpreadBookUpdate",
    "Ticker",
    "Trade",
]

InstType = Annotated[
    str, one_of("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")
]
Side = Annotated[str, one_of("buy", "sell")]
PosSide = Annotated[str, one_of("long", "short", "net")]
# "0" order book, "1" retail price improvement (RPI; ELP before 2026-07).
TradeSource = Annotated[str, one_of("0", "1")]


class Row(msgspec.Struct, rename="camel", frozen=True, kw_only=True, gc=False):
    """Base of all object rows: camel case on the wire, immutable here."""


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


class BookTop(Row, frozen=True):
    """The best levels of an order book, whole in every message."""

    ts: Ms = ""
    """Time the book was made; for ``bbo-tbt`` the matching engine's [ms]."""
    inst_id: Text = ""
    """Instrument; only ``books5`` sends it."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    bids: list[Level] = []
    """Bids, best first."""
    asks: list[Level] = []
    """Asks, best first."""


class BookRow(Row, frozen=True):
    """What the rows of all incremental order books have in common."""

    ts: Ms = ""
    """Time the book was made [ms]."""
    inst_id: Text = ""
    """Instrument; not sent by OKX today."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    prev_seq_id: Key = -1
    """``seq_id`` of the message before; -1 for a snapshot."""
    checksum: Int = ""
    """CRC-32 of 25 levels a side; fixed at 0 since 2026-06-23."""


class BookUpdate(BookRow, frozen=True):
    """A snapshot of an order book, or the levels that changed since."""

    bids: list[Level] = []
    """Bids, best first; a size of 0 deletes the level."""
    asks: list[Level] = []
    """Asks, best first; a size of 0 deletes the level."""


class RpiBookUpdate(BookRow, frozen=True):
    """The same of a book with retail price improvement."""

    bids: list[RpiLevel] = []
    """Bids, best first; a size of 0 deletes the level."""
    asks: list[RpiLevel] = []
    """Asks, best first; a size of 0 deletes the level."""


class SpreadBookUpdate(BookRow, frozen=True):
    """The same of the book of a spread."""

    bids: list[SpreadLevel] = []
    """Bids, best first; a size of 0 deletes the level."""
    asks: list[SpreadLevel] = []
    """Asks, best first; a size of 0 deletes the level."""


class Candle(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One bar of traded prices, as an array on the wire."""

    ts: Ms = ""
    """Opening time of the bar [ms]."""
    open: Float = ""
    """First price [quote per base]."""
    high: Float = ""
    """Highest price [quote per base]."""
    low: Float = ""
    """Lowest price [quote per base]."""
    close: Float = ""
    """Last price [quote per base]."""
    vol: Float = ""
    """Volume [base for spot, contracts for derivatives]."""
    vol_ccy: Float = ""
    """Volume [quote for spot, base for derivatives]."""
    vol_ccy_quote: Float = ""
    """Volume [quote; USD where the contract is settled in coin]."""
    confirm: Bool = ""
    """False while the bar is open, true once it is closed."""


class PriceCandle(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One bar of mark or index prices, which nobody trades: no volume."""

    ts: Ms = ""
    """Opening time of the bar [ms]."""
    open: Float = ""
    """First price [quote per base]."""
    high: Float = ""
    """Highest price [quote per base]."""
    low: Float = ""
    """Lowest price [quote per base]."""
    close: Float = ""
    """Last price [quote per base]."""
    confirm: Bool = ""
    """False while the bar is open, true once it is closed."""


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


class Instrument(Row, frozen=True):
    """What an instrument is, and how fine its prices and sizes are."""

    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument; empty or a placeholder before listing."""
    state: Annotated[
        str,
        one_of(
            "live",
            "suspend",
            "expired",
            "rebase",
            "post_only",
            "preopen",
            "test",
            "settling",
        ),
    ] = ""
    """Whether it is traded."""
    base_ccy: Text = ""
    """Base currency (spot and margin)."""
    quote_ccy: Text = ""
    """Quote currency (spot and margin)."""
    settle_ccy: Text = ""
    """Currency that profit and loss are settled in (derivatives)."""
    tick_sz: Float = ""
    """Step of the price [quote per base]."""
    lot_sz: Float = ""
    """Step of the size [base for spot, contracts otherwise]."""
    min_sz: Float = ""
    """Least size of an order [base for spot, contracts otherwise]."""
    uly: Text = ""
    """Underlying (derivatives)."""
    inst_family: Text = ""
    """Family that shares an underlying and a settlement (derivatives)."""
    series_id: Text = ""
    """Series (event contracts)."""
    ct_val: Float = ""
    """Value of one contract [ct_val_ccy]."""
    ct_mult: Float = ""
    """Multiplier of the contract."""
    ct_val_ccy: Text = ""
    """Currency of ``ct_val``."""
    ct_type: Annotated[str, one_of("linear", "inverse")] = ""
    """Whether the contract is settled in quote or in base currency."""
    opt_type: Annotated[str, one_of("C", "P")] = ""
    """Call or put (options)."""
    stk: Float = ""
    """Strike [quote per base] (options)."""
    list_time: Ms = ""
    """Time of listing [ms]."""
    exp_time: Ms = ""
    """Time of delivery, exercise or delisting [ms]."""
    cont_td_sw_time: Ms = ""
    """Time continuous trading begins [ms]."""
    pre_mkt_sw_time: Ms = ""
    """Time a pre-market contract becomes a normal one [ms]."""
    auction_end_time: Ms = ""
    """End of the call auction [ms]; deprecated by OKX."""
    open_type: Annotated[str, one_of("fix_price", "pre_quote", "call_auction")] = ""
    """How trading opens."""
    rule_type: Annotated[
        str, one_of("normal", "pre_market", "rebase_contract", "xperp")
    ] = ""
    """Which rules it trades under; xperp is a future that behaves as a swap."""
    lever: Float = ""
    """Greatest leverage."""
    max_lmt_sz: Float = ""
    """Greatest size of a limit order [base for spot, contracts otherwise]."""
    max_mkt_sz: Float = ""
    """Greatest size of a market order [base for spot, contracts otherwise]."""
    max_lmt_amt: Float = ""
    """Greatest amount of a limit order [USD]."""
    max_mkt_amt: Float = ""
    """Greatest amount of a market order [USD]."""
    max_twap_sz: Float = ""
    """Greatest size of a TWAP order."""
    max_iceberg_sz: Float = ""
    """Greatest size of an iceberg order."""
    max_trigger_sz: Float = ""
    """Greatest size of a trigger order."""
    max_stop_sz: Float = ""
    """Greatest size of a stop order."""
    future_settlement: Bool = ""
    """Whether the future has daily settlement."""
    inst_category: Annotated[str, one_of("1", "3", "4", "5", "6")] = ""
    """1 crypto, 3 stocks, 4 commodities, 5 forex, 6 bonds."""
    inst_id_code: Int = ""
    """Number of the instrument that orders name it by; differs live and demo."""
    group_id: Text = ""
    """Fee group."""
    category: Text = ""
    """Deprecated by OKX."""
    alias: Text = ""
    """Deprecated by OKX."""
    upc_chg: Payload = ()
    """Changes to come: dicts of ``param``, ``newValue``, ``effTime``."""


class Liquidation(Row, frozen=True):
    """One order that the exchange took over from a bankrupt account."""

    ts: Ms = ""
    """Time of the liquidation [ms]; rows are not in order of time."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    inst_family: Text = ""
    """Family (derivatives)."""
    uly: Text = ""
    """Underlying (derivatives)."""
    side: Side = ""
    """Side of the liquidating order."""
    pos_side: PosSide = ""
    """Side of the position that was closed."""
    bk_px: Float = ""
    """Price at which the account was bankrupt [quote per base]."""
    sz: Float = ""
    """Size [contracts; base for margin]."""
    bk_loss: Float = ""
    """Loss beyond the account's means."""
    ccy: Text = ""
    """Currency of the liability (margin)."""


class LiquidationDetail(Row, frozen=True):
    """One liquidation inside a message."""

    side: str = ""
    pos_side: str = ""
    bk_px: Float = ""
    sz: Float = ""
    bk_loss: Float = ""
    ccy: str = ""
    ts: Ms = ""


class LiquidationOrders(Row, frozen=True):
    """Liquidations of one instrument as sent: laid flat by `lay_flat`."""

    inst_type: str = ""
    inst_id: str = ""
    inst_family: str = ""
    uly: str = ""
    details: list[LiquidationDetail] = []


def lay_flat(rows: list[LiquidationOrders]) -> list[Liquidation]:
    """Return one row for each detail, in the order of the message."""
    return [
        Liquidation(
            ts=detail.ts,
            inst_type=row.inst_type,
            inst_id=row.inst_id,
            inst_family=row.inst_family,
            uly=row.uly,
            side=detail.side,
            pos_side=detail.pos_side,
            bk_px=detail.bk_px,
            sz=detail.sz,
            bk_loss=detail.bk_loss,
            ccy=detail.ccy,
        )
        for row in rows
        for detail in row.details
    ]
