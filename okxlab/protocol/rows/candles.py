"""Bars: arrays on the wire, named here in market words."""

from __future__ import annotations

from okxlab.protocol.columns import Bool, Float, Ms
from okxlab.protocol.rows.base import ArrayRow

__all__ = [
    "Candle",
    "PriceCandle",
    "SpreadCandle",
]


class Candle(ArrayRow, frozen=True):
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


class PriceCandle(ArrayRow, frozen=True):
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


class SpreadCandle(ArrayRow, frozen=True):
    """One bar of a spread; its prices may be negative."""

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
    """Volume [base; USD for spreads of contracts that are settled in coin]."""
    confirm: Bool = ""
    """False while the bar is open, true once it is closed."""
