"""Positions, what they stand to lose, and the cash beside them.

Which fields OKX fills depends on the account's mode; the others are missing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Float, Id, Int, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import InstType, MgnMode, PosSide, Row

__all__ = [
    "BalanceAndPosition",
    "Holding",
    "LiquidationWarning",
    "Position",
    "lay_holdings_flat",
]


class Position(Row, frozen=True):
    """A position as it stands; one whose ``pos`` is 0 is closed."""

    pos_id: Id = ""
    """Id of the position."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    mgn_mode: MgnMode = ""
    """Cross or isolated margin."""
    pos_side: PosSide = ""
    """Long or short; in net mode the sign of ``pos`` tells."""
    pos: Float = ""
    """Size [contracts; ``pos_ccy`` for margin]; below 0 short in net mode."""
    avail_pos: Float = ""
    """Size that can be closed, in the unit of ``pos`` (margin and options)."""
    hedged_pos: Float = ""
    """Size that is hedged, in the unit of ``pos`` (delta-neutral accounts)."""
    pos_ccy: Text = ""
    """Currency of the position (margin): base is long, quote is short."""
    avg_px: Float = ""
    """Mean price of entry [quote per base]."""
    non_settle_avg_px: Float = ""
    """The same, left alone by settlements [quote per base] (futures, cross)."""
    mark_px: Float = ""
    """Mark price [quote per base]."""
    last: Float = ""
    """Last traded price [quote per base]."""
    idx_px: Float = ""
    """Index price [quote per base]."""
    usd_px: Float = ""
    """Price of ``ccy`` [USD] (derivatives)."""
    be_px: Float = ""
    """Price at which it breaks even [quote per base]."""
    liq_px: Float = ""
    """Estimated price of liquidation [quote per base]."""
    upl: Float = ""
    """Profit or loss not realised, by the mark price [ccy]."""
    upl_ratio: Float = ""
    """The same as a fraction of the margin."""
    upl_last_px: Float = ""
    """Profit or loss not realised, by the last price [ccy]."""
    upl_ratio_last_px: Float = ""
    """The same as a fraction of the margin."""
    realized_pnl: Float = ""
    """Sum of the five below [ccy]."""
    pnl: Float = ""
    """Profit or loss of what was closed [ccy]."""
    fee: Float = ""
    """Fees so far [ccy]; below 0 paid, above 0 received."""
    funding_fee: Float = ""
    """Funding so far [ccy]."""
    liq_penalty: Float = ""
    """Penalties of liquidations so far [ccy], below 0."""
    settled_pnl: Float = ""
    """Profit or loss settled so far [ccy] (futures, cross)."""
    ccy: Text = ""
    """Currency of the margin."""
    lever: Float = ""
    """Leverage."""
    margin: Float = ""
    """Margin [ccy] (isolated)."""
    imr: Float = ""
    """Initial margin [ccy] (cross)."""
    mmr: Float = ""
    """Maintenance margin [ccy]."""
    mgn_ratio: Float = ""
    """Maintenance margin ratio."""
    notional_usd: Float = ""
    """Value of the position [USD]."""
    opt_val: Float = ""
    """Value of the option [ccy]."""
    adl: Int = ""
    """How near it is to auto-deleveraging, 0 to 5 (nearest)."""
    trade_id: Id = ""
    """Id of the last trade."""
    liab: Float = ""
    """Liabilities [liab_ccy] (margin)."""
    liab_ccy: Text = ""
    """Currency of ``liab``."""
    interest: Float = ""
    """Interest owed [liab_ccy]."""
    pending_close_ord_liab_val: Float = ""
    """Liabilities that open orders would pay back (isolated margin)."""
    delta_bs: Float = msgspec.field(name="deltaBS", default="")
    """Delta after Black and Scholes [USD] (options)."""
    delta_pa: Float = msgspec.field(name="deltaPA", default="")
    """Delta [coin] (options)."""
    gamma_bs: Float = msgspec.field(name="gammaBS", default="")
    """Gamma after Black and Scholes [USD] (options)."""
    gamma_pa: Float = msgspec.field(name="gammaPA", default="")
    """Gamma [coin] (options)."""
    theta_bs: Float = msgspec.field(name="thetaBS", default="")
    """Theta after Black and Scholes [USD] (options)."""
    theta_pa: Float = msgspec.field(name="thetaPA", default="")
    """Theta [coin] (options)."""
    vega_bs: Float = msgspec.field(name="vegaBS", default="")
    """Vega after Black and Scholes [USD] (options)."""
    vega_pa: Float = msgspec.field(name="vegaPA", default="")
    """Vega [coin] (options)."""
    spot_in_use_amt: Float = ""
    """Spot that hedges the position [spot_in_use_ccy]."""
    spot_in_use_ccy: Text = ""
    """Currency of it."""
    cl_spot_in_use_amt: Float = ""
    """Spot that the user lets hedge [spot_in_use_ccy]."""
    max_spot_in_use_amt: Float = ""
    """Spot that could hedge at most [spot_in_use_ccy]."""
    biz_ref_id: Text = ""
    """Id in another business of OKX, for example of a voucher."""
    biz_ref_type: Text = ""
    """Which business."""
    close_order_algo: Payload = ()
    """Orders that will close it: dicts of ``algoId``, ``slTriggerPx``,
    ``slTriggerPxType``, ``tpTriggerPx``, ``tpTriggerPxType``, ``closeFraction``,
    as sent."""
    base_bal: Float = ""
    """Deprecated by OKX."""
    quote_bal: Float = ""
    """Deprecated by OKX."""
    base_borrowed: Float = ""
    """Deprecated by OKX."""
    base_interest: Float = ""
    """Deprecated by OKX."""
    quote_borrowed: Float = ""
    """Deprecated by OKX."""
    quote_interest: Float = ""
    """Deprecated by OKX."""
    p_time: Ms = ""
    """Time of the message [ms]."""
    u_time: Ms = ""
    """Time the position was changed [ms]."""
    c_time: Ms = ""
    """Time the position was opened [ms]."""


class Holding(Row, frozen=True):
    """A currency's cash or a position, as it stands; ``item`` tells which.

    Fields of the other item are missing.  A position whose ``pos`` is 0 is closed.
    """

    item: Annotated[str, one_of("balance", "position")] = ""
    """What the row is; not a field of OKX's, which sends two lists."""
    ccy: Text = ""
    """Currency; of a position that of its margin."""
    pos_id: Id = ""
    """Id of the position."""
    cash_bal: Float = ""
    """Cash balance [ccy]."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    mgn_mode: MgnMode = ""
    """Cross or isolated margin."""
    pos_side: PosSide = ""
    """Long or short; in net mode the sign of ``pos`` tells."""
    pos: Float = ""
    """Size [contracts; ``pos_ccy`` for margin]; below 0 short in net mode."""
    pos_ccy: Text = ""
    """Currency of the position (margin)."""
    avg_px: Float = ""
    """Mean price of entry [quote per base]."""
    non_settle_avg_px: Float = ""
    """The same, left alone by settlements [quote per base] (futures, cross)."""
    settled_pnl: Float = ""
    """Profit or loss settled so far [ccy] (futures, cross)."""
    trade_id: Id = ""
    """Id of the position's last trade."""
    base_bal: Float = ""
    """Deprecated by OKX."""
    quote_bal: Float = ""
    """Deprecated by OKX."""
    event_type: Annotated[
        str,
        one_of(
            "snapshot",
            "delivered",
            "exercised",
            "transferred",
            "filled",
            "liquidation",
            "claw_back",
            "adl",
            "funding_fee",
            "adjust_margin",
            "set_leverage",
            "interest_deduction",
            "settlement",
        ),
    ] = ""
    """What has changed it."""
    trades: Payload = ()
    """Trades of the message: dicts of ``instId``, ``tradeId``, as sent."""
    p_time: Ms = ""
    """Time of the message [ms]."""
    u_time: Ms = ""
    """Time the cash or the position was changed [ms]."""


class CashBalance(Row, frozen=True):
    """One currency inside a message."""

    ccy: str = ""
    cash_bal: Float = ""
    u_time: Ms = ""


class HeldPosition(Row, frozen=True):
    """One position inside a message."""

    pos_id: str = ""
    trade_id: str = ""
    inst_id: str = ""
    inst_type: str = ""
    mgn_mode: str = ""
    avg_px: Float = ""
    ccy: str = ""
    pos_side: str = ""
    pos: Float = ""
    pos_ccy: str = ""
    non_settle_avg_px: Float = ""
    settled_pnl: Float = ""
    base_bal: Float = ""
    quote_bal: Float = ""
    u_time: Ms = ""


class BalanceAndPosition(Row, frozen=True):
    """Cash and positions as sent: laid flat by `lay_holdings_flat`."""

    p_time: Ms = ""
    event_type: str = ""
    bal_data: list[CashBalance] = msgspec.field(default_factory=list)
    pos_data: list[HeldPosition] = msgspec.field(default_factory=list)
    trades: Payload = ()


def lay_holdings_flat(rows: list[BalanceAndPosition]) -> list[Holding]:
    """Return one row for each currency and each position of the message."""
    return [
        Holding(
            p_time=row.p_time,
            event_type=row.event_type,
            trades=row.trades,
            item=item,
            **msgspec.structs.asdict(part),
        )
        for row in rows
        for item, parts in (("balance", row.bal_data), ("position", row.pos_data))
        for part in parts
    ]


class LiquidationWarning(Row, frozen=True):
    """A position that is near its liquidation; it may be past it already."""

    pos_id: Id = ""
    """Id of the position."""
    inst_type: InstType = ""
    """Kind of instrument."""
    inst_id: Text = ""
    """Instrument."""
    mgn_mode: MgnMode = ""
    """Cross or isolated margin."""
    pos_side: PosSide = ""
    """Long or short; in net mode the sign of ``pos`` tells."""
    pos: Float = ""
    """Size [contracts; ``pos_ccy`` for margin]; below 0 short in net mode."""
    pos_ccy: Text = ""
    """Currency of the position (margin)."""
    lever: Float = ""
    """Leverage."""
    mark_px: Float = ""
    """Mark price [quote per base]."""
    mgn_ratio: Float = ""
    """Maintenance margin ratio."""
    ccy: Text = ""
    """Currency of the margin."""
    p_time: Ms = ""
    """Time of the message [ms]."""
    u_time: Ms = ""
    """Time the position was changed [ms]."""
    c_time: Ms = ""
    """Time the position was opened [ms]."""
