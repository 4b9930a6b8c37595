"""Options: their trades, and what the market makes of each."""

from __future__ import annotations

import msgspec

from okxlab.protocol.columns import Float, Key, Ms, Text
from okxlab.protocol.rows.base import InstType, OptType, Row, Side

__all__ = ["OptionSummary", "OptionTrade"]


class OptionTrade(Row, frozen=True):
    """One trade of an option, with the market around it."""

    ts: Ms = ""
    """Time of the match [ms]."""
    inst_id: Text = ""
    """Instrument."""
    inst_family: Text = ""
    """Family of the option."""
    trade_id: Key = -1
    """Id of the match; ids of an instrument are consecutive."""
    px: Float = ""
    """Price [base, for coin-margined options]."""
    sz: Float = ""
    """Size [contracts]."""
    side: Side = ""
    """Side of the taker."""
    opt_type: OptType = ""
    """Call or put."""
    fill_vol: Float = ""
    """Volatility that the price implies [fraction a year]."""
    fwd_px: Float = ""
    """Forward price of the underlying [quote per base]."""
    idx_px: Float = ""
    """Index price [quote per base]."""
    mark_px: Float = ""
    """Mark price of the option, in the unit of ``px``."""


class OptionSummary(Row, frozen=True):
    """Greeks and volatilities of one option.

    OKX gives each greek twice: reckoned in coin (``delta``), and after Black and
    Scholes in dollars (``delta_bs``).
    """

    ts: Ms = ""
    """Time of the figures [ms]."""
    inst_type: InstType = ""
    """Kind of instrument: OPTION."""
    inst_id: Text = ""
    """Instrument."""
    uly: Text = ""
    """Underlying."""
    delta: Float = ""
    """Change of the price with the underlying's [coin]."""
    gamma: Float = ""
    """Change of ``delta`` with the underlying's price [coin]."""
    vega: Float = ""
    """Change of the price with volatility [coin]."""
    theta: Float = ""
    """Change of the price with time [coin]."""
    delta_bs: Float = msgspec.field(name="deltaBS", default="")
    """Change of the price with the underlying's [USD]."""
    gamma_bs: Float = msgspec.field(name="gammaBS", default="")
    """Change of ``delta_bs`` with the underlying's price [USD]."""
    vega_bs: Float = msgspec.field(name="vegaBS", default="")
    """Change of the price with volatility [USD]."""
    theta_bs: Float = msgspec.field(name="thetaBS", default="")
    """Change of the price with time [USD]."""
    lever: Float = ""
    """Leverage."""
    mark_vol: Float = ""
    """Volatility that the mark price implies [fraction a year]."""
    bid_vol: Float = ""
    """Volatility that the best bid implies [fraction a year]."""
    ask_vol: Float = ""
    """Volatility that the best ask implies [fraction a year]."""
    real_vol: Float = ""
    """Not used by OKX: always missing."""
    vol_lv: Float = ""
    """Volatility of options at the money [fraction a year]."""
    fwd_px: Float = ""
    """Forward price of the underlying [quote per base]."""
