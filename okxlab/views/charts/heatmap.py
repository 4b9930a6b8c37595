"""The order book over time as a heat map, with the mid on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from okxlab.metrics import mid
from okxlab.views.charts.amounts import (
    format_of,
    said,
    size_unit,
)
from okxlab.views.charts.arrays import column, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.depth import levels_in
from okxlab.views.charts.panels import (
    heading,
    layout,
    price_axis,
    price_tag,
    quoted,
    time_axis,
)
from okxlab.views.charts.price import line
from okxlab.views.charts.theme import ACCENT, BUY, SELL, faint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["HEATMAP", "Grid", "grid_of"]

_COLUMNS: Final = 400
"""Moments that are drawn: more are no longer told apart."""
_ROWS: Final = 120
"""Steps of price."""
_HOLE: Final = 4.0
"""So many times the usual distance between two moments is a hole."""


class Grid(NamedTuple):
    """Sizes by price and time.

    Attributes
    ----------
    x
        Moments [ms since 1970 UTC].
    y
        Middles of the steps of price, ascending.
    size
        Shape (y, x): what was bid, or below 0 what was asked; NaN where the book
        is not known.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    size: NDArray[np.float64]


def _history(subject: Subject) -> pd.DataFrame:
    held = subject.frame if subject.history is None else subject.history
    return in_order(held)


def _fits(subject: Subject) -> bool:
    # What a book was like is recorded from when one first asks for it.
    return subject.kind == "book" or levels_in(subject.frame) > 1


def grid_of(levels: pd.DataFrame, tick: float) -> Grid:
    """Put the levels of a book over time into a grid.

    Parameters
    ----------
    levels
        ``bid_px_1 bid_sz_1 ...`` by time, in order.
    tick
        Smallest step of the price; the grid's steps are a multiple of it.

    Returns
    -------
    Grid
    """
    n = levels_in(levels)
    chosen = np.unique(np.linspace(0, len(levels) - 1, _COLUMNS).astype(np.intp))
    rows = levels.iloc[chosen] if len(levels) else levels
    x = milliseconds(pd.DatetimeIndex(rows.index))
    px, size = (_matrix(rows, part, n) for part in ("px", "sz"))
    if not np.isfinite(px).any():
        return Grid(x[:0], np.empty(0), np.empty((0, 0)))
    size[:, n:] *= -1
    low, high = float(np.nanmin(px)), float(np.nanmax(px))
    step = tick * max(1, int(np.ceil((high - low) / tick / _ROWS)))
    place = np.floor((px - low) / step + 0.5)
    y = low + step * np.arange(int(np.nanmax(place)) + 1, dtype=np.float64)
    found = np.zeros((len(y), len(x)))
    moment = np.broadcast_to(np.arange(len(x))[:, None], px.shape)
    known = np.isfinite(place) & np.isfinite(size)
    np.add.at(found, (place[known].astype(np.intp), moment[known]), size[known])
    return Grid(*_with_holes(x, found, y))


def _matrix(rows: pd.DataFrame, part: str, n: int) -> NDArray[np.float64]:
    names = [f"{side}_{part}_{i}" for side in ("bid", "ask") for i in range(1, n + 1)]
    if not names or not len(rows):
        return np.empty((len(rows), len(names)))
    return np.column_stack([column(rows, name) for name in names])


def _with_holes(
    x: NDArray[np.float64], size: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Leave room where nothing is known, which would else be painted over."""
    if len(x) < 3:
        return x, y, size
    steps = np.diff(x)
    usual = float(np.median(steps))
    wide = np.flatnonzero(steps > _HOLE * usual)
    edges = np.concatenate([(x[wide] + usual), (x[wide + 1] - usual)])
    at = np.concatenate([wide + 1, wide + 1])
    order = np.argsort(edges, kind="stable")
    return (
        np.insert(x, at[order], edges[order]),
        y,
        np.insert(size, at[order], np.nan, axis=1),
    )


def _draw(subject: Subject) -> Drawing:
    levels = _history(subject)
    top = [column(levels, f"{side}_px_1") for side in ("bid", "ask")]
    digits = subject.digits(*top)
    grid = grid_of(levels, subject.step(digits))
    x = milliseconds(pd.DatetimeIndex(levels.index))
    centre = mid(pd.Series(top[0]), pd.Series(top[1])).to_numpy(np.float64)
    last = float(centre[-1]) if len(centre) else float("nan")
    lines, tags = price_tag(last, said(last, digits + 1), ACCENT)
    unit = size_unit(subject.inst_id)
    return Drawing(
        traces=[_cells(grid, digits, unit), _mid_line(x, centre, digits)],
        layout=layout(
            heading(
                subject.inst_id,
                f"{subject.channel} over time",
                quoted(last, digits + 1, subject.inst_id) if len(x) else "",
                f"{levels_in(levels)} levels a side" if len(x) else "",
            ),
            hovermode="closest",
            xaxis={**time_axis(), "showgrid": False},
            yaxis={**price_axis(digits), "showgrid": False},
            shapes=lines,
            annotations=tags,
        ),
    )


def _cells(grid: Grid, digits: int, unit: str) -> dict[str, Any]:
    # A few orders are a thousand times as large as the rest: colours go with the
    # logarithm of what is there.
    amount = np.abs(grid.size)
    there = amount[amount > 0]
    usual = float(np.median(there)) if len(there) else 1.0
    depth = np.sign(grid.size) * np.log1p(amount / usual)
    most = float(np.nanquantile(np.abs(depth), 0.995)) if depth.size else 1.0
    return {
        "type": "heatmap",
        "uid": "book",
        "name": "book",
        "x": grid.x,
        "y": grid.y,
        "z": depth,
        "customdata": grid.size,
        "zmin": -max(most, 1e-9),
        "zmax": max(most, 1e-9),
        "colorscale": [
            [0.0, faint(SELL, 1.0)],
            [0.35, faint(SELL, 0.32)],
            [0.5, faint(SELL, 0.0)],
            [0.5, faint(BUY, 0.0)],
            [0.65, faint(BUY, 0.32)],
            [1.0, faint(BUY, 1.0)],
        ],
        "showscale": False,
        "hoverongaps": False,
        "hovertemplate": (
            f"<b>%{{customdata:,.6~f}}</b> {unit} (asks below 0)"
            f"<br>at %{{y:{format_of(digits)}}}<br>%{{x|%H:%M:%S}} UTC<extra></extra>"
        ),
    }


def _mid_line(
    x: NDArray[np.float64], centre: NDArray[np.float64], digits: int
) -> dict[str, Any]:
    return line(
        "mid",
        x,
        centre,
        ACCENT,
        line={"color": ACCENT, "width": 1.2, "shape": "hv"},
        hovertemplate=f"mid %{{y:{format_of(digits + 1)}}}<extra></extra>",
        showlegend=False,
    )


HEATMAP = Chart(
    name="heatmap",
    title="order book over time, with the mid",
    fits=_fits,
    draw=_draw,
)
