"""Returns and how much they vary."""

from __future__ import annotations

import numpy as np
import pandas as pd

from okxlab.metrics.bars import Grid, check_single

__all__ = ["log_returns", "realised_volatility"]

_PRICES = ("px", "mid", "close", "last", "mark_px", "idx_px")
"""Columns that hold a price, those of trades, books and candles first."""
_YEAR_MS = 365 * 86_400_000
"""Crypto markets never close."""


def log_returns(prices: pd.Series | pd.DataFrame, freq: str | None = "1m") -> pd.Series:
    """Return the logarithmic returns of prices, sampled at equal distances.

    Parameters
    ----------
    prices
        Prices by ``ts``; of a frame the first of ``px``, ``mid``, ``close``,
        ``last``, ``mark_px``, ``idx_px``.
    freq
        A bar, as in `ohlcv`: the last price in it counts, or in a bar without
        prices the last one before.  None takes every price as it is.

    Returns
    -------
    pandas.Series
        ln(price / price before), by the begin of the bar (``ts``); one shorter
        than the prices.

    Raises
    ------
    ValueError
        If there is no such bar or no column of prices.
    """
    sampled = _sampled(_series(prices), freq)
    found: pd.Series = np.log(sampled).diff().iloc[1:].rename("log_return")
    return found


def realised_volatility(
    prices: pd.Series | pd.DataFrame, freq: str = "1m", *, annualise: bool = True
) -> float:
    """Return the realised volatility of prices.

    Parameters
    ----------
    prices
        As in `log_returns`.
    freq
        A bar, as in `ohlcv`, at which prices are sampled: the bounce between bid
        and ask makes short ones too high, one to five minutes are usual.
    annualise
        Scale to a year of 365 days; otherwise that of the whole time is
        returned.

    Returns
    -------
    float
        Square root of the sum of squared logarithmic returns; 0.5 is 50 % a
        year.  NaN with fewer than two bars.

    Raises
    ------
    ValueError
        As `log_returns`.

    References
    ----------
    Andersen, Bollerslev, Diebold and Labys, "Modeling and forecasting realized
    volatility", Econometrica 71 (2003).
    """
    returns = log_returns(prices, freq)
    if not len(returns):
        return np.nan
    total = float(np.sqrt((returns**2).sum()))
    if not annualise:
        return total
    times = _sampled(_series(prices), freq).index.as_unit("ms").asi8
    return total * float(np.sqrt(_YEAR_MS / (times[-1] - times[0])))


def _series(prices: pd.Series | pd.DataFrame) -> pd.Series:
    found = prices
    if isinstance(prices, pd.DataFrame):
        name = next((name for name in _PRICES if name in prices.columns), None)
        if name is None:
            raise ValueError(
                f"no column of prices ({', '.join(_PRICES)}) in this frame: hand in "
                f"the column itself"
            )
        check_single(prices)
        found = prices[name]
    if not isinstance(found.index, pd.DatetimeIndex):
        raise ValueError("prices are indexed by ts, the time of each")  # noqa: TRY004 # a frame of the wrong channel
    return found.dropna()


def _sampled(prices: pd.Series, freq: str | None) -> pd.Series:
    if freq is None:
        return prices
    grid = Grid(freq)
    prices = prices.sort_index(kind="stable")
    starts = grid.starts(prices.index.as_unit("ms").asi8)
    last = np.flatnonzero(
        np.append(starts[1:] != starts[:-1], [True] * bool(len(starts)))
    )
    index = pd.DatetimeIndex(starts[last].view("M8[ms]"), tz="UTC", name="ts")
    found = pd.Series(prices.to_numpy(np.float64)[last], index=index, name=prices.name)
    if not len(found):
        return found
    full = grid.between(int(starts[0]), int(starts[-1]))
    return found.reindex(
        pd.DatetimeIndex(full.view("M8[ms]"), tz="UTC", name="ts"), method="ffill"
    )
