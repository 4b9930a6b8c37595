"""What is listed, event contracts among it."""

from __future__ import annotations

from typing import Annotated

from okxlab.protocol.columns import Bool, Float, Int, Ms, Payload, Text, one_of
from okxlab.protocol.rows.base import InstType, OptType, Row

__all__ = [
    "EventMarket",
    "Instrument",
]


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
    opt_type: OptType = ""
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


class EventMarket(Row, frozen=True):
    """One market of an event contract: a question with yes and no."""

    inst_id: Text = ""
    """Instrument."""
    event_id: Text = ""
    """The event that it asks about."""
    series_id: Text = ""
    """Series that the event belongs to."""
    state: Annotated[str, one_of("preopen", "live", "settling", "expired")] = ""
    """Whether it is traded."""
    list_time: Ms = ""
    """Time of listing [ms]."""
    fix_time: Ms = ""
    """Time the strike is fixed [ms]; only for up-or-down markets."""
    exp_time: Ms = ""
    """Time that the question asks about [ms]; corrected at the settlement."""
    outcome: Annotated[str, one_of("0", "1", "2")] = ""
    """0 not known yet, 1 yes, 2 no."""
    floor_strike: Float = ""
    """Least value that means yes [quote per base]."""
    cap_strike: Float = ""
    """Greatest value that means yes; inf where there is none."""
    settle_value: Float = ""
    """Value it was settled at; missing before."""
    disputed: Bool = ""
    """Whether the outcome was contested."""
    hit_dir: Annotated[str, one_of("up", "dn")] = ""
    """From which side a price must be hit: up from below, dn from above."""
