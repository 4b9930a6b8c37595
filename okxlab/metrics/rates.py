"""Rates of interest."""

from __future__ import annotations

__all__ = ["annual_rate"]

_YEAR = 365 * 86_400.0
"""Seconds of a year: crypto markets never close."""


def annual_rate(rate: float, interval: float) -> float:
    """Return what a rate that is paid again and again comes to in a year.

    Parameters
    ----------
    rate
        Paid each time, for example a funding rate: 0.0001 is 0.01 %.
    interval
        Time between two payments [s].

    Returns
    -------
    float
        rate * payments in 365 days, without interest on what was paid.

    Raises
    ------
    ValueError
        If ``interval`` is not above 0.
    """
    if not interval > 0:
        raise ValueError(f"the time between two payments is above 0 s, not {interval}")
    return rate * _YEAR / interval
