"""Funding and open interest of a swap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.metrics import annual_rate
from okxlab.views.charts.amounts import said, said_amount, size_format
from okxlab.views.charts.arrays import column, in_order, milliseconds
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import (
    change,
    coloured,
    domains,
    heading,
    layout,
    number_axis,
    price_tag,
    time_axis,
)
from okxlab.views.charts.price import line
from okxlab.views.charts.theme import ACCENT, AMBER, BUY, NEUTRAL, SELL, VIOLET, faint
from okxlab.views.charts.thinning import largest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["FUNDING", "OPEN_INTEREST"]

_PERCENT: Final = 100.0


def _draw_funding(subject: Subject) -> Drawing:
    frame = in_order(subject.frame)
    x = milliseconds(pd.DatetimeIndex(frame.index))
    rate = _PERCENT * column(frame, "funding_rate")
    last = float(rate[-1]) if len(x) else float("nan")
    colour = SELL if last < 0 else BUY
    lines, tags = price_tag(last, f"{said(last, 4)} %", colour)
    above, below = domains(3, 2)
    lower = {"zeroline": True, "tickformat": ".5~f", "ticksuffix": " %"}
    return Drawing(
        traces=[
            _rate("funding", x, rate, ACCENT, fill="tozeroy"),
            _rate(
                "next", x, _PERCENT * column(frame, "next_funding_rate"), AMBER, "dot"
            ),
            _rate(
                "premium", x, _PERCENT * column(frame, "premium"), VIOLET, yaxis="y2"
            ),
        ],
        layout=layout(
            _funding_heading(subject, frame, last),
            xaxis=time_axis("y2"),
            yaxis=number_axis(above, **lower),
            yaxis2=number_axis(below, nticks=4, **lower),
            shapes=lines,
            annotations=tags,
        ),
    )


def _rate(
    name: str,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    colour: str,
    dash: str = "solid",
    **parts: Any,
) -> dict[str, Any]:
    look = {"color": colour, "width": 1.6, "shape": "hv", "dash": dash}
    return line(
        name,
        x,
        y,
        colour,
        line=look,
        fillcolor=faint(colour, 0.12),
        hovertemplate="%{y:.5f} %",
        **parts,
    )


def _funding_heading(
    subject: Subject, frame: pd.DataFrame, last: float
) -> dict[str, Any]:
    if not len(frame):
        return heading(subject.inst_id, subject.channel)
    newest = frame.iloc[-1]
    begin, end = newest["funding_time"], newest["next_funding_time"]
    year, when = "", ""
    if pd.notna(begin):
        when = f"due {begin.hour:02d}:{begin.minute:02d} UTC"
    if pd.notna(begin) and pd.notna(end) and end > begin:
        seconds = (end - begin).total_seconds()
        yearly = _PERCENT * annual_rate(last / _PERCENT, seconds)
        year = f"{said(yearly, 2)} % a year, paid every {seconds / 3600:g} h"
    payer = "shorts pay longs" if last < 0 else "longs pay shorts"
    colour = SELL if last < 0 else BUY
    rate = f"<b>{coloured(f'{said(last, 4)} %', colour)}</b>"
    return heading(subject.inst_id, "funding rate", rate, year, payer, when)


FUNDING = Chart(
    name="funding",
    title="funding rate, the next one, and the premium",
    fits=lambda subject: subject.has("funding_rate"),
    draw=_draw_funding,
)


def _draw_interest(subject: Subject) -> Drawing:
    frame = in_order(subject.frame)
    x = milliseconds(pd.DatetimeIndex(frame.index))
    interest = column(frame, "oi")
    steps = np.diff(interest, prepend=interest[:1])
    above, below = domains(3, 1.4)
    last = float(interest[-1]) if len(x) else float("nan")
    lines, tags = price_tag(last, said_amount(last), ACCENT)
    return Drawing(
        traces=[
            line("open interest", x, interest, ACCENT, hovertemplate="%{y:,.6~f}"),
            *_steps(x, steps),
        ],
        layout=layout(
            _interest_heading(subject, frame, interest),
            xaxis=time_axis("y2"),
            yaxis=number_axis(above, tickformat=size_format(interest)),
            yaxis2=number_axis(
                below, nticks=4, zeroline=True, tickformat=size_format(np.abs(steps))
            ),
            shapes=lines,
            annotations=tags,
        ),
    )


def _steps(x: NDArray[np.float64], steps: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Return by how much open interest rose and fell, each in its colour."""
    return [
        {
            "type": "bar",
            "uid": name,
            "name": name,
            "x": x[which],
            "y": steps[which],
            "yaxis": "y2",
            "marker": {"color": faint(colour, 0.8), "line": {"width": 0}},
            "showlegend": False,
            "hovertemplate": "%{y:+,.6~f}",
        }
        for name, which, colour in (
            ("opened", largest_of(steps, steps > 0), BUY),
            ("closed", largest_of(-steps, steps < 0), SELL),
        )
    ]


def _interest_heading(
    subject: Subject, frame: pd.DataFrame, interest: NDArray[np.float64]
) -> dict[str, Any]:
    known = interest[np.isfinite(interest)]
    if not len(known):
        return heading(subject.inst_id, "open interest")
    usd = column(frame, "oi_usd")[-1]
    worth = (
        coloured(f"{usd / 1e6:,.1f} million USD", NEUTRAL) if np.isfinite(usd) else ""
    )
    return heading(
        subject.inst_id,
        "open interest",
        f"<b>{said_amount(float(known[-1]))}</b> contracts",
        change(float(known[0]), float(known[-1])),
        worth,
    )


OPEN_INTEREST = Chart(
    name="open-interest",
    title="open interest and its changes",
    fits=lambda subject: subject.has("oi"),
    draw=_draw_interest,
)
