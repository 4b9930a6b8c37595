"""The tape of the newest trades, and the volume by price beside it."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.metrics import vwap
from okxlab.views.charts.amounts import said, size_format, size_unit
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import heading, layout, price_axis
from okxlab.views.charts.theme import AMBER, BUY, NEUTRAL, SELL, faint
from okxlab.views.charts.trades import Tape, is_of_trades

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["TAPE", "volume_by_price"]

_ROWS: Final = 14
"""Trades on the tape."""
_BINS: Final = 40
"""Steps of price, at most."""


def volume_by_price(
    tape: Tape, tick: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum what was bought and sold by price.

    Parameters
    ----------
    tape
        The trades.
    tick
        Smallest step of the price; a step of the result is a multiple of it.

    Returns
    -------
    tuple of numpy.ndarray
        Middle of each step, what takers bought in it, and what they sold.
    """
    known = np.isfinite(tape.px) & np.isfinite(tape.sz)
    px, sz = tape.px[known], tape.sz[known]
    if not len(px):
        return np.empty(0), np.empty(0), np.empty(0)
    low, high = float(px.min()), float(px.max())
    step = tick * max(1, int(np.ceil((high - low) / tick / (_BINS - 1))))
    place = np.floor((px - low) / step + 0.5).astype(np.intp)
    count = int(place.max()) + 1
    bought, sold = (
        np.bincount(place, np.where(which[known], sz, 0.0), count).astype(np.float64)
        for which in (tape.bought, tape.sold)
    )
    return low + step * np.arange(count, dtype=np.float64), bought, sold


def _draw(subject: Subject) -> Drawing:
    tape = Tape.of(subject.frame)
    digits = subject.digits(tape.px)
    unit = size_unit(subject.inst_id)
    price, bought, sold = volume_by_price(tape, subject.step(digits))
    mean = _vwap(tape)
    traces = [_newest(tape, digits, unit)] if len(tape.px) else []
    traces += [
        {
            "type": "bar",
            "orientation": "h",
            "uid": name,
            "name": name,
            "x": amount,
            "y": price,
            "marker": {"color": faint(colour, 0.75), "line": {"width": 0}},
            "hovertemplate": f"%{{x:,.6~f}} {unit}",
        }
        for name, amount, colour in (("bought", bought, BUY), ("sold", sold, SELL))
    ]
    return Drawing(
        traces=traces,
        layout=layout(
            heading(
                subject.inst_id,
                f"{subject.channel}, newest and by price",
                f"{len(tape.px):,} trades" if len(tape.px) else "",
                f"VWAP {said(mean, digits)}" if len(tape.px) else "",
            ),
            barmode="stack",
            bargap=0.12,
            hovermode="y unified",
            xaxis={
                "domain": [0.44, 1.0],
                "rangemode": "tozero",
                "tickformat": size_format(bought + sold),
            },
            yaxis={**price_axis(digits), "showgrid": False},
            shapes=_line_at(mean),
        ),
    )


def _vwap(tape: Tape) -> float:
    times = pd.DatetimeIndex(tape.x.astype("M8[ms]"), tz="UTC")
    found = vwap(pd.DataFrame({"px": tape.px, "sz": tape.sz}, index=times))
    return float(found)


def _newest(tape: Tape, digits: int, unit: str) -> dict[str, Any]:
    """Return the newest trades as a table, the last one on top."""
    at = np.arange(len(tape.px))[::-1][:_ROWS]
    times = pd.DatetimeIndex(tape.x[at].astype("M8[ms]")).strftime("%H:%M:%S.%f")
    colours = np.where(tape.bought[at], BUY, np.where(tape.sold[at], SELL, NEUTRAL))
    sides = np.where(tape.bought[at], "buy", np.where(tape.sold[at], "sell", ""))
    clear = "rgba(0,0,0,0)"
    largest = float(np.nanmax(tape.sz)) if np.isfinite(tape.sz).any() else 1.0
    weight = np.sqrt(np.nan_to_num(tape.sz[at]) / (largest or 1.0))
    behind = [
        faint(BUY if is_buy else SELL, round(0.06 + 0.4 * float(share), 3))
        for is_buy, share in zip(tape.bought[at], weight, strict=True)
    ]
    return {
        "type": "table",
        "uid": "tape",
        "domain": {"x": [0.0, 0.41], "y": [0.0, 1.0]},
        "columnwidth": [1.25, 0.6, 1.1, 1.1],
        "header": {
            "values": ["time (UTC)", "side", "price", unit or "size"],
            "align": ["left", "left", "right", "right"],
            "fill": {"color": clear},
            "line": {"color": clear},
            "height": 24,
        },
        "cells": {
            "values": [
                [one[:-3] for one in times],
                sides.tolist(),
                [said(float(one), digits) for one in tape.px[at]],
                [f"{one:,.6g}" for one in tape.sz[at]],
            ],
            "align": ["left", "left", "right", "right"],
            "fill": {"color": [clear, clear, clear, behind]},
            "font": {"color": [NEUTRAL, colours.tolist(), colours.tolist(), NEUTRAL]},
            "line": {"color": clear},
            "height": 24,
        },
    }


def _line_at(mean: float) -> list[dict[str, Any]]:
    if isnan(mean):
        return []
    place = {"xref": "x domain", "x0": 0, "x1": 1, "y0": mean, "y1": mean}
    style = {"color": AMBER, "width": 1.4, "dash": "dot"}
    return [{"type": "line", "name": "vwap", **place, "line": style}]


TAPE = Chart(
    name="tape",
    title="newest trades, and volume by price",
    fits=is_of_trades,
    draw=_draw,
    is_over_time=False,
)
