"""Charts of the account, of funding, open interest and liquidations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from okxlab.views.charts import CHARTS, Subject
from tests.unit.chart_rows import START_MS, received, times, trace


def changes(seconds, **columns):
    """Return the changes of a state."""
    return pd.DataFrame(columns, index=times(*seconds)).assign(recv=received(*seconds))


def test_equity_over_time_and_by_currency():
    """Every change of the total, and what the currencies are worth now."""
    frame = pd.DataFrame(
        {"eq_usd": [50.0, 200.0, np.nan], "account_total_eq": [250.0] * 3},
        index=pd.Index(["BTC", "USDT", "X"], name="ccy"),
    )
    updates = changes([0, 1], ccy=["BTC", "USDT"], account_total_eq=[240.0, 250.0])
    subject = Subject(channel="account", kind="state", frame=frame, updates=updates)

    figure = CHARTS["equity"].figure(subject)

    assert trace(figure, "equity").y.tolist() == [240, 250]
    assert list(trace(figure, "balances").x) == ["USDT", "BTC"]
    assert trace(figure, "balances").y.tolist() == [200, 50]
    assert "<b>250.00</b> USD" in figure.layout.title.subtitle.text


def test_positions():
    """What each stands at, the largest on top, and how it came there."""
    frame = pd.DataFrame(
        {
            "inst_id": ["BTC-USDT-SWAP", "ETH-USDT-SWAP"],
            "pos": [-1.0, 3.0],
            "upl": [0.5, -2.0],
            "lever": [10.0, np.nan],
        },
        index=pd.Index(["1", "2"], name="pos_id"),
    )
    updates = changes(
        [0, 1, 2],
        inst_id=["BTC-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USDT-SWAP"],
        upl=[0.1, -2.0, 0.5],
    )
    subject = Subject(channel="positions", kind="state", frame=frame, updates=updates)

    figure = CHARTS["positions"].figure(subject)

    bars = trace(figure, "open")
    assert bars.x.tolist() == [-2, 0.5]
    assert list(bars.y) == [
        "ETH-USDT-SWAP +3",
        "BTC-USDT-SWAP \N{MINUS SIGN}1 \N{MULTIPLICATION SIGN}10",
    ]
    assert trace(figure, "BTC-USDT-SWAP").y.tolist() == [0.1, 0.5]
    assert "\N{MINUS SIGN}1.50" in figure.layout.title.subtitle.text


def test_no_position_is_open():
    """What was held is still seen."""
    frame = pd.DataFrame({"inst_id": [], "pos": [], "upl": []})
    updates = changes([0], inst_id=["A-B-SWAP"], upl=[1.0])
    subject = Subject(channel="positions", kind="state", frame=frame, updates=updates)

    figure = CHARTS["positions"].figure(subject)

    assert trace(figure, "A-B-SWAP").y.tolist() == [1]
    assert "0 open" in figure.layout.title.subtitle.text


def funding(rate):
    """Return a subject of one funding rate, due in two hours, paid every eight."""
    hour = 3_600
    frame = changes(
        [0],
        funding_rate=[rate],
        next_funding_rate=[np.nan],
        premium=[0.0002],
        funding_time=times(2 * hour),
        next_funding_time=times(10 * hour),
    )
    return Subject(
        channel="funding-rate", kind="series", frame=frame, inst_ids=("BTC-USDT-SWAP",)
    )


def test_funding():
    """In per cent; what it comes to in a year, who pays, and when."""
    figure = CHARTS["funding"].figure(funding(0.0001))

    assert trace(figure, "funding").y.tolist() == [0.01]
    assert trace(figure, "premium").y.tolist() == [0.02]
    said = figure.layout.title.subtitle.text
    assert "10.95 % a year, paid every 8 h" in said
    assert "longs pay shorts" in said
    assert "due 11:00 UTC" in said


def test_funding_below_zero():
    """Then the shorts pay."""
    said = CHARTS["funding"].figure(funding(-0.0001)).layout.title.subtitle.text

    assert "shorts pay longs" in said


def test_open_interest_and_its_changes():
    """What was opened and what was closed since the row before."""
    frame = changes([0, 1, 2], oi=[100.0, 130, 120], oi_usd=[1e6, 1.3e6, 1.2e6])
    subject = Subject(
        channel="open-interest", kind="series", frame=frame, inst_ids=("A-B-SWAP",)
    )

    figure = CHARTS["open-interest"].figure(subject)

    assert trace(figure, "open interest").y.tolist() == [100, 130, 120]
    assert trace(figure, "opened").y.tolist() == [30]
    assert trace(figure, "closed").y.tolist() == [-10]
    assert "1.2 million USD" in figure.layout.title.subtitle.text


def test_liquidations_by_instrument():
    """A sell closed a long; sizes are compared within an instrument only."""
    frame = changes(
        [0, 1, 2],
        inst_id=["A-B-SWAP", "C-D-SWAP", "A-B-SWAP"],
        side=["sell", "buy", "sell"],
        bk_px=[10.0, 20, 11],
        sz=[4.0, 1_000, 1],
    )
    subject = Subject(channel="liquidation-orders", kind="log", frame=frame)

    figure = CHARTS["liquidations"].figure(subject)

    longs, shorts = trace(figure, "longs"), trace(figure, "shorts")
    assert list(longs.y) == ["A-B-SWAP"] * 2
    assert longs.x.tolist() == [START_MS, START_MS + 2_000]
    assert longs.marker.size[0] == shorts.marker.size[0] > longs.marker.size[1]
    assert figure.layout.yaxis.categoryarray == ("C-D-SWAP", "A-B-SWAP")


def test_any_rows_are_a_table():
    """The newest rows first, without columns that hold nothing."""
    frame = changes([0, 1], a=[1.5, np.nan], nothing=[np.nan, np.nan], b=["x", "<b>"])
    subject = Subject(channel="adl-warning", kind="series", frame=frame)

    figure = CHARTS["table"].figure(subject)

    rows = trace(figure, "rows")
    assert list(rows.header.values) == ["<b>ts</b>", "<b>a</b>", "<b>b</b>"]
    cells = [list(column) for column in rows.cells["values"]]
    assert cells[0][0] == "2026-11-20 09:00:01.000"
    assert cells[1] == ["", "1.5"]
    assert cells[2] == ["&lt;b&gt;", "x"]
