"""Where rows may be missing, shaded."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.views.charts.arrays import in_order, milliseconds
from okxlab.views.charts.theme import AMBER, faint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from okxlab.views.charts.subject import Subject

__all__ = ["gap_spans", "shade_gaps"]

_MOST: Final = 60
"""Gaps that are drawn: more are no longer told apart."""


def gap_spans(frame: pd.DataFrame, gaps: pd.DataFrame) -> NDArray[np.float64]:
    """Return where gaps lie on the axis of a frame's times.

    A gap is known by local receive time, the axis is the exchange's: it reaches
    from the last row received before it to the first one received after it.

    Parameters
    ----------
    frame
        Rows with ``recv``, in any order, indexed by time.
    gaps
        As ``stream.gaps``.

    Returns
    -------
    numpy.ndarray
        Shape (gaps, 2): start and end [ms since 1970 UTC]; a gap that is open ends at
        the newest row, one outside of the rows is NaN.
    """
    starts, ends = milliseconds(gaps["start"]), milliseconds(gaps["end"])
    if "recv" not in frame.columns or not len(frame):
        return np.full((len(gaps), 2), np.nan)
    received = frame[_is_live(frame)]
    recv = milliseconds(received["recv"])
    order = np.argsort(recv, kind="stable")
    recv, times = recv[order], milliseconds(received.index)[order]
    if not len(recv):
        return np.full((len(gaps), 2), np.nan)
    before = np.searchsorted(recv, starts, side="right") - 1
    after = np.searchsorted(recv, np.where(np.isnan(ends), np.inf, ends), side="left")
    spans = np.column_stack(
        (times[np.maximum(before, 0)], times[np.minimum(after, len(recv) - 1)])
    )
    # Nothing of it is seen if it was over before the first row was received.
    spans[(before < 0) & (after == 0)] = np.nan
    return spans


def _is_live(frame: pd.DataFrame) -> Any:
    # Rows of history are received long after their time.
    if "origin" not in frame.columns:
        return np.ones(len(frame), np.bool_)
    return (frame["origin"] != "history").to_numpy()


def shade_gaps(subject: Subject) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the shapes of a stream's gaps, and marks that name their reasons.

    Parameters
    ----------
    subject
        Rows and gaps.

    Returns
    -------
    tuple of list
        Shapes and annotations of a layout of plotly.
    """
    gaps = subject.gaps
    if "healed" in gaps.columns:  # nothing is missing where all was fetched later
        gaps = gaps[~gaps["healed"].astype(bool)]
    gaps = gaps.tail(_MOST)
    if not len(gaps):
        return [], []
    frame = in_order(subject.timed)
    shapes, marks = [], []
    spans = gap_spans(frame, gaps)
    for (start, end), reason, until in zip(
        spans, gaps["reason"], gaps["end"], strict=True
    ):
        if np.isnan(start):
            continue
        is_open = until is pd.NaT
        shapes.append(_shape(float(start), float(end)))
        marks.append(_mark(float(start + end) / 2, str(reason), is_open=is_open))
    return shapes, marks


def _shape(start: float, end: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "name": "gap",
        "layer": "below",
        "xref": "x",
        "x0": start,
        "x1": end,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "fillcolor": faint(AMBER, 0.16),
        "line": {"color": faint(AMBER, 0.55), "width": 1, "dash": "dot"},
    }


def _mark(middle: float, reason: str, *, is_open: bool) -> dict[str, Any]:
    state = "gap, still open" if is_open else "gap"
    return {
        "name": "gap",
        "xref": "x",
        "x": middle,
        "yref": "paper",
        "y": 0,
        "yanchor": "bottom",
        "text": "gap",
        "showarrow": False,
        "font": {"color": AMBER, "size": 10},
        "hovertext": f"{state}: {escape(reason)}",
        "captureevents": True,
    }
