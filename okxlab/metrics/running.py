"""Figures along a series: averages, the volume-weighted price so far, a rebasing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["moving_average", "rebased", "running_vwap"]


def moving_average(prices: pd.Series, n: int) -> pd.Series:
    """Return the mean of the last values at each of them.

    Parameters
    ----------
    prices
        Values at equal distances, for example the closes of candles.
    n
        How many to average.

    Returns
    -------
    pandas.Series
        As long as ``prices``; NaN until ``n`` values are there.

    Raises
    ------
    ValueError
        If ``n`` is below 1.
    """
    if n < 1:
        raise ValueError(f"an average is of 1 value or more, not {n!r}")
    return prices.rolling(n).mean()


def running_vwap(frame: pd.DataFrame, *, daily: bool = False) -> pd.Series:
    """Return the volume-weighted average price from the first row to each one.

    Parameters
    ----------
    frame
        Trades (``px``, ``sz``), whose prices are averaged; or candles (``high
        low close vol``), of which the mean of the three prices stands for all
        trades in them.  Of one instrument, oldest first.
    daily
        Begin anew with each day (UTC), as the VWAP of a trading day does.

    Returns
    -------
    pandas.Series
        In the unit of the prices; NaN until something was traded.

    Raises
    ------
    ValueError
        If the frame is of neither.

    References
    ----------
    Berkowitz, Logue and Noser, "The total cost of transactions on the NYSE",
    Journal of Finance 43 (1988); the "typical price" of candles is the usual
    stand-in where single trades are not at hand.
    """
    if {"px", "sz"} <= set(frame.columns):
        price, volume = frame["px"], frame["sz"]
    elif {"high", "low", "close", "vol"} <= set(frame.columns):
        price = (frame["high"] + frame["low"] + frame["close"]) / 3
        volume = frame["vol"]
    else:
        raise ValueError(
            "a volume-weighted price needs trades (px, sz) or candles (high, low, "
            "close, vol)"
        )
    weight = volume.where(price.notna()).fillna(0.0)
    paid = (price * volume).fillna(0.0)
    if daily:
        days = frame.index.floor("D")
        paid, weight = paid.groupby(days).cumsum(), weight.groupby(days).cumsum()
    else:
        paid, weight = paid.cumsum(), weight.cumsum()
    found: pd.Series = paid / weight.where(weight > 0)
    return found.rename("vwap")


def rebased(prices: pd.Series, base: float = 100.0) -> pd.Series:
    """Return prices as parts of the first one.

    Parameters
    ----------
    prices
        Oldest first.
    base
        What the first price becomes.

    Returns
    -------
    pandas.Series
        base * price / first price that is there; all NaN where the first is 0 or
        less, as that of a spread may be.
    """
    known = prices.dropna()
    first = known.iloc[0] if len(known) else np.nan
    return prices * (base / first if first > 0 else np.nan)
