"""From columns to the float64 arrays that travel to a page as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["column", "first_of", "in_order", "milliseconds"]

_A_MS = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}
"""How many of a unit make a millisecond."""


def milliseconds(times: pd.DatetimeIndex | pd.Series) -> NDArray[np.float64]:
    """Return times as numbers [ms since 1970 UTC]; NaN for a missing one.

    An axis of dates takes these, and unlike dates they travel as they lie in
    memory.
    """
    index = pd.DatetimeIndex(times)
    found: NDArray[np.float64] = index.asi8.astype(np.float64) / _A_MS[index.unit]
    missing = np.asarray(index.isna())
    if missing.any():
        found[missing] = np.nan
    return found


def column(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column as floats; what is missing or endless is NaN, as a whole too."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    found: NDArray[np.float64] = frame[name].to_numpy(np.float64, na_value=np.nan)
    endless = np.isinf(found)
    # The array may be the frame's own, which is not to be written to.
    return np.where(endless, np.nan, found) if endless.any() else found


def first_of(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the first of some names that is a column; "" if none is."""
    return next((name for name in names if name in frame.columns), "")


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by time; those of one time stay in order of arrival."""
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.is_monotonic_increasing:
        return frame
    return frame.sort_index(kind="stable")
