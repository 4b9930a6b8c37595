"""Liquidations: when, of what, and how large."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.views.charts.arrays import column, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import LEGEND, coloured, heading, layout, time_axis
from okxlab.views.charts.theme import BUY, SELL, faint
from okxlab.views.charts.thinning import largest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["LIQUIDATIONS"]

_INSTRUMENTS: Final = 20
"""Instruments that are drawn, those with the most liquidations."""
_DIAMETER: Final = 22.0
"""Of the largest one of an instrument [px]."""
_SIDES: Final = (("longs", "sell", SELL), ("shorts", "buy", BUY))
"""Whose position it was, and on which side it was closed."""


def _draw(subject: Subject) -> Drawing:
    frame = in_order(subject.frame)
    counts = frame["inst_id"].value_counts()
    shown = counts.index[:_INSTRUMENTS]
    frame = frame[frame["inst_id"].isin(shown)]
    traces = [
        _markers(name, frame, (frame["side"] == side).to_numpy(np.bool_), colour)
        for name, side, colour in _SIDES
    ]
    left_out = len(counts) - len(shown)
    return Drawing(
        traces=traces if len(frame) else [],
        layout=layout(
            _heading(subject, left_out),
            hovermode="closest",
            legend={**LEGEND, "itemsizing": "constant"},
            xaxis=time_axis(),
            yaxis={
                "type": "category",
                "side": "right",
                "categoryorder": "array",
                "categoryarray": [escape(one) for one in shown[::-1]],
            },
        ),
    )


def _markers(
    name: str, frame: pd.DataFrame, which: NDArray[np.bool_], colour: str
) -> dict[str, Any]:
    # Contracts are worth different amounts: each is compared with its own kind.
    most = frame.groupby("inst_id", observed=True)["sz"].transform("max")
    sizes = np.nan_to_num(column(frame, "sz"))
    parts = sizes / np.maximum(np.nan_to_num(most.to_numpy(np.float64)), 1e-300)
    at = largest_of(parts, which)
    rows, sizes, part = frame.iloc[at], sizes[at], np.minimum(parts[at], 1.0)
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": name,
        "name": f"{name} liquidated",
        "x": milliseconds(pd.DatetimeIndex(rows.index)),
        "y": np.array([escape(one) for one in rows["inst_id"]], dtype=object),
        "customdata": np.column_stack((sizes, column(rows, "bk_px"))),
        "marker": {
            "color": faint(colour, 0.5),
            "line": {"color": colour, "width": 0.8},
            "size": 4 + (_DIAMETER - 4) * np.sqrt(part),
        },
        "hovertemplate": (
            "<b>%{y}</b><br>%{customdata[0]:,.6~f} contracts at "
            "%{customdata[1]:,.8~f}<br>%{x|%H:%M:%S} UTC<extra></extra>"
        ),
    }


def _heading(subject: Subject, left_out: int) -> dict[str, Any]:
    frame = subject.frame
    if not len(frame):
        return heading(subject.channel, "")
    said = [
        coloured(f"{int((frame['side'] == side).sum()):,} {name}", colour)
        for name, side, colour in _SIDES
    ]
    rest = f"{left_out} instruments not drawn" if left_out else ""
    return heading(subject.channel, "a sample of them", *said, rest)


LIQUIDATIONS = Chart(
    name="liquidations",
    title="liquidations by instrument, sized by amount",
    fits=lambda subject: subject.has("bk_px", "inst_id", "sz", "side"),
    draw=_draw,
    is_of_many=True,
)
