"""Fewer points that look the same: for display, never for the data itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MANY", "POINTS", "kind_of_scatter", "largest", "largest_of", "thin"]

POINTS = 2_000
"""Points of a line: about one for each pixel of a wide screen."""
MANY = 800
"""Markers from which on the graphics card draws them."""


def thin(
    x: NDArray[np.float64], y: NDArray[np.float64], points: int = POINTS
) -> NDArray[np.intp]:
    """Return which points of a line to draw so that it looks as if all were.

    Parameters
    ----------
    x
        In ascending order.
    y
        What is missing is left out where there are too many points.
    points
        How many to keep at most, and at least 4.

    Returns
    -------
    numpy.ndarray
        Positions, ascending.  The first and the last point and every extreme that
        a screen could show are among them.

    References
    ----------
    Van Der Donckt et al., "MinMaxLTTB: leveraging MinMax-preselection to scale
    LTTB" (2023).
    """
    if len(x) <= points:
        return np.arange(len(x))
    held = np.flatnonzero(np.isfinite(y))
    if len(held) <= points:
        return held
    from tsdownsample import MinMaxLTTBDownsampler

    values = np.ascontiguousarray(y[held])
    thinner: Any = MinMaxLTTBDownsampler
    found = thinner().downsample(
        np.ascontiguousarray(x[held]), values, n_out=max(points - 2, 4)
    )
    # The second stage may pass over an extreme of the whole; a chart may not.
    ends = (values.argmin(), values.argmax())
    kept: NDArray[np.intp] = held[np.union1d(found.astype(np.intp), ends)]
    return kept


def largest(sizes: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Return the positions of the largest values, ascending."""
    if len(sizes) <= points:
        return np.arange(len(sizes))
    ranked = np.where(np.isfinite(sizes), sizes, -np.inf)
    return np.sort(np.argpartition(ranked, -points)[-points:])


def largest_of(
    sizes: NDArray[np.float64], which: NDArray[np.bool_], points: int = MANY
) -> NDArray[np.intp]:
    """Return the positions of the largest of some values, ascending."""
    at = np.flatnonzero(which)
    return at[largest(sizes[at], points)]


def kind_of_scatter(points: int) -> str:
    """Return which kind of trace draws so many markers.

    A page has room for few of those that the graphics card draws, so only large
    ones are.
    """
    return "scattergl" if points > MANY else "scatter"
