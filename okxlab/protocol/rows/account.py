"""The account: its balances and its greeks.

Which fields OKX fills depends on the account's mode; the others are missing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from okxlab.protocol.columns import Bool, Float, Int, Ms, Text, one_of
from okxlab.protocol.rows.base import Row

__all__ = [
    "Account",
    "AccountGreeks",
    "Balance",
    "CurrencyBalance",
    "lay_balances_flat",
]


class CurrencyBalance(Row, frozen=True):
    """What the account has of one currency."""

    ccy: Text = ""
    """Currency."""
    eq: Float = ""
    """Equity [ccy]."""
    cash_bal: Float = ""
    """Cash balance [ccy]."""
    avail_bal: Float = ""
    """Balance that can be used [ccy]."""
    frozen_bal: Float = ""
    """Balance that is held back [ccy]."""
    ord_frozen: Float = ""
    """Margin held back for open orders [ccy]."""
    avail_eq: Float = ""
    """Equity that can be used [ccy]."""
    eq_usd: Float = ""
    """Equity [USD]."""
    coin_usd_price: Float = ""
    """Price of the currency [USD per ccy]."""
    dis_eq: Float = ""
    """Equity as it counts for margin, discounted [USD]."""
    iso_eq: Float = ""
    """Equity in isolated margin [ccy]."""
    upl: Float = ""
    """Profit or loss not realised, of margin and derivatives [ccy]."""
    iso_upl: Float = ""
    """Of it, in isolated margin [ccy]."""
    liab: Float = ""
    """Liabilities [ccy], above 0."""
    cross_liab: Float = ""
    """Of them, in cross margin [ccy]."""
    iso_liab: Float = ""
    """Of them, in isolated margin [ccy]."""
    upl_liab: Float = ""
    """Liabilities from losses not realised [ccy]."""
    interest: Float = ""
    """Interest owed [ccy], above 0."""
    max_loan: Float = ""
    """Most that can be borrowed [ccy]."""
    borrow_froz: Float = ""
    """Margin that borrowing may come to need [USD]."""
    imr: Float = ""
    """Initial margin in cross margin [ccy]."""
    mmr: Float = ""
    """Maintenance margin in cross margin [ccy]."""
    mgn_ratio: Float = ""
    """Maintenance margin ratio in cross margin."""
    notional_lever: Float = ""
    """Leverage."""
    twap: Int = ""
    """Risk of forced repayment, 0 to 5 (highest)."""
    frp_type: Annotated[str, one_of("0", "1", "2")] = ""
    """Forced repayment: 0 none, 1 because of the user, 2 of the platform."""
    col_res: Annotated[str, one_of("0", "1", "2")] = ""
    """Platform's limit on it as collateral: 0 far, 1 near, 2 reached."""
    col_borr_auto_conversion: Int = ""
    """Risk of automatic conversion, 0 to 5 (under way)."""
    collateral_enabled: Bool = ""
    """Whether it serves as collateral."""
    collateral_restrict: Bool = ""
    """Deprecated by OKX: see ``col_res``."""
    fixed_bal: Float = ""
    """Held back for buying dips and selling peaks [ccy]."""
    reward_bal: Float = ""
    """Trial funds [ccy]."""
    stgy_eq: Float = ""
    """Equity in trading bots [ccy]."""
    spot_in_use_amt: Float = ""
    """Spot that hedges derivatives [ccy]."""
    cl_spot_in_use_amt: Float = ""
    """Spot that the user lets hedge [ccy]."""
    max_spot_in_use_amt: Float = ""
    """Spot that could hedge at most [ccy]."""
    spot_iso_bal: Float = ""
    """Balance from spot copy trading [ccy]."""
    smt_sync_eq: Float = ""
    """Equity that follows a lead trader [ccy]."""
    spot_copy_trading_eq: Float = ""
    """Equity that follows a spot lead trader [ccy]."""
    spot_bal: Float = ""
    """Spot balance [ccy]."""
    open_avg_px: Float = ""
    """Mean cost of the spot balance [USD per ccy]."""
    acc_avg_px: Float = ""
    """Mean cost of all spot bought so far [USD per ccy]."""
    spot_upl: Float = ""
    """Spot profit or loss not realised [USD]."""
    spot_upl_ratio: Float = ""
    """The same as a fraction of the cost."""
    total_pnl: Float = ""
    """Spot profit or loss so far [USD]."""
    total_pnl_ratio: Float = ""
    """The same as a fraction of the cost."""
    auto_lend_status: Annotated[
        str, one_of("unsupported", "off", "pending", "active")
    ] = ""
    """Whether it is lent out automatically."""
    auto_lend_mt_amt: Float = ""
    """Amount lent out [ccy]."""
    u_time: Ms = ""
    """Time of the currency's latest change [ms]."""


class Balance(CurrencyBalance, frozen=True):
    """A currency of the account, and the account as a whole at that moment.

    ``account_`` and the name is OKX's field of the whole account, in USD.  An
    event sends the currencies that it changed: rows of the others keep the
    totals of their own time, which ``account_u_time`` tells.
    """

    account_u_time: Ms = ""
    """Time the totals were reckoned [ms]."""
    account_total_eq: Float = ""
    """Equity of the account [USD]."""
    account_adj_eq: Float = ""
    """Equity that counts for margin [USD]."""
    account_avail_eq: Float = ""
    """Equity that can be used [USD]."""
    account_iso_eq: Float = ""
    """Equity in isolated margin [USD]."""
    account_ord_froz: Float = ""
    """Margin held back for open orders in cross margin [USD]."""
    account_imr: Float = ""
    """Initial margin in cross margin [USD]."""
    account_mmr: Float = ""
    """Maintenance margin in cross margin [USD]."""
    account_borrow_froz: Float = ""
    """Margin that borrowing may come to need [USD]."""
    account_mgn_ratio: Float = ""
    """Maintenance margin ratio of the account."""
    account_notional_usd: Float = ""
    """Value of positions [USD]."""
    account_notional_usd_for_borrow: Float = ""
    """Value of what is borrowed [USD]."""
    account_notional_usd_for_swap: Float = ""
    """Value of positions in swaps [USD]."""
    account_notional_usd_for_futures: Float = ""
    """Value of positions in futures [USD]."""
    account_notional_usd_for_option: Float = ""
    """Value of positions in options [USD]."""
    account_upl: Float = ""
    """Profit or loss not realised in cross margin [USD]."""
    account_delta: Float = ""
    """Delta of a delta-neutral account [USD]."""
    account_delta_lever: Float = ""
    """``account_delta`` as a multiple of ``account_total_eq``."""
    account_delta_neutral_status: Annotated[str, one_of("0", "1", "2")] = ""
    """Its risk: 0 normal, 1 transfers restricted, 2 delta is being reduced."""


class Account(Row, frozen=True):
    """The account as sent: laid flat by `lay_balances_flat`."""

    u_time: Ms = ""
    total_eq: Float = ""
    adj_eq: Float = ""
    avail_eq: Float = ""
    iso_eq: Float = ""
    ord_froz: Float = ""
    imr: Float = ""
    mmr: Float = ""
    borrow_froz: Float = ""
    mgn_ratio: Float = ""
    notional_usd: Float = ""
    notional_usd_for_borrow: Float = ""
    notional_usd_for_swap: Float = ""
    notional_usd_for_futures: Float = ""
    notional_usd_for_option: Float = ""
    upl: Float = ""
    delta: Float = ""
    delta_lever: Float = ""
    delta_neutral_status: str = ""
    details: list[CurrencyBalance] = msgspec.field(default_factory=list)


def lay_balances_flat(rows: list[Account]) -> list[Balance]:
    """Return one row for each currency; an account without any gives none."""
    flat = []
    for row in rows:
        totals = {
            f"account_{name}": getattr(row, name)
            for name in Account.__struct_fields__
            if name != "details"
        }
        flat += [
            Balance(**msgspec.structs.asdict(detail), **totals)
            for detail in row.details
        ]
    return flat


class AccountGreeks(Row, frozen=True):
    """Greeks of all that the account has in one currency."""

    ts: Ms = ""
    """Time of the message [ms]."""
    ccy: Text = ""
    """Currency."""
    delta_bs: Float = msgspec.field(name="deltaBS", default="")
    """Delta after Black and Scholes [USD]."""
    delta_pa: Float = msgspec.field(name="deltaPA", default="")
    """Delta [ccy]."""
    gamma_bs: Float = msgspec.field(name="gammaBS", default="")
    """Gamma after Black and Scholes [USD] (options, cross)."""
    gamma_pa: Float = msgspec.field(name="gammaPA", default="")
    """Gamma [ccy] (options, cross)."""
    theta_bs: Float = msgspec.field(name="thetaBS", default="")
    """Theta after Black and Scholes [USD] (options, cross)."""
    theta_pa: Float = msgspec.field(name="thetaPA", default="")
    """Theta [ccy] (options, cross)."""
    vega_bs: Float = msgspec.field(name="vegaBS", default="")
    """Vega after Black and Scholes [USD] (options, cross)."""
    vega_pa: Float = msgspec.field(name="vegaPA", default="")
    """Vega [ccy] (options, cross)."""
