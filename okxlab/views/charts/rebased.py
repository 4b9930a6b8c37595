"""Several instruments on one scale: each begins at 100."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.metrics import rebased
from okxlab.views.charts.arrays import first_of, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import change, coloured, heading, layout, time_axis
from okxlab.views.charts.price import PRICES, line
from okxlab.views.charts.theme import SERIES

if TYPE_CHECKING:
    from okxlab.views.charts.subject import Subject

__all__ = ["REBASED"]

_BASE: Final = 100.0
_SAID: Final = 4
"""Instruments whose change the heading says; the tags at the edge say all."""


def _fits(subject: Subject) -> bool:
    return subject.has() and bool(first_of(subject.frame, PRICES))


def _draw(subject: Subject) -> Drawing:
    frame = in_order(subject.frame)
    name, column = first_of(frame, PRICES), subject.id_column
    traces, tags, facts = [], [], []
    for at, inst_id in enumerate(subject.held or ("",)):
        prices = (frame[frame[column] == inst_id] if column else frame)[name]
        colour = SERIES[at % len(SERIES)]
        made = _line(inst_id or subject.channel, prices, colour)
        traces.append(made)
        known = made["y"][np.isfinite(made["y"])]
        if len(known):
            tags.append(_tag(float(known[-1]), colour))
            facts.append(
                f"{coloured(f'<b>{escape(inst_id)}</b>', colour)} "
                f"{change(_BASE, float(known[-1]))}"
            )
    what = " · ".join((subject.held or (subject.channel,))[:1])
    what = f"{len(subject.held)} instruments" if subject.is_many else what
    title = f"{subject.channel}, {_BASE:g} at the start"
    return Drawing(
        traces=traces,
        layout=layout(
            heading(what, title, *facts[:_SAID]),
            xaxis=time_axis(),
            yaxis={
                "side": "right",
                "tickformat": ",.2f",
                "hoverformat": ",.3f",
                "showgrid": True,
            },
            shapes=[_start()],
            annotations=tags,
        ),
    )


def _line(name: str, prices: pd.Series, colour: str) -> dict[str, Any]:
    x = milliseconds(pd.DatetimeIndex(prices.index))
    y = rebased(prices, _BASE).to_numpy(np.float64)
    look = {"color": colour, "width": 1.6, "shape": "hv"}
    return line(name, x, y, colour, line=look, hovertemplate="%{y:,.3f}")


def _tag(value: float, colour: str) -> dict[str, Any]:
    return {
        "name": "last",
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "y": value,
        "yanchor": "middle",
        "text": f"{value:,.2f}",
        "showarrow": False,
        "font": {"color": "#ffffff", "size": 11},
        "bgcolor": colour,
        "borderpad": 2,
    }


def _start() -> dict[str, Any]:
    place = {"xref": "paper", "x0": 0, "x1": 1, "y0": _BASE, "y1": _BASE}
    style = {"color": SERIES[-1], "width": 1, "dash": "dot"}
    return {"type": "line", "name": "start", **place, "line": style}


REBASED = Chart(
    name="rebased",
    title="prices as parts of the first one, several instruments on one scale",
    fits=_fits,
    draw=_draw,
    is_of_many=True,
)
