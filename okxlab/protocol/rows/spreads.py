"""Spreads: two instruments traded against each other at one price.

The price of a spread may be negative or 0.  Sizes are in base currency, or in
USD for spreads of contracts that are settled in coin.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Float, Id, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import ExecType, Row, Side

__all__ = ["SpreadFill", "SpreadOrder", "SpreadTicker", "SpreadTrade"]


class SpreadTicker(Row, frozen=True):
    """The last price, the best prices and the last 24 hours of a spread."""

    ts: Ms = ""
    """Time the ticker was made [ms]."""
    sprd_id: Text = ""
    """Spread, for example BTC-USDT_BTC-USDT-SWAP."""
    last: Float = ""
    """Last traded price [quote per base]."""
    last_sz: Float = ""
    """Size of the last trade [base or USD]."""
    ask_px: Float = ""
    """Best ask [quote per base]; missing if nobody offers."""
    ask_sz: Float = ""
    """Size at the best ask [base or USD]."""
    bid_px: Float = ""
    """Best bid [quote per base]; missing if nobody bids."""
    bid_sz: Float = ""
    """Size at the best bid [base or USD]."""
    open_24h: Float = msgspec.field(name="open24h", default="")
    """Price 24 hours ago [quote per base]."""
    high_24h: Float = msgspec.field(name="high24h", default="")
    """Highest price of the last 24 hours [quote per base]."""
    low_24h: Float = msgspec.field(name="low24h", default="")
    """Lowest price of the last 24 hours [quote per base]."""
    vol_24h: Float = msgspec.field(name="vol24h", default="")
    """Volume of 24 hours [base or USD]."""


class SpreadTrade(Row, frozen=True):
    """One match of a spread."""

    ts: Ms = ""
    """Time of the match [ms]."""
    sprd_id: Text = ""
    """Spread."""
    trade_id: Id = ""
    """Id of the match, 19 digits."""
    px: Float = ""
    """Price [quote per base]."""
    sz: Float = ""
    """Size [base or USD]."""
    side: Side = ""
    """Direction of the trade."""


class SpreadOrder(Row, frozen=True):
    """An order of one's own for a spread, as it stands."""

    sprd_id: Text = ""
    """Spread."""
    ord_id: Id = ""
    """Id of the order."""
    cl_ord_id: Text = ""
    """Id that the client gave it."""
    tag: Text = ""
    """Tag that the client gave it."""
    px: Float = ""
    """Price of the order [quote per base]."""
    sz: Float = ""
    """Size of the order [base or USD]."""
    ord_type: Annotated[str, one_of("market", "limit", "post_only", "ioc")] = ""
    """Type of the order."""
    side: Side = ""
    """Side of the order."""
    state: Annotated[str, one_of("live", "partially_filled", "filled", "canceled")] = ""
    """What has become of it."""
    fill_sz: Float = ""
    """Size of the last trade that was settled [base or USD]."""
    fill_px: Float = ""
    """Price of the last trade that was settled [quote per base]."""
    trade_id: Id = ""
    """Id of the last trade."""
    acc_fill_sz: Float = ""
    """Size filled so far [base or USD]."""
    pending_fill_sz: Float = ""
    """Size still to be filled [base or USD]."""
    pending_settle_sz: Float = ""
    """Size matched but not settled yet [base or USD]."""
    canceled_sz: Float = ""
    """Size cancelled, or matched and then rejected [base or USD]."""
    avg_px: Float = ""
    """Mean price of what was filled [quote per base]; 0 before any."""
    cancel_source: Text = ""
    """Why it was cancelled: 0 by OKX, 1 by the user, 14 rest of an IOC order,
    15 beyond the price limit, 20 cancel-all-after, 31 post-only would have
    taken, 32 self-trade prevention, 34 and 35 too little margin, 44 auto
    conversion."""
    code: Text = ""
    """Code of an error; 0 if there was none."""
    msg: Text = ""
    """The error in words."""
    req_id: Text = ""
    """Id that the client gave an amendment."""
    amend_result: Annotated[str, one_of("-1", "0")] = ""
    """0 amended, -1 refused."""
    u_time: Ms = ""
    """Time of the latest change [ms]."""
    c_time: Ms = ""
    """Time the order was made [ms]."""


class SpreadFill(Row, frozen=True):
    """A match of an order of one's own: filled, or rejected at the settlement."""

    ts: Ms = ""
    """Time of the message's making [ms]."""
    sprd_id: Text = ""
    """Spread."""
    trade_id: Id = ""
    """Id of the match."""
    ord_id: Id = ""
    """Id of the order."""
    cl_ord_id: Text = ""
    """Id that the client gave the order."""
    tag: Text = ""
    """Tag that the client gave the order."""
    state: Annotated[str, one_of("filled", "rejected")] = ""
    """What has become of it."""
    fill_px: Float = ""
    """Price [quote per base]."""
    fill_sz: Float = ""
    """Size [base or USD]."""
    side: Side = ""
    """Side of the order."""
    exec_type: ExecType = ""
    """T as taker, M as maker."""
    legs: Payload = ()
    """The two trades behind it: dicts of ``instId``, ``px``, ``sz``, ``szCont``,
    ``side``, ``fillPnl``, ``fee``, ``feeCcy``, ``tradeId``, as sent."""
    code: Text = ""
    """Code of an error; 0 if there was none."""
    msg: Text = ""
    """The error in words."""
