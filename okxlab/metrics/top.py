"""Formulas of the best prices: floats in, a float out; frames in, a Series out.

Plain arithmetic, so that one definition serves a book that changes a hundred
times a second and the column of a DataFrame alike.  What is missing is NaN and
stays NaN.
"""

from __future__ import annotations

from math import nan
from typing import TypeVar

import pandas as pd

__all__ = ["imbalance", "microprice", "mid", "spread", "spread_bps"]

Values = TypeVar("Values", float, pd.Series)
"""One value, or a column of them."""

_BASIS_POINTS = 10_000.0


def mid(bid: Values, ask: Values) -> Values:
    """Return the mean of the best bid and the best ask.

    Parameters
    ----------
    bid, ask
        Best prices [quote per base].

    Returns
    -------
    float or pandas.Series
        (bid + ask) / 2, in the unit of the prices.

    References
    ----------
    Harris, "Trading and Exchanges" (2003), chapter 21.
    """
    return (bid + ask) / 2


def spread(bid: Values, ask: Values) -> Values:
    """Return what the best ask is above the best bid.

    Parameters
    ----------
    bid, ask
        Best prices [quote per base].

    Returns
    -------
    float or pandas.Series
        ask - bid, in the unit of the prices; 0 or less in an auction, where
        crossed books are legal.

    References
    ----------
    The "quoted spread" of Harris, "Trading and Exchanges" (2003), chapter 14.
    """
    return ask - bid


def spread_bps(bid: Values, ask: Values) -> Values:
    """Return the spread as a part of the mid price.

    Parameters
    ----------
    bid, ask
        Best prices [quote per base].

    Returns
    -------
    float or pandas.Series
        10,000 (ask - bid) / mid [basis points]; NaN where the mid is not above
        0, as that of a spread instrument may be: a part of it means nothing.

    References
    ----------
    The "relative spread" of Foucault, Pagano and Röell, "Market Liquidity"
    (2013), chapter 2.
    """
    centre = mid(bid, ask)
    if isinstance(centre, pd.Series):
        centre = centre.where(centre > 0)
    elif centre <= 0:
        centre = nan
    relative: Values = _BASIS_POINTS * spread(bid, ask) / centre
    return relative


def microprice(bid: Values, bid_sz: Values, ask: Values, ask_sz: Values) -> Values:
    """Return the mid price, drawn to the side on which less is offered.

    Parameters
    ----------
    bid, ask
        Best prices [quote per base].
    bid_sz, ask_sz
        Sizes there, both in one unit.

    Returns
    -------
    float or pandas.Series
        (bid * ask_sz + ask * bid_sz) / (bid_sz + ask_sz), in the unit of the
        prices.

    Notes
    -----
    The size-weighted mid.  Stoikov's "micro-price" goes further and adjusts it
    by what the past of an instrument tells.

    References
    ----------
    Gatheral and Oomen, "Zero-intelligence realized variance estimation",
    Finance and Stochastics 14 (2010); Stoikov, "The micro-price: a
    high-frequency estimator of future prices", Quantitative Finance 18 (2018).
    """
    return (bid * ask_sz + ask * bid_sz) / (bid_sz + ask_sz)


def imbalance(bid_sz: Values, ask_sz: Values) -> Values:
    """Return how much more is bid than offered.

    Parameters
    ----------
    bid_sz, ask_sz
        Sizes of the two sides, of the best level or summed over several.

    Returns
    -------
    float or pandas.Series
        (bid_sz - ask_sz) / (bid_sz + ask_sz), from -1 (only asks) to 1 (only
        bids).

    References
    ----------
    Cartea, Jaimungal and Penalva, "Algorithmic and High-Frequency Trading"
    (2015), chapter 12.
    """
    return (bid_sz - ask_sz) / (bid_sz + ask_sz)
