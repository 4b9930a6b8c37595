"""How prices and sizes are written: digits and units."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "digits_of",
    "digits_of_tick",
    "format_of",
    "price_unit",
    "said",
    "said_amount",
    "size_format",
    "size_unit",
]

_LOOKED_AT = 300
"""So many of the newest prices tell the tick: one in ten ends in a zero."""
_LARGE = 10_000
"""Sizes from which on thousands are written as k."""
_MOST = 10
"""Digits beyond which a price is a result and no quotation."""


def digits_of(*prices: NDArray[np.float64], default: int = 2) -> int:
    """Return how many digits after the point prices have.

    Parameters
    ----------
    *prices
        As the exchange quotes them, each a multiple of its smallest step; the newest
        last.
    default
        What to return where there are no prices.
    """
    each = _LOOKED_AT // max(len(prices), 1)
    known = [one[np.isfinite(one)][-each:] for one in prices]
    found = [digits_of_tick(float(px)) for one in known for px in np.unique(one)]
    return min(max(found, default=default), _MOST)


def digits_of_tick(value: float) -> int:
    """Return how many digits after the point a number has."""
    # The shortest text of a float is the one it was read from.
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def format_of(digits: int) -> str:
    """Return the format of numbers on an axis, in the language of d3."""
    return f",.{digits}f"


def size_format(*sizes: NDArray[np.float64]) -> str:
    """Return the format of sizes on an axis: large ones in thousands (k, M)."""
    is_large = any((one >= _LARGE).any() for one in sizes)
    return "~s" if is_large else ",.6~f"


def said(value: float, digits: int) -> str:
    """Return a number as it is read: thousands apart, a true minus."""
    if not np.isfinite(value):
        return "\N{EN DASH}"
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def said_amount(value: float) -> str:
    """Return a size as it is read: six digits that count, large ones whole."""
    if not np.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:,.6g}"
    return text.replace("-", "\N{MINUS SIGN}")


def size_unit(inst_id: str) -> str:
    """Return the unit of sizes: base currency for spot, contracts otherwise."""
    parts = inst_id.split("-")
    if len(parts) == 2 and "_" not in inst_id:
        return _currency(parts[0])
    return "contracts" if len(parts) > 2 and "_" not in inst_id else ""


def price_unit(inst_id: str) -> str:
    """Return the currency that prices are in; "" where the name does not say."""
    parts = inst_id.split("-")
    return _currency(parts[1]) if len(parts) > 1 and "_" not in inst_id else ""


def _currency(text: str) -> str:
    # It stands in templates of plotly, which know markup and variables.
    return text if text.isalnum() else ""
