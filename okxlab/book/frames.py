"""Levels as DataFrames, fast enough to ask for on every update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["cumulative_frame", "depth_frame", "side_frame"]

_DEPTH = pd.Index(["bid_px", "bid_sz", "bid_orders", "ask_px", "ask_sz", "ask_orders"])
_DEPTH_FLOATS = np.array([0, 1, 3, 4])
_BID_ORDERS, _ASK_ORDERS = np.array([2]), np.array([5])
_CUMULATIVE = pd.Index(["bid_px", "bid_sz", "ask_px", "ask_sz"])
_SIDE = pd.Index(["px", "sz", "orders"])
_RPI_SIDE = pd.Index(["px", "sz", "orders", "organic_sz"])
_PX_AND_SZ, _ORDERS, _ORGANIC = np.array([0, 1]), np.array([2]), np.array([3])
_LEVELS = pd.RangeIndex(1, 10_001, name="level")
"""Sliced, which is cheaper than to name a new one; OKX has 5,000 levels at most."""


def depth_frame(bids: Sequence[Any], asks: Sequence[Any]) -> pd.DataFrame:
    """Return two sides next to each other.

    Parameters
    ----------
    bids, asks
        Levels, best first.

    Returns
    -------
    pandas.DataFrame
        As `BookFigures.depth`.
    """
    rows = max(len(bids), len(asks))
    # The dict constructor aligns and consolidates, which takes four times as long.
    return create_dataframe_from_blocks(
        [
            (_prices_and_sizes(bids, asks, rows), _DEPTH_FLOATS),
            (_orders(bids, rows), _BID_ORDERS),
            (_orders(asks, rows), _ASK_ORDERS),
        ],
        index=_LEVELS[:rows],
        columns=_DEPTH,
    )


def cumulative_frame(bids: Sequence[Any], asks: Sequence[Any]) -> pd.DataFrame:
    """Return two sides next to each other, sizes summed from the best level on.

    Parameters
    ----------
    bids, asks
        Levels, best first.

    Returns
    -------
    pandas.DataFrame
        As `BookFigures.cumulative`.
    """
    rows = max(len(bids), len(asks))
    values = _prices_and_sizes(bids, asks, rows)
    # Missing levels stand at the end, so NaN begins where the side ends.
    values[1::2] = values[1::2].cumsum(axis=1)
    return pd.DataFrame(values.T, index=_LEVELS[:rows], columns=_CUMULATIVE)


def side_frame(levels: Sequence[Any]) -> pd.DataFrame:
    """Return one side.

    Parameters
    ----------
    levels
        Levels, best first.

    Returns
    -------
    pandas.DataFrame
        As a side of `BookSnapshot`.
    """
    rows = len(levels)
    values = _floats([[level.px for level in levels], [level.sz for level in levels]])
    blocks = [(values, _PX_AND_SZ), (_orders(levels, rows), _ORDERS)]
    columns = _SIDE
    if rows and hasattr(levels[0], "organic_sz"):
        organic = [_number(level.organic_sz) for level in levels]
        blocks.append((np.array([organic]), _ORGANIC))
        columns = _RPI_SIDE
    return create_dataframe_from_blocks(blocks, index=_LEVELS[:rows], columns=columns)


def _prices_and_sizes(
    bids: Sequence[Any], asks: Sequence[Any], rows: int
) -> NDArray[np.float64]:
    missing_bids = [np.nan] * (rows - len(bids))
    missing_asks = [np.nan] * (rows - len(asks))
    return _floats(
        [
            [level.px for level in bids] + missing_bids,
            [level.sz for level in bids] + missing_bids,
            [level.px for level in asks] + missing_asks,
            [level.sz for level in asks] + missing_asks,
        ]
    )


def _floats(rows: list[list[float]]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64)


def _orders(levels: Sequence[Any], rows: int) -> Any:
    counts = [level.orders for level in levels]
    values, missing = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    missing[len(counts) :] = True
    try:
        values[: len(counts)] = counts
    except (TypeError, ValueError):  # "" or None: not sent
        missing[: len(counts)] = [count in ("", None) for count in counts]
        values[: len(counts)] = [count or 0 for count in counts]
    return pd.arrays.IntegerArray(values, missing)


def _number(value: Any) -> float:
    return np.nan if value in ("", None) else value
