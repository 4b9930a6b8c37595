"""Mid and microprice, spread and imbalance of a book's top over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.metrics import OkxAccessor
from okxlab.views.charts.amounts import format_of, said
from okxlab.views.charts.arrays import column, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.depth import levels_in
from okxlab.views.charts.panels import (
    change,
    domains,
    heading,
    layout,
    number_axis,
    price_axis,
    price_tag,
    quoted,
    time_axis,
)
from okxlab.views.charts.price import line
from okxlab.views.charts.theme import ACCENT, AMBER, BUY, SELL, VIOLET, faint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["SPREAD"]

_MEANS: Final = 400
"""Values of the imbalance that are drawn."""
_TOPS: Final = (
    ("bid", "ask", "bid_sz", "ask_sz"),
    ("bid_px", "ask_px", "bid_sz", "ask_sz"),
    ("bid_px_1", "ask_px_1", "bid_sz_1", "ask_sz_1"),
)


def _top(frame: pd.DataFrame) -> tuple[str, ...]:
    return next((one for one in _TOPS if set(one) <= set(frame.columns)), ())


def _draw(subject: Subject) -> Drawing:
    frame = in_order(subject.frame)
    figures = OkxAccessor(frame)
    x = milliseconds(pd.DatetimeIndex(frame.index))
    quoted = [column(frame, name) for name in _top(frame)[:2]]
    digits = subject.digits(*quoted) + 1
    levels = max(levels_in(frame), 1)
    centre, apart = figures.mid(), figures.spread_bps()
    leaning = figures.imbalance(levels)
    traces = [
        *_prices(x, centre, figures.microprice(), digits),
        _spread_line(x, apart),
        *_imbalances(x, leaning),
    ]
    last = float(centre.iloc[-1]) if len(x) else float("nan")
    lines, tags = price_tag(last, said(last, digits), ACCENT)
    above, between, below = domains(3, 1.3, 1.3)
    return Drawing(
        traces=traces,
        layout=layout(
            _heading(subject, centre, apart, leaning, digits, levels),
            xaxis=time_axis("y3"),
            yaxis=price_axis(digits - 1, above),
            yaxis2=number_axis(
                between, nticks=4, rangemode="tozero", title=_small("bp")
            ),
            yaxis3=number_axis(
                below,
                range=[-1, 1],
                tickvals=[-1, 0, 1],
                zeroline=True,
                title=_small("imbalance"),
            ),
            shapes=lines,
            annotations=tags,
        ),
    )


def _small(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 10}, "standoff": 4}


def _prices(
    x: NDArray[np.float64], centre: pd.Series, weighted: pd.Series, digits: int
) -> list[dict[str, Any]]:
    hover = f"%{{y:{format_of(digits)}}}"
    return [
        line(
            name,
            x,
            values.to_numpy(np.float64),
            colour,
            line={"color": colour, "width": width, "shape": "hv"},
            hovertemplate=hover,
        )
        for name, values, colour, width in (
            ("microprice", weighted, AMBER, 1.0),
            ("mid", centre, ACCENT, 1.6),
        )
    ]


def _spread_line(x: NDArray[np.float64], apart: pd.Series) -> dict[str, Any]:
    return line(
        "spread",
        x,
        apart.to_numpy(np.float64),
        VIOLET,
        yaxis="y2",
        fill="tozeroy",
        fillcolor=faint(VIOLET, 0.15),
        line={"color": VIOLET, "width": 1, "shape": "hv"},
        hovertemplate="%{y:.3f} bp",
    )


def _imbalances(x: NDArray[np.float64], leaning: pd.Series) -> list[dict[str, Any]]:
    """Return the parts above and below 0, each in its side's colour.

    It jumps with every order: where there are many values their means are shown.
    """
    values = leaning.to_numpy(np.float64)
    together = -(-len(values) // _MEANS)
    if together > 1:
        groups = np.arange(len(values)) // together
        values = leaning.groupby(groups).mean().to_numpy(np.float64)
        x = x[::together]
    return [
        line(
            name,
            x,
            part,
            colour,
            yaxis="y3",
            fill="tozeroy",
            fillcolor=faint(colour, 0.35),
            line={"color": colour, "width": 0.6, "shape": "hv"},
            hovertemplate="%{y:.2f}",
            showlegend=False,
        )
        for name, part, colour in (
            ("more bid", np.maximum(values, 0.0), BUY),
            ("more asked", np.minimum(values, 0.0), SELL),
        )
    ]


def _heading(
    subject: Subject,
    centre: pd.Series,
    apart: pd.Series,
    leaning: pd.Series,
    digits: int,
    levels: int,
) -> dict[str, Any]:
    title = f"spread and imbalance of {subject.channel}"
    known = centre.dropna()
    if not len(known):
        return heading(subject.inst_id, title)
    last = float(centre.iloc[-1])
    of_levels = f" of {levels} levels" if levels > 1 else ""
    return heading(
        subject.inst_id,
        title,
        quoted(last, digits, subject.inst_id),
        change(float(known.iloc[0]), last),
        f"spread {said(float(apart.iloc[-1]), 2)} bp, median {apart.median():.2f} bp",
        f"imbalance{of_levels} {said(float(leaning.iloc[-1]), 2)}",
    )


SPREAD = Chart(
    name="spread",
    title="mid and microprice, spread and imbalance",
    fits=lambda subject: subject.has() and bool(_top(subject.frame)),
    draw=_draw,
)
