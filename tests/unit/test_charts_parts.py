"""What charts share: thinning, shading of gaps, colours, how numbers are said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from okxlab.gaps import GapLedger
from okxlab.views.charts import CHARTS, Subject
from okxlab.views.charts.amounts import (
    digits_of,
    price_unit,
    said,
    said_amount,
    size_format,
    size_unit,
)
from okxlab.views.charts.arrays import milliseconds
from okxlab.views.charts.health import lag_of, rows_a_second
from okxlab.views.charts.shading import gap_spans
from okxlab.views.charts.theme import BUY, NEUTRAL, SELL, SERIES, THEMES, template
from okxlab.views.charts.thinning import largest, thin
from tests.unit.chart_rows import START_MS, received, times, trace, trades

# Thinning.


def test_few_points_stay():
    """Nothing is left out of what a screen can show."""
    x = np.arange(10.0)

    assert thin(x, x, points=10).tolist() == list(range(10))


def test_thinning_keeps_what_is_seen():
    """First, last and every extreme of a large window are drawn."""
    rng = np.random.default_rng(7)
    y = rng.normal(size=200_000).cumsum()
    y[123_456] = y.max() + 50
    y[54_321] = y.min() - 50
    x = np.arange(len(y), dtype=float)

    kept = thin(x, y, points=2_000)

    assert len(kept) <= 2_002
    assert (np.diff(kept) > 0).all()
    assert {0, 54_321, 123_456, len(y) - 1} <= set(kept.tolist())


def test_thinning_passes_over_missing_values():
    """They are not points; the extremes among the others stay."""
    y = np.sin(np.arange(50_000) / 100)
    y[::3] = np.nan
    y[25_000] = 9.0

    kept = thin(np.arange(len(y), dtype=float), y, points=500)

    assert not np.isnan(y[kept]).any()
    assert 25_000 in kept


def test_only_missing_values():
    """There is nothing to draw, and nothing fails."""
    y = np.full(5_000, np.nan)

    assert len(thin(np.arange(5_000.0), y, points=100)) == 0


def test_the_frame_keeps_all():
    """A large window is thinned in the picture only."""
    n = 20_000
    frame = trades(np.arange(n) % 97, np.ones(n), ["buy"] * n)
    subject = Subject(channel="trades", kind="log", frame=frame)

    figure = CHARTS["price"].figure(subject)

    assert len(trace(figure, "px").x) <= 2_002
    assert trace(figure, "px").y.max() == frame["px"].max()
    assert len(frame) == n


def test_the_largest():
    """Their places, in order of place; a missing size is the smallest."""
    sizes = np.array([5.0, np.nan, 7, 1, 6])

    assert largest(sizes, 3).tolist() == [0, 2, 4]
    assert largest(sizes, 9).tolist() == [0, 1, 2, 3, 4]


# Gaps.


def ledger(*spans):
    """Return gaps between seconds after the start; None is open."""
    gaps = GapLedger()
    for start, end in spans:
        start_us = (START_MS + int(start * 1_000)) * 1_000
        if end is None:
            gaps.open("reset", start_us)
        else:
            gaps.add("reset", start_us, (START_MS + int(end * 1_000)) * 1_000)
    return gaps.snapshot()


def rows(*seconds, **columns):
    """Return trades received at some seconds."""
    n = len(seconds)
    return trades([1] * n, [1] * n, ["buy"] * n, seconds=seconds, **columns)


def offsets(spans):
    """Return spans in seconds after the start."""
    return ((spans - START_MS) / 1_000).tolist()


def test_a_gap_lies_between_its_rows():
    """From the last row received before it to the first one after it."""
    spans = gap_spans(rows(0, 1, 2, 30, 31), ledger((2.5, 29)))

    assert offsets(spans) == [[2, 30]]


def test_a_gap_that_lasts_ends_at_the_newest_row():
    """Nothing is known of what comes."""
    spans = gap_spans(rows(0, 1, 2), ledger((1.5, None)))

    assert offsets(spans) == [[1, 2]]


def test_a_gap_before_the_window():
    """It is not seen."""
    assert np.isnan(gap_spans(rows(10, 11), ledger((2, 5)))).all()


def test_exchange_time_is_what_counts():
    """A clock that runs apart, as a simulated one, moves no gap."""
    frame = rows(0, 1, 2, 3)
    frame.index = times(1_000, 1_010, 1_020, 1_030)

    spans = gap_spans(frame, ledger((1.2, 1.8)))

    assert offsets(spans) == [[1_010, 1_020]]


def test_history_does_not_hide_a_gap():
    """Rows that were fetched later were not received when they happened."""
    frame = rows(0, 1, 30, 31, 32)
    frame["origin"] = ["live", "live", "live", "history", "history"]
    frame.index = times(0, 1, 30, 10, 20)

    spans = gap_spans(frame, ledger((1.5, 29)))

    assert offsets(spans) == [[1, 30]]


def test_gaps_are_shaded():
    """A shape over all panels, and a mark that says why."""
    subject = Subject(
        channel="trades", kind="log", frame=rows(0, 1, 9), gaps=ledger((2, 8))
    )

    figure = CHARTS["trades"].figure(subject)

    (shape,) = [one for one in figure.layout.shapes if one.name == "gap"]
    assert (shape.x0, shape.x1) == (START_MS + 1_000, START_MS + 9_000)
    assert (shape.y0, shape.y1, shape.yref) == (0, 1, "paper")
    (mark,) = [one for one in figure.layout.annotations if one.name == "gap"]
    assert mark.hovertext == "gap: reset"


def test_an_open_gap_says_so():
    """What lasts is told from what is over."""
    subject = Subject(
        channel="trades", kind="log", frame=rows(0, 1, 9), gaps=ledger((2, None))
    )

    figure = CHARTS["trades"].figure(subject)

    (mark,) = [one for one in figure.layout.annotations if one.name == "gap"]
    assert mark.hovertext == "gap, still open: reset"


def test_charts_of_a_moment_have_no_gaps():
    """Where time is no axis nothing is shaded."""
    subject = Subject(
        channel="trades", kind="log", frame=rows(0, 1, 9), gaps=ledger((2, 8))
    )

    figure = CHARTS["tape"].figure(subject)

    assert [one.name for one in figure.layout.shapes] == ["vwap"]


# Numbers.


@pytest.mark.parametrize(
    ("inst_id", "size", "price"),
    [
        ("BTC-USDT", "BTC", "USDT"),
        ("BTC-USDT-SWAP", "contracts", "USDT"),
        ("BTC-USD-261225", "contracts", "USD"),
        ("BTC-USDT_BTC-USDT-SWAP", "", ""),
        ("", "", ""),
        ("%{y}-<b>", "", ""),
    ],
)
def test_units(inst_id, size, price):
    """As far as the name tells them."""
    assert size_unit(inst_id) == size
    assert price_unit(inst_id) == price


def test_numbers_are_readable():
    """Thousands apart, a true minus, a dash for what is missing."""
    assert said(-1234.5, 2) == "\N{MINUS SIGN}1,234.50"
    assert said(float("nan"), 2) == "\N{EN DASH}"
    assert said_amount(4_899_081.6) == "4,899,082"
    assert said_amount(0.0123456789) == "0.0123457"
    assert said_amount(float("inf")) == "\N{EN DASH}"


def test_digits_of_no_prices():
    """There is a default, and a limit for what is a result."""
    assert digits_of(np.array([np.nan])) == 2
    assert digits_of(np.array([1 / 3])) == 10


def test_large_sizes_are_in_thousands():
    """Small ones are written out."""
    assert size_format(np.array([1.0, np.nan])) == ",.6~f"
    assert size_format(np.array([20_000.0])) == "~s"


def test_missing_times():
    """NaT is NaN; every unit is milliseconds."""
    for unit in ("s", "ms", "us", "ns"):
        index = pd.DatetimeIndex(["2026-11-20 09:00", None], tz="UTC").as_unit(unit)
        found = milliseconds(index)
        assert found[0] == START_MS
        assert np.isnan(found[1])


# Colours.


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts
    ]
    return np.dot((0.2126, 0.7152, 0.0722), linear)


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", sorted({BUY, SELL, NEUTRAL, *SERIES}))
def test_marks_are_seen_on_light_and_dark(colour):
    """Contrast of 3 or more to white and to JupyterLab's dark background."""
    assert _contrast(colour, "#ffffff") >= 3
    assert _contrast(colour, "#111111") >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_read(theme):
    """Contrast of text to its background; of auto to any."""
    layout = template(theme)["layout"]
    text, paper = layout["font"]["color"], layout["paper_bgcolor"]
    behind = ["#ffffff", "#111111"] if theme == "auto" else [paper]

    for one in behind:
        assert _contrast(text, one) >= (3.9 if theme == "auto" else 4.5)


# Health.


def test_lag():
    """Receive time less exchange time; nobody waited for history."""
    frame = rows(0, 1)
    frame["recv"] = received(0.25, 1.5)

    assert lag_of(frame).tolist() == [250, 500]
    history = frame.assign(origin=["live", "history"])
    assert np.isnan(lag_of(history)).tolist() == [False, True]


def test_rows_a_second():
    """Counts, divided by the length of their interval; all rows are counted."""
    x = START_MS + 1_000.0 * np.array([0, 0.1, 0.2, 1.5, 4])

    middles, counts = rows_a_second(x)

    assert counts.tolist() == [3, 1, 0, 0, 1]
    assert middles[0] == START_MS + 500


def test_health_of_an_unknown_clock():
    """Where receive and exchange time have nothing in common no lag is drawn."""
    subject = Subject(
        channel="trades", kind="log", frame=rows(0, 1, 3), is_lag_known=False
    )

    figure = CHARTS["health"].figure(subject)

    assert not figure.layout.yaxis.visible
    assert "lag not known" in figure.layout.title.subtitle.text
    assert trace(figure, "silence").y.tolist() == [0, 1_000, 2_000]
