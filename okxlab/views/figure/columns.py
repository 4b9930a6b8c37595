"""Columns of a trace as they travel: float64, or texts."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd

__all__ = ["Column", "column", "is_time", "plain", "same", "split_trace"]

Column: TypeAlias = "np.ndarray[Any, Any]"
"""float64 of one or two dimensions, or objects (texts and None) of one."""

# What plotly leaves as a list where it was given one, though it has a value a row.
_ROW_KEYS = frozenset(
    [
        "x",
        "y",
        "z",
        "open",
        "high",
        "low",
        "close",
        "text",
        "hovertext",
        "customdata",
        "ids",
        "base",
        "width",
        "offset",
        "color",
        "size",
        "symbol",
        "opacity",
        "values",
        "labels",
    ]
)


def column(values: Any) -> Column:
    """Return array-like values as they travel.

    Parameters
    ----------
    values
        Numbers, times or texts; see `okxlab.views.figure.deltas`.

    Returns
    -------
    numpy.ndarray
        float64 in C order (times in ms since 1970 UTC, missing NaN), or an
        object array of texts and None.  It may share memory with `values`.
    """
    if getattr(getattr(values, "dtype", None), "tz", None) is not None:
        values = pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None)
    array = np.asarray(values)
    if array.dtype.kind in "OUST":
        array = _objects(array)
    if array.dtype.kind == "M":
        return _milliseconds(array)
    if array.dtype.kind == "O":
        return array
    return np.ascontiguousarray(array, dtype=np.float64)


def _objects(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return objects as what they are: times, numbers or texts."""
    objects = array.astype(object)
    present = objects[~pd.isna(objects)]
    if len(present) == 0 or isinstance(present.flat[0], str):
        objects[pd.isna(objects)] = None
        return objects
    if array.ndim == 1 and hasattr(present[0], "isoformat"):
        times = pd.to_datetime(pd.Series(objects), utc=True)
        return np.asarray(times.dt.tz_localize(None))
    try:
        return np.where(pd.isna(objects), np.nan, objects).astype(np.float64)
    except (TypeError, ValueError):  # mixed, as customdata may be
        return objects


def _milliseconds(times: np.ndarray[Any, Any]) -> Column:
    milliseconds = times.astype("M8[us]").astype(np.int64) / 1000.0
    milliseconds[np.isnat(times)] = np.nan
    return np.asarray(milliseconds, dtype=np.float64)


def is_time(values: Any) -> bool:
    """Tell whether values are times, which want a date axis."""
    dtype = getattr(values, "dtype", None)
    if dtype is not None and dtype.kind != "O":
        return bool(dtype.kind == "M")
    return len(values) > 0 and hasattr(values[0], "isoformat")


def same(one: Column, other: Column) -> np.ndarray[Any, Any]:
    """Tell row by row whether two columns of equal shape agree; NaN equals NaN."""
    equal = one == other
    if one.dtype.kind == "f" and other.dtype.kind == "f":
        equal |= np.isnan(one) & np.isnan(other)
    return np.asarray(equal if one.ndim == 1 else equal.all(axis=1), dtype=bool)


def split_trace(trace: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a trace into what is said once and what has a value a row.

    Parameters
    ----------
    trace
        As plotly has it: nested dicts with arrays in them.

    Returns
    -------
    props : dict
        JSON without the columns.
    columns : dict
        Array-like values by dotted path.
    """
    if trace.get("type") == "table":  # its cells are of all kinds
        return plain(trace), {}
    columns: dict[str, Any] = {}
    return _without_columns(trace, "", columns), columns


def _without_columns(
    node: dict[str, Any], prefix: str, columns: dict[str, Any]
) -> dict[str, Any]:
    props = {}
    for key, value in node.items():
        if isinstance(value, dict):
            props[key] = _without_columns(value, f"{prefix}{key}.", columns)
        elif isinstance(value, np.ndarray) or (
            isinstance(value, list | tuple) and key in _ROW_KEYS
        ):
            columns[prefix + key] = value
        else:
            props[key] = plain(value)
    return props


def plain(value: Any) -> Any:
    """Return a value as JSON has it; times become milliseconds since 1970 UTC."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Index | pd.Series):
        return [plain(part) for part in value]
    if isinstance(value, np.datetime64) or hasattr(value, "isoformat"):
        return float(column(pd.DatetimeIndex([value]))[0])
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124  # NaN is the one that differs from itself
