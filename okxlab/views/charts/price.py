"""Prices over time: a line, with the best prices or limits around it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.views.charts.amounts import format_of, said
from okxlab.views.charts.arrays import column, first_of, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import (
    change,
    heading,
    layout,
    price_axis,
    price_tag,
    quoted,
    time_axis,
)
from okxlab.views.charts.theme import ACCENT, BUY, SELL, faint
from okxlab.views.charts.thinning import thin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["PRICE", "PRICES", "line"]

PRICES: Final = (
    "last",
    "px",
    "fill_px",
    "mid",
    "close",
    "mark_px",
    "idx_px",
    "settle_px",
    "eq_px",
)
"""Columns that hold the one price of a row, the most telling first."""
_BANDS: Final = (
    ("bid", "ask", "best bid", "best ask"),
    ("bid_px", "ask_px", "best bid", "best ask"),
    ("bid_px_1", "ask_px_1", "best bid", "best ask"),
    ("sell_lmt", "buy_lmt", "lowest sell", "highest buy"),
)
"""Columns of a price below and one above it."""


def _band(frame: pd.DataFrame) -> tuple[str, str, str, str] | None:
    return next((one for one in _BANDS if set(one[:2]) <= set(frame.columns)), None)


def _fits(subject: Subject) -> bool:
    frame = subject.frame
    return subject.has() and bool(first_of(frame, PRICES) or _band(frame))


def line(
    uid: str, x: NDArray[np.float64], y: NDArray[np.float64], colour: str, **parts: Any
) -> dict[str, Any]:
    """Return a line of as many points as a screen can show.

    Parameters
    ----------
    uid
        Its name, also as it is shown.
    x, y
        In order.
    colour
        As ``#rrggbb``.
    **parts
        Members of a scatter trace of plotly, which win.
    """
    kept = thin(x, y)
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "name": escape(uid),
        "x": x[kept],
        "y": y[kept],
        "line": {"color": colour, "width": 1.6},
        **parts,
    }


def _draw(subject: Subject) -> Drawing:
    frame = in_order(subject.frame)
    x = milliseconds(pd.DatetimeIndex(frame.index))
    name, band = first_of(frame, PRICES), _band(frame)
    quoted = [one for one in (name, *(band[:2] if band else ())) if one]
    digits = subject.digits(*(column(frame, one) for one in quoted))
    traces = _band_traces(x, frame, band, digits) if band else []
    y = column(frame, name)
    last = float("nan")
    if name:
        steps = {"color": ACCENT, "width": 1.7, "shape": "hv"}
        hover = f"%{{y:{format_of(digits)}}}"
        traces.append(line(name, x, y, ACCENT, line=steps, hovertemplate=hover))
        known = y[np.isfinite(y)]
        last = float(known[-1]) if len(known) else last
    lines, tags = price_tag(last, said(last, digits), ACCENT)
    return Drawing(
        traces=traces,
        layout=layout(
            _heading(subject, y, last, digits),
            xaxis=time_axis(),
            yaxis=price_axis(digits),
            shapes=lines,
            annotations=tags,
        ),
    )


def _band_traces(
    x: NDArray[np.float64],
    frame: pd.DataFrame,
    band: tuple[str, str, str, str],
    digits: int,
) -> list[dict[str, Any]]:
    hover = f"%{{y:{format_of(digits)}}}"
    return [
        line(
            said_as,
            x,
            column(frame, name),
            colour,
            line={"color": faint(colour, 0.65), "width": 1, "shape": "hv"},
            hovertemplate=hover,
        )
        for name, said_as, colour in (
            (band[0], band[2], BUY if band[0] != "sell_lmt" else SELL),
            (band[1], band[3], SELL if band[0] != "sell_lmt" else BUY),
        )
    ]


def _heading(
    subject: Subject, prices: NDArray[np.float64], last: float, digits: int
) -> dict[str, Any]:
    known = prices[np.isfinite(prices)]
    if not len(known):
        return heading(subject.inst_id, subject.channel)
    price = quoted(last, digits, subject.inst_id)
    low, high = float(known.min()), float(known.max())
    between = f"L {said(low, digits)}  H {said(high, digits)}"
    moved = change(float(known[0]), last)
    return heading(subject.inst_id, subject.channel, price, moved, between)


PRICE = Chart(
    name="price",
    title="price over time, with the best prices or limits around it",
    fits=_fits,
    draw=_draw,
)
