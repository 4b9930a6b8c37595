"""Depth: how much is bid and asked up to each price."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from okxlab.book.frames import cumulative_frame
from okxlab.metrics import imbalance, mid, spread, spread_bps
from okxlab.views.charts.amounts import (
    format_of,
    price_unit,
    said,
    size_format,
    size_unit,
)
from okxlab.views.charts.arrays import column, in_order
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import (
    CROSSHAIR,
    coloured,
    heading,
    layout,
    number_axis,
)
from okxlab.views.charts.theme import BUY, NEUTRAL, SELL, faint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["DEPTH", "levels_in"]


class _Level(NamedTuple):
    px: float
    sz: float


def levels_in(frame: pd.DataFrame) -> int:
    """Return how many levels a side the rows of a frame hold."""
    found = 0
    while f"bid_px_{found + 1}" in frame.columns:
        found += 1
    return found


def _fits(subject: Subject) -> bool:
    return bool(subject.kind == "book" or levels_in(subject.frame))


def _sides(subject: Subject) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the levels of a book, or those of the newest row."""
    if subject.kind == "book" or not len(subject.frame):
        return subject.bids, subject.asks
    newest = in_order(subject.frame).tail(1)
    sides = []
    for side in ("bid", "ask"):
        levels = [
            _Level(
                float(column(newest, f"{side}_px_{n}")[0]),
                float(column(newest, f"{side}_sz_{n}")[0]),
            )
            for n in range(1, levels_in(newest) + 1)
        ]
        sides.append([level for level in levels if not isnan(level.px)])
    return sides[0], sides[1]


def _draw(subject: Subject) -> Drawing:
    bids, asks = _sides(subject)
    sums = cumulative_frame(bids, asks)
    prices = np.concatenate((column(sums, "bid_px"), column(sums, "ask_px")))
    digits = subject.digits(prices)
    centre = mid(bids[0].px, asks[0].px) if bids and asks else float("nan")
    unit = size_unit(subject.inst_id)
    traces = [
        _area(name, column(sums, f"{side}_px"), column(sums, f"{side}_sz"), *look)
        for name, side, look in (
            ("bids", "bid", (BUY, digits, unit, centre)),
            ("asks", "ask", (SELL, digits, unit, centre)),
        )
    ]
    return Drawing(
        traces=traces,
        layout=layout(
            _heading(subject, bids, asks, digits),
            xaxis={
                "tickformat": format_of(digits),
                "hoverformat": format_of(digits),
                "range": _range(traces, centre),
                **CROSSHAIR,
            },
            yaxis=number_axis(
                rangemode="tozero",
                tickformat=size_format(column(sums, "bid_sz"), column(sums, "ask_sz")),
            ),
            shapes=_middle(centre),
        ),
    )


def _area(
    name: str,
    px: NDArray[np.float64],
    sums: NDArray[np.float64],
    colour: str,
    digits: int,
    unit: str,
    centre: float,
) -> dict[str, Any]:
    held = np.isfinite(px)
    px, sums = px[held], sums[held]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": name,
        "name": name,
        "x": px,
        "y": sums,
        "customdata": 100 * (px / centre - 1) if centre > 0 else np.full(len(px), 0.0),
        "fill": "tozeroy",
        "fillcolor": faint(colour, 0.18),
        "line": {"color": colour, "width": 1.8, "shape": "hv"},
        "hovertemplate": (
            f"%{{y:,.6~f}} {unit} up to %{{x:{format_of(digits)}}}"
            " (%{customdata:+.3f} %)"
        ),
    }


def _range(traces: list[dict[str, Any]], centre: float) -> list[float] | None:
    """Return as much as both sides have, so that the middle is in the middle."""
    ends = [trace["x"] for trace in traces]
    if isnan(centre) or not all(len(one) for one in ends):
        return None
    reach = min(abs(float(one[-1]) - centre) for one in ends)
    return [centre - reach, centre + reach] if reach > 0 else None


def _middle(centre: float) -> list[dict[str, Any]]:
    if isnan(centre):
        return []
    line = {"color": NEUTRAL, "width": 1, "dash": "dot"}
    place = {"x0": centre, "x1": centre, "yref": "paper", "y0": 0, "y1": 1}
    return [{"type": "line", "name": "mid", **place, "line": line}]


def _heading(
    subject: Subject, bids: Sequence[Any], asks: Sequence[Any], digits: int
) -> dict[str, Any]:
    if not bids or not asks:
        return heading(subject.inst_id, f"depth of {subject.channel}")
    bid, ask = bids[0].px, asks[0].px
    bought, sold = (sum(one.sz for one in side) for side in (bids, asks))
    leaning = imbalance(bought, sold) if bought + sold > 0 else float("nan")
    return heading(
        subject.inst_id,
        f"depth of {subject.channel}",
        f"{coloured(said(bid, digits), BUY)} / {coloured(said(ask, digits), SELL)} "
        f"{price_unit(subject.inst_id)}",
        f"spread {said(spread(bid, ask), digits)} ({spread_bps(bid, ask):.2f} bp)",
        f"imbalance {said(leaning, 2)} over {min(len(bids), len(asks))} levels",
    )


DEPTH = Chart(
    name="depth",
    title="cumulative bids and asks",
    fits=_fits,
    draw=_draw,
    is_over_time=False,
)
