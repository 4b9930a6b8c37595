"""The account: its equity and its positions."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from okxlab.views.charts.amounts import said
from okxlab.views.charts.arrays import column, first_of, in_order, milliseconds
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
from okxlab.views.charts.theme import ACCENT, BUY, NEUTRAL, SELL, SERIES, faint

if TYPE_CHECKING:
    from okxlab.views.charts.subject import Subject

__all__ = ["EQUITY", "POSITIONS"]

_BARS: Final = 12
"""Currencies or positions that are drawn, the largest."""
_USD: Final = ",.2f"


def _draw_equity(subject: Subject) -> Drawing:
    changes = in_order(subject.timed)
    x = milliseconds(pd.DatetimeIndex(changes.index))
    equity = column(changes, "account_total_eq")
    known = equity[np.isfinite(equity)]
    last = float(known[-1]) if len(known) else float("nan")
    lines, tags = price_tag(last, said(last, 2), ACCENT)
    above, below = domains(3, 2)
    steps = {"color": ACCENT, "width": 1.8, "shape": "hv"}
    return Drawing(
        traces=[
            line(
                "equity", x, equity, ACCENT, line=steps, hovertemplate="%{y:,.2f} USD"
            ),
            _balances(subject.frame),
        ],
        layout=layout(
            heading(
                "account",
                "equity",
                f"<b>{said(last, 2)}</b> USD" if len(known) else "",
                change(float(known[0]), last) if len(known) else "",
            ),
            hoversubplots="single",
            showlegend=False,
            xaxis={**time_axis("y"), "domain": [0.0, 1.0]},
            yaxis=number_axis([above[0] + 0.06, above[1]], tickformat=_USD),
            xaxis2={"anchor": "y2", "type": "category"},
            yaxis2=number_axis(
                below,
                anchor="x2",
                tickformat="~s",
                rangemode="tozero",
                title={"text": "USD", "font": {"size": 10}},
            ),
            shapes=lines,
            annotations=tags,
        ),
    )


def _balances(frame: pd.DataFrame) -> dict[str, Any]:
    worth = pd.Series(
        column(frame, "eq_usd"), index=_labels(frame, "ccy"), dtype=np.float64
    )
    worth = worth.dropna().sort_values(ascending=False)[:_BARS]
    return {
        "type": "bar",
        "uid": "balances",
        "name": "balances",
        "x": worth.index.to_numpy(dtype=object),
        "y": worth.to_numpy(np.float64),
        "xaxis": "x2",
        "yaxis": "y2",
        "width": 0.5,
        "text": [f"{value:,.0f}" for value in worth],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": faint(ACCENT, 0.55), "line": {"width": 0}},
        "hovertemplate": "%{x}: %{y:,.2f} USD<extra></extra>",
    }


def _labels(frame: pd.DataFrame, name: str) -> list[str]:
    values = frame.reset_index()
    return [escape(str(one)) for one in values[name]] if name in values.columns else []


EQUITY = Chart(
    name="equity",
    title="equity of the account over time, and its currencies",
    fits=lambda subject: (
        subject.kind == "state" and "account_total_eq" in subject.frame.columns
    ),
    draw=_draw_equity,
    is_of_many=True,
)


def _draw_positions(subject: Subject) -> Drawing:
    changes = in_order(subject.timed)
    above, below = domains(3, 2)
    total = np.nansum(column(subject.frame, "upl"))
    colour = SELL if total < 0 else BUY
    count = len(subject.frame)
    return Drawing(
        traces=[_bars(subject.frame), *_lines(changes)],
        layout=layout(
            heading(
                "positions",
                "unrealised profit and loss",
                f"<b>{coloured(said(float(total), 2), colour)}</b>" if count else "",
                f"{count} open",
            ),
            hoversubplots="single",
            xaxis=time_axis("y"),
            yaxis=number_axis([above[0] + 0.06, above[1]], zeroline=True),
            xaxis2={"anchor": "y2", "zeroline": True, "tickformat": ",.4~f"},
            yaxis2={
                "domain": below,
                "anchor": "x2",
                "type": "category",
                "side": "right",
                "autorange": "reversed",
            },
        ),
    )


def _bars(frame: pd.DataFrame) -> dict[str, Any]:
    """Return what each open position stands at, with what it is."""
    profit = column(frame, "upl")
    order = np.argsort(-np.abs(np.nan_to_num(profit)))[:_BARS]
    rows = frame.iloc[order]
    colours = [
        NEUTRAL if np.isnan(one) else SELL if one < 0 else BUY for one in profit[order]
    ]
    return {
        "type": "bar",
        "orientation": "h",
        "uid": "open",
        "name": "open",
        "x": profit[order],
        "y": np.array([_position(row) for _, row in rows.iterrows()], dtype=object),
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"color": colours, "opacity": 0.75, "line": {"width": 0}},
        "text": [said(float(one), 2) for one in profit[order]],
        "textposition": "auto",
        "showlegend": False,
        "hovertemplate": "%{y}: %{x:,.4~f}<extra></extra>",
    }


def _position(row: pd.Series) -> str:
    lever = row.get("lever")
    times = (
        f" \N{MULTIPLICATION SIGN}{lever:g}"
        if isinstance(lever, float) and np.isfinite(lever)
        else ""
    )
    size = f"{row.get('pos', np.nan):+,.6g}".replace("-", "\N{MINUS SIGN}")
    return f"{escape(str(row.get('inst_id', '')))} {size}{times}"


def _lines(changes: pd.DataFrame) -> list[dict[str, Any]]:
    name = first_of(changes, ("inst_id",))
    if not name or not len(changes):
        return []
    held = changes[name].value_counts().index[: len(SERIES)]
    return [
        line(
            str(inst_id),
            milliseconds(pd.DatetimeIndex(rows.index)),
            column(rows, "upl"),
            SERIES[at],
            line={"color": SERIES[at], "width": 1.5, "shape": "hv"},
            hovertemplate="%{y:+,.2f}",
        )
        for at, inst_id in enumerate(sorted(held))
        for rows in (changes[changes[name] == inst_id],)
    ]


POSITIONS = Chart(
    name="positions",
    title="profit and loss of open positions",
    fits=lambda subject: (
        subject.kind == "state" and {"upl", "pos"} <= set(subject.frame)
    ),
    draw=_draw_positions,
    is_of_many=True,
)
