"""What a market order would meet: formulas over the levels of one side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["fill_price"]


def fill_price(levels: Iterable[tuple[float, float]], size: float) -> float:
    """Return the mean price at which an order of a size would be filled.

    Parameters
    ----------
    levels
        Price and size of each level, best first: asks for a buy order, bids for
        a sell order.
    size
        How much to buy or sell, in the unit of the levels' sizes.

    Returns
    -------
    float
        Sum of price times size taken, over ``size``; NaN if the levels hold
        less than that.

    Raises
    ------
    ValueError
        If ``size`` is not above 0.

    Notes
    -----
    For contracts of which each is worth a number of base coins (linear) or that
    are all alike (spot).  Fees, hidden orders and what the market does
    meanwhile are left out.
    """
    if not 0 < size < math.inf:
        raise ValueError(f"a size to buy or sell is above 0 and finite, not {size!r}")
    left, paid = size, 0.0
    for px, sz in levels:
        taken = min(sz, left)
        paid += px * taken
        left -= taken
        if left <= 0:
            return paid / size
    return math.nan
