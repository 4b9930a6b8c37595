"""What options are worth after Black, what follows from it, and the way back.

All on the forward, without interest: time is in years, volatility a fraction a
year, prices are in the quote currency for one unit of the base.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Contract", "Greeks", "greeks", "implied", "worth"]

_MOST_VOLATILITY = 10.0
_ROUNDS = 60
"""Halvings of the interval of volatilities: more than a double has digits."""
_DAYS = 365


class Contract(NamedTuple):
    """A European option at a moment."""

    forward: float
    strike: float
    years: float
    """Time left."""
    is_call: bool


class Greeks(NamedTuple):
    """How the price changes [quote, for one unit of base]."""

    delta: float
    gamma: float
    vega: float
    """For one percent of volatility."""
    theta: float
    """For one day."""


def worth(option: Contract, volatility: float) -> float:
    """Return the price of an option at a volatility."""
    sign = 1 if option.is_call else -1
    up, down = _deviations(option, volatility)
    gain = option.forward * _below(sign * up) - option.strike * _below(sign * down)
    return sign * gain


def implied(option: Contract, price: float) -> float:
    """Return the volatility at which an option has a price; 0 below its value now."""
    low, high = 0.0, _MOST_VOLATILITY
    sign = 1 if option.is_call else -1
    if price <= max(sign * (option.forward - option.strike), 0.0):
        return 0.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if worth(option, middle) < price:
            low = middle
        else:
            high = middle
    return high


def greeks(option: Contract, volatility: float) -> Greeks:
    """Return the greeks of an option at a volatility, which must not be 0."""
    up, _ = _deviations(option, volatility)
    density = math.exp(-up * up / 2) / math.sqrt(2 * math.pi)
    root = math.sqrt(option.years)
    return Greeks(
        delta=_below(up) - (not option.is_call),
        gamma=density / (option.forward * volatility * root),
        vega=option.forward * density * root / 100,
        theta=-option.forward * density * volatility / (2 * root * _DAYS),
    )


def _deviations(option: Contract, volatility: float) -> tuple[float, float]:
    spread = max(volatility * math.sqrt(option.years), 1e-12)
    up = math.log(option.forward / option.strike) / spread + spread / 2
    return up, up - spread


def _below(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
