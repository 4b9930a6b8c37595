"""How well a stream does: how late rows are, how many, how long it was silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.views.charts.amounts import size_format
from okxlab.views.charts.arrays import in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import (
    coloured,
    domains,
    heading,
    layout,
    number_axis,
    time_axis,
)
from okxlab.views.charts.price import line
from okxlab.views.charts.theme import ACCENT, AMBER, NEUTRAL, VIOLET, faint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["HEALTH", "lag_of", "rows_a_second"]

_BARS: Final = 150
"""Bars of the number of rows, at most."""
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 300, 900, 3_600)
"""What a bar may stand for [s]."""


def lag_of(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return how long after its time each live row was received [ms].

    Rows of history, which nobody waited for, are NaN.
    """
    found = milliseconds(frame["recv"]) - milliseconds(pd.DatetimeIndex(frame.index))
    if "origin" in frame.columns:
        found[(frame["origin"] == "history").to_numpy()] = np.nan
    return found


def rows_a_second(
    x: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many rows there were a second, by time.

    Parameters
    ----------
    x
        Times [ms], in order.

    Returns
    -------
    tuple of numpy.ndarray
        Middle of each interval [ms], and rows a second in it.
    """
    if not len(x):
        return np.empty(0), np.empty(0)
    span = (x[-1] - x[0]) / 1_000
    length = next((one for one in _STEPS if span / one <= _BARS), span / _BARS) * 1_000
    place = np.floor((x - x[0]) / length).astype(np.intp)
    counts = np.bincount(place).astype(np.float64) / (length / 1_000)
    return x[0] + length * (np.arange(len(counts)) + 0.5), counts


def _draw(subject: Subject) -> Drawing:
    frame = in_order(subject.timed)
    x = milliseconds(pd.DatetimeIndex(frame.index))
    lag = lag_of(frame) if subject.is_lag_known else np.full(len(x), np.nan)
    recv = np.sort(milliseconds(frame["recv"]))
    silence = np.diff(recv, prepend=recv[:1])
    middles, counts = rows_a_second(x)
    is_known = bool(np.isfinite(lag).any())
    above, between, below = domains(2 if is_known else 0.001, 1.4, 1.4)
    return Drawing(
        traces=[
            line("lag", x, lag, ACCENT, hovertemplate="%{y:,.1f} ms"),
            _rate(middles, counts),
            line(
                "silence",
                x,
                silence,
                VIOLET,
                yaxis="y3",
                line={"color": VIOLET, "width": 1},
                fill="tozeroy",
                fillcolor=faint(VIOLET, 0.15),
                hovertemplate="%{y:,.1f} ms",
            ),
        ],
        layout=layout(
            _heading(subject, lag, silence, counts),
            showlegend=False,
            xaxis=time_axis("y3"),
            yaxis=number_axis(
                above, rangemode="tozero", title=_title("lag [ms]"), visible=is_known
            ),
            yaxis2=number_axis(
                between,
                nticks=4,
                rangemode="tozero",
                tickformat=size_format(counts),
                title=_title("rows/s"),
            ),
            yaxis3=number_axis(
                below, nticks=4, rangemode="tozero", title=_title("silence [ms]")
            ),
        ),
    )


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 10}, "standoff": 4}


def _rate(x: NDArray[np.float64], counts: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "type": "bar",
        "uid": "rows",
        "name": "rows",
        "x": x,
        "y": counts,
        "yaxis": "y2",
        "marker": {"color": faint(AMBER, 0.7), "line": {"width": 0}},
        "hovertemplate": "%{y:,.1f} rows/s",
    }


def _heading(
    subject: Subject,
    lag: NDArray[np.float64],
    silence: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> dict[str, Any]:
    what = subject.inst_id or subject.channel
    title = f"health of {subject.channel}"
    if not len(silence):
        return heading(what, title)
    known = lag[np.isfinite(lag)]
    late = coloured("lag not known", NEUTRAL)
    if len(known):
        usual, slow = np.percentile(known, (50, 99))
        late = f"lag <b>{usual:,.0f} ms</b>, 99 % below {slow:,.0f} ms"
    return heading(
        what,
        title,
        late,
        f"{counts.mean():,.1f} rows/s",
        f"longest silence {silence.max() / 1_000:,.1f} s",
        f"{len(subject.gaps)} gap{'' if len(subject.gaps) == 1 else 's'}",
    )


HEALTH = Chart(
    name="health",
    title="lag, rows a second and silence",
    fits=lambda subject: (
        "recv" in subject.timed.columns
        and isinstance(subject.timed.index, pd.DatetimeIndex)
    ),
    draw=_draw,
    is_of_many=True,
)
