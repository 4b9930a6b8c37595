"""Candles that move by themselves, for cells of the browser's notebooks."""

from __future__ import annotations

import time

import numpy as np
import plotly.graph_objects as go

from okxlab.runtime import current_runtime
from okxlab.views.figure.deltas import Relayout, ReplaceTail, Restyle
from okxlab.views.figure.widget import LiveFigure

MINUTE = 60_000.0
UPDATES_PER_BAR = 40


class CandleSource:
    """A random walk: every look moves the last bar, some open the next.

    With `rate` it moves so many times a second whoever looks, and otherwise once
    for every look.  With `is_stamped` it says when it was looked at, for whoever
    measures how long that takes to the screen.
    """

    def __init__(
        self,
        seed: int = 0,
        bars: int = 500,
        rate: float | None = None,
        *,
        is_stamped: bool = False,
    ):
        self._is_stamped = is_stamped
        self._draws = np.random.default_rng(seed)
        self._keep = bars
        self._rate = rate
        self._begun = time.monotonic()
        self.asked = 0
        self.updates = 0
        close = 64_000 + np.cumsum(self._draws.normal(0, 12, bars))
        opened = np.append(close[0], close[:-1])
        spread = self._draws.exponential(8, (2, bars))
        self.columns = {
            "x": 1_790_000_000_000.0 + MINUTE * np.arange(bars),
            "open": opened,
            "high": np.maximum(opened, close) + spread[0],
            "low": np.minimum(opened, close) - spread[1],
            "close": close,
        }

    @property
    def last(self) -> float:
        """The newest price."""
        return float(self.columns["close"][-1])

    def step(self) -> None:
        """Let the price move once."""
        self.updates += 1
        held = self.columns
        price = self.last + self._draws.normal(0, 3)
        if self.updates % UPDATES_PER_BAR == 0:
            opening = dict.fromkeys(("open", "high", "low", "close"), self.last)
            opening["x"] = held["x"][-1] + MINUTE
            for name, value in opening.items():
                held[name] = np.append(held[name][1:], value)
        held["close"][-1] = price
        held["high"][-1] = max(held["high"][-1], price)
        held["low"][-1] = min(held["low"][-1], price)

    def changes(self):
        """Return the bars that may have changed since the last look."""
        self.asked += 1
        newest = self.columns["x"][-1]
        due = self.updates + 1
        if self._rate is not None:
            due = int((time.monotonic() - self._begun) * self._rate)
        while self.updates < due:
            self.step()
        new = round((self.columns["x"][-1] - newest) / MINUTE) + 1
        tail = {name: values[-new:].copy() for name, values in self.columns.items()}
        line = {"shapes[0].y0": self.last, "shapes[0].y1": self.last}
        changes = [ReplaceTail(0, -1, tail, keep=self._keep), Relayout(line)]
        if self._is_stamped:
            changes.append(Restyle(0, {"meta": time.time() * 1000.0}))
        return changes

    def figure(self) -> go.Figure:
        """Return the chart of this moment."""
        line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": self.last}
        look = {"y1": self.last, "line": {"dash": "dot", "width": 1}}
        return go.Figure(
            go.Candlestick({name: each.copy() for name, each in self.columns.items()}),
            layout={
                "height": 320,
                "margin": {"t": 16, "b": 30, "l": 64, "r": 16},
                "xaxis": {"rangeslider": {"visible": False}, "type": "date"},
                "shapes": [line | look],
            },
        )


def live(source: CandleSource, **options) -> LiveFigure:
    """Return a live figure of a source."""
    painter = current_runtime().painter
    return LiveFigure(source.figure(), source, painter=painter, **options)
