"""Orders and their fills."""

from __future__ import annotations

from typing import Annotated

from okxlab.protocol.columns import Bool, Float, Id, Int, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import (
    ExecType,
    InstType,
    OrdType,
    PosSide,
    PxType,
    Row,
    Side,
    TdMode,
    TgtCcy,
)

__all__ = ["Fill", "Order"]


class Order(Row, frozen=True):
    """An order as it stands, and the fill that this row reports, if any.

    Sizes are in base currency for spot and margin and in contracts otherwise;
    for spot market orders ``tgt_ccy`` says which currency ``sz`` is in.
    """

    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    ord_id: Id = ""
    """Id of the order."""
    cl_ord_id: Text = ""
    """Id that the client gave it."""
    state: Annotated[
        str, one_of("live", "partially_filled", "filled", "canceled", "mmp_canceled")
    ] = ""
    """What has become of it; the last three are final."""
    side: Side = ""
    """Side of the order."""
    ord_type: OrdType = ""
    """Type of the order."""
    px: Float = ""
    """Price of the order [quote per base; coin for options]."""
    sz: Float = ""
    """Size of the order [base or contracts, or ``tgt_ccy``]."""
    tgt_ccy: TgtCcy = ""
    """Which currency ``sz`` is in (spot market orders)."""
    acc_fill_sz: Float = ""
    """Size filled so far [base or contracts]."""
    avg_px: Float = ""
    """Mean price of what was filled [quote per base]; 0 before any."""
    fill_px: Float = ""
    """Price of this fill [quote per base]."""
    fill_sz: Float = ""
    """Size of this fill [base or contracts]; 0 if this row reports none."""
    fill_time: Ms = ""
    """Time of this fill [ms]."""
    trade_id: Id = ""
    """Id of this fill's trade; missing if this row reports none."""
    exec_type: ExecType = ""
    """T as taker, M as maker, in this fill."""
    fill_fee: Float = ""
    """Fee of this fill [fill_fee_ccy]; below 0 paid, above 0 received."""
    fill_fee_ccy: Text = ""
    """Currency of ``fill_fee``."""
    fill_pnl: Float = ""
    """Profit or loss of this fill, if it closes a position."""
    fill_notional_usd: Float = ""
    """Value filled so far [USD]."""
    fill_px_vol: Float = ""
    """Volatility that this fill's price implies [fraction a year] (options)."""
    fill_px_usd: Float = ""
    """Price of this fill [USD] (options)."""
    fill_mark_vol: Float = ""
    """Volatility of the mark price at this fill [fraction a year] (options)."""
    fill_fwd_px: Float = ""
    """Forward price at this fill [quote per base] (options)."""
    fill_mark_px: Float = ""
    """Mark price at this fill [quote per base] (derivatives)."""
    fill_idx_px: Float = ""
    """Index price at this fill [quote per base]."""
    fee: Float = ""
    """Fees so far [fee_ccy]; below 0 paid, above 0 received."""
    fee_ccy: Text = ""
    """Currency of ``fee``."""
    rebate: Float = ""
    """Rebates so far [rebate_ccy] (spot and margin)."""
    rebate_ccy: Text = ""
    """Currency of ``rebate``."""
    pnl: Float = ""
    """Profit or loss so far without fees, if the order closes a position."""
    notional_usd: Float = ""
    """Value of the order [USD]."""
    last_px: Float = ""
    """Last traded price of the instrument [quote per base]."""
    td_mode: TdMode = ""
    """Cash, or how the margin is kept."""
    ccy: Text = ""
    """Currency of the margin."""
    pos_side: PosSide = ""
    """Side of the position that it opens or closes (derivatives)."""
    lever: Float = ""
    """Leverage."""
    reduce_only: Bool = ""
    """Whether it can only make a position smaller."""
    px_usd: Float = ""
    """Price of the order [USD] (options)."""
    px_vol: Float = ""
    """Volatility that the price implies [fraction a year] (options)."""
    px_type: Annotated[str, one_of("px", "pxVol", "pxUsd")] = ""
    """Which of the three prices was given (options)."""
    trade_quote_ccy: Text = ""
    """Quote currency that is traded."""
    stp_mode: Annotated[str, one_of("cancel_maker", "cancel_taker", "cancel_both")] = ""
    """What prevents trades with oneself."""
    outcome: Annotated[str, one_of("yes", "no")] = ""
    """Which outcome it bets on (event contracts)."""
    tag: Text = ""
    """Tag that the client gave it."""
    category: Annotated[
        str,
        one_of(
            "normal",
            "twap",
            "adl",
            "full_liquidation",
            "partial_liquidation",
            "delivery",
            "ddh",
            "auto_conversion",
        ),
    ] = ""
    """What it comes from; ddh is a delta hedge."""
    source: Text = ""
    """What triggered it: 6 trigger order, 7 take-profit or stop-loss, 13 algo
    order, 25 trailing stop, 34 chase order."""
    cancel_source: Text = ""
    """Why it was cancelled, as a code of OKX's: 0 by OKX, 1 by the user, 14 rest
    of an IOC order, 31 post-only would have taken, 32 self-trade prevention; the
    channel's page has all."""
    amend_source: Annotated[str, one_of("1", "2", "3", "4", "5", "6")] = ""
    """Who amended it: 1 and 2 the user, 4 reduce-only, 5 an option's price, 6
    the spacing of RPI orders."""
    amend_result: Annotated[str, one_of("-1", "0", "1", "2")] = ""
    """-1 refused, 0 amended, 1 cancelled for that, 2 amended by itself."""
    req_id: Text = ""
    """Id that the client gave an amendment."""
    code: Text = ""
    """Code of an error; 0 if there was none."""
    msg: Text = ""
    """The error in words."""
    algo_id: Id = ""
    """Id of the algo order that it comes from."""
    algo_cl_ord_id: Text = ""
    """Id that the client gave that algo order."""
    attach_algo_cl_ord_id: Text = ""
    """Id that the client gave the attached take-profit or stop-loss."""
    tp_trigger_px: Float = ""
    """Price that triggers the take-profit [quote per base]."""
    tp_trigger_px_type: PxType = ""
    """Which price that is compared with."""
    tp_ord_px: Float = ""
    """Price of the take-profit [quote per base]; -1 is at market."""
    sl_trigger_px: Float = ""
    """Price that triggers the stop-loss [quote per base]."""
    sl_trigger_px_type: PxType = ""
    """Which price that is compared with."""
    sl_ord_px: Float = ""
    """Price of the stop-loss [quote per base]; -1 is at market."""
    is_tp_limit: Bool = ""
    """Whether it is a take-profit limit order."""
    attach_algo_ords: Payload = ()
    """Attached take-profits and stop-losses: dicts of ``attachAlgoId``,
    ``tpTriggerPx``, ``tpOrdPx``, ``slTriggerPx``, ``slOrdPx``, ``sz`` and more,
    as sent."""
    linked_algo_ord: Payload = None
    """The stop-loss that belongs to it: dict of ``algoId``, as sent."""
    risk_bypass_result: Text = ""
    """Not explained by OKX."""
    quick_mgn_type: Text = ""
    """Deprecated by OKX."""
    stp_id: Text = ""
    """Deprecated by OKX."""
    u_time: Ms = ""
    """Time of the latest change [ms]."""
    c_time: Ms = ""
    """Time the order was made [ms]."""


class Fill(Row, frozen=True):
    """A fill in the order book; as taker, those at one price in one row."""

    ts: Ms = ""
    """Time of the fill [ms]."""
    inst_id: Text = ""
    """Instrument."""
    trade_id: Id = ""
    """Id of the trade, of the last one in the row."""
    ord_id: Id = ""
    """Id of the order."""
    cl_ord_id: Text = ""
    """Id that the client gave it, if that is a number of 64 bits, else 0."""
    side: Side = ""
    """Side of the order."""
    fill_px: Float = ""
    """Price [quote per base]."""
    fill_sz: Float = ""
    """Size [base for spot, contracts otherwise]."""
    exec_type: ExecType = ""
    """T as taker, M as maker."""
    count: Int = ""
    """Trades in the row."""
