"""Every chart of what no market should bring: holes, infinities, a million rows."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pandas as pd
import pytest

from okxlab.gaps import GapLedger
from okxlab.protocol.channels import CHANNELS, channel
from okxlab.views.charts import CHARTS, Subject, fitting
from tests.unit.chart_rows import START_MS, subject_of, trace, trades

ROWS = 12
MANY = 250_000
DRAWN = 150_000
"""Values of a picture at most: those of a heat map, the largest, are fewer."""


def floats(frame, change):
    """Return a frame whose floats are changed."""
    frame = frame.copy()
    for name in frame.select_dtypes("float64").columns:
        frame[name] = change(frame[name].to_numpy().copy())
    return frame


def with_floats(subject, change):
    """Return a subject whose floats are changed, in all of its frames."""
    updates = subject.updates
    return msgspec.structs.replace(
        subject,
        frame=floats(subject.frame, change),
        updates=None if updates is None else floats(updates, change),
    )


def holes(values):
    """Miss two of three values."""
    values[np.arange(len(values)) % 3 != 1] = np.nan
    return values


def nothing(values):
    """Miss all values."""
    return np.full_like(values, np.nan)


def endless(values):
    """Begin with an infinite value."""
    values[:1] = np.inf
    return values


def zero(values):
    """Be nothing, but known."""
    return np.zeros_like(values)


def drawn(subject):
    """Draw a subject as everything it fits."""
    return {name: CHARTS[name].drawing(subject) for name in fitting(subject)}


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("change", [holes, nothing, endless, zero])
def test_any_value_may_be_missing(entry, change):
    """A picture comes of it, which the page can read."""
    subject = with_floats(subject_of(entry, ROWS), change)

    for name, made in drawn(subject).items():
        assert made.traces or name == "table"
    assert json.loads(CHARTS[entry.chart].figure(subject).to_json())


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_rows_in_any_order(entry):
    """Times that repeat and go back are drawn from the oldest to the newest."""
    subject = subject_of(entry, ROWS)
    frame = pd.concat([subject.frame.iloc[::-1], subject.frame.iloc[:2]])
    subject = msgspec.structs.replace(subject, frame=frame)

    for name, made in drawn(subject).items():
        for one in made.traces:
            x = one.get("x")
            if name in ("price", "trades", "spread") and one["type"] != "bar":
                assert (np.diff(x) >= 0).all()


def tiled(subject, rows):
    """Return a subject with its rows repeated, 100 ms apart."""
    at = np.resize(np.arange(len(subject.frame)), rows)
    index = pd.DatetimeIndex(
        pd.to_datetime(START_MS + 100 * np.arange(rows), unit="ms", utc=True), name="ts"
    )
    frame = subject.frame.iloc[at].set_index(index.as_unit("ms"))
    frame["recv"] = index.as_unit("us")
    return msgspec.structs.replace(subject, frame=frame)


def values_in(made):
    """Return how many values a drawing sends."""
    return sum(
        np.size(one[key])
        for one in made.traces
        for key in ("x", "y", "z", "open", "high", "low", "close", "customdata")
        if one.get(key) is not None
    )


@pytest.mark.parametrize(
    "name",
    [
        "trades",
        "tickers",
        "candle1m",
        "books5",
        "bbo-tbt",
        "funding-rate",
        "open-interest",
        "liquidation-orders",
        "price-limit",
    ],
)
def test_large_windows_are_thinned(name):
    """The picture stays small, whatever the window, and the frame as it is."""
    subject = tiled(subject_of(channel(name), ROWS), MANY)

    for made in drawn(subject).values():
        assert 0 < values_in(made) <= DRAWN or made.traces[0]["type"] == "table"
    assert len(subject.frame) == MANY


def test_many_markers_are_for_the_graphics_card():
    """Few are not: a page has room for a handful of its drawings only."""
    kinds = {}
    for n in (100, 5_000):
        frame = trades(np.arange(n) % 97 + 1, np.ones(n), ["buy", "sell"] * (n // 2))
        figure = CHARTS["trades"].figure(
            Subject(channel="trades", kind="log", frame=frame)
        )
        kinds[n] = trace(figure, "buys").type

    assert kinds == {100: "scatter", 5_000: "scattergl"}


def test_what_was_healed_is_not_shaded():
    """Of two gaps the one in which something is missing still."""
    frame = trades([1] * 5, [1] * 5, ["buy"] * 5, seconds=(0, 10, 20, 30, 40))
    ledger = GapLedger()
    spans = [
        ((START_MS + start * 1_000) * 1_000, (START_MS + end * 1_000) * 1_000)
        for start, end in ((1, 9), (21, 29))
    ]
    healed = ledger.add("reset", *spans[0])
    ledger.add("reset", *spans[1])
    ledger.change(healed.number, is_healed=True, how="refilled from REST")

    figures = {
        name: CHARTS[name].figure(
            Subject(channel="trades", kind="log", frame=frame, gaps=ledger.snapshot())
        )
        for name in ("trades", "price", "candles", "health")
    }

    for figure in figures.values():
        (shape,) = [one for one in figure.layout.shapes if one.name == "gap"]
        assert shape.x0 == START_MS + 20_000
        assert shape.x1 == START_MS + 30_000
