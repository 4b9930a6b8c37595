"""The newest rows as a table: what any stream can show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.panels import heading, layout

if TYPE_CHECKING:
    from okxlab.views.charts.subject import Subject

__all__ = ["TABLE", "said_value"]

_ROWS, _COLUMNS = 13, 8
"""What fits without scrolling."""
_MARGIN: Final = {"l": 14, "r": 14, "t": 66, "b": 8}
_CLEAR: Final = "rgba(0,0,0,0)"


def said_value(value: Any) -> str:
    """Return a value of a frame as a reader wants it; escaped."""
    if isinstance(value, pd.Timestamp):
        return str(value.tz_localize(None).isoformat(" ", timespec="milliseconds"))
    if isinstance(value, (float, np.floating)):
        return (
            "" if np.isnan(value) else f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")
        )
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    return escape(str(value))


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the newest rows with the columns that hold something."""
    rows = frame.tail(_ROWS).iloc[::-1]
    if isinstance(rows.index, pd.DatetimeIndex) or rows.index.names != [None]:
        rows = rows.reset_index()
    held = [name for name in rows.columns if rows[name].notna().any()]
    wanted = [name for name in held if name not in ("recv", "origin")] or held
    return rows[(wanted if len(rows) else list(rows.columns))[:_COLUMNS]]


def _draw(subject: Subject) -> Drawing:
    rows = _shown(subject.frame)
    what, title = subject.inst_id or subject.channel, ""
    if subject.inst_id:
        title = subject.channel
    traces = [_table(rows)] if len(rows) else []
    bare = {"visible": False}
    count = f"{len(subject.frame):,} rows" if len(rows) else ""
    return Drawing(
        traces=traces,
        layout=layout(
            heading(what, title, count), xaxis=bare, yaxis=bare, margin=_MARGIN
        ),
    )


def _table(rows: pd.DataFrame) -> dict[str, Any]:
    numeric = [pd.api.types.is_numeric_dtype(rows[name]) for name in rows.columns]
    aligned = ["right" if one else "left" for one in numeric]
    texts = [[said_value(value) for value in rows[name]] for name in rows.columns]
    widths = [
        max(len(str(name)), *map(len, column)) + 2
        for name, column in zip(rows.columns, texts, strict=True)
    ]
    return {
        "type": "table",
        "columnwidth": widths,
        "uid": "rows",
        "header": {
            "values": [f"<b>{escape(str(name))}</b>" for name in rows.columns],
            "align": aligned,
            "fill": {"color": _CLEAR},
            "line": {"color": _CLEAR},
            "height": 26,
        },
        "cells": {
            "values": texts,
            "align": aligned,
            "fill": {
                "color": [["rgba(128,136,148,0.07)", _CLEAR] * (len(rows) // 2 + 1)]
            },
            "line": {"color": _CLEAR},
            "height": 24,
        },
    }


TABLE = Chart(
    name="table",
    title="the newest rows",
    fits=lambda _: True,
    draw=_draw,
    is_over_time=False,
    is_of_many=True,
)
