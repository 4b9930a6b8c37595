"""Every channel has a chart, every chart a name, and a wrong name an answer."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from okxlab.errors import ChannelError
from okxlab.protocol.channels import CHANNELS, channel
from okxlab.views.charts import CHARTS, THEMES, Subject, chart_of, default_of, fitting
from tests.unit.chart_rows import START_MS, frame_of, subject_of, trades

BY_NAME = {entry.name: entry for entry in CHANNELS}
TRADES = Subject(
    channel="trades",
    kind="log",
    frame=trades([100, 101, 99], [1, 2, 3], ["buy", "sell", "buy"]),
    inst_ids=("BTC-USDT",),
)


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("rows", [0, 1, 12])
def test_every_channel_has_a_chart(entry, rows):
    """The registry names a chart that fits, and every chart that fits draws."""
    subject = subject_of(entry, rows)

    assert entry.chart in CHARTS
    assert entry.chart in fitting(subject)
    for name in fitting(subject):
        said = chart_of(subject, name).drawing(subject).layout["annotations"]
        if not rows:
            assert [one["text"] for one in said] == ["waiting for rows"]
    assert json.loads(default_of(subject).figure(subject).to_json())


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_traces_keep_their_order(entry):
    """What a live figure counts on: the same traces before, and after more rows."""
    few, more = subject_of(entry, 6), subject_of(entry, 12)

    for name in fitting(more):
        first, then = (CHARTS[name].drawing(one).traces for one in (few, more))
        assert [one["uid"] for one in first] == [one["uid"] for one in then]
        assert len({one["uid"] for one in then}) == len(then)


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_numbers_are_floats(entry):
    """Arrays of numbers and times travel as they lie in memory: float64."""
    subject = subject_of(entry, 12)

    for name in fitting(subject):
        for one in CHARTS[name].drawing(subject).traces:
            for key in ("x", "y", "z", "open", "high", "low", "close"):
                values = one.get(key)
                if isinstance(values, np.ndarray) and values.dtype != object:
                    assert values.dtype == np.float64


def test_times_are_milliseconds():
    """The axis of dates is given milliseconds since 1970."""
    drawn = CHARTS["trades"].drawing(TRADES)

    assert drawn.traces[0]["x"].tolist() == [START_MS + 1_000 * n for n in range(3)]
    assert drawn.layout["xaxis"]["type"] == "date"


def test_what_is_zoomed_stays():
    """The revision of the view is a constant."""
    figures = [CHARTS["trades"].figure(TRADES) for _ in range(2)]

    assert {figure.layout.uirevision for figure in figures} == {"okxlab"}


@pytest.mark.parametrize("theme", THEMES)
def test_themes_are_templates(theme):
    """Between themes nothing differs but the template."""
    here, there = (
        CHARTS["trades"].figure(TRADES, one).to_dict() for one in (theme, "auto")
    )
    template = here["layout"].pop("template")
    there["layout"].pop("template")

    assert here["layout"] == there["layout"]
    assert template["layout"]["font"]["color"]
    assert (template["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)") == (theme == "auto")


def test_there_is_no_such_theme():
    """A wrong theme is answered with the near miss and the list."""
    with pytest.raises(ValueError, match=r"did you mean 'dark'.*auto, light, dark"):
        CHARTS["trades"].figure(TRADES, "drak")


def test_a_misspelt_chart():
    """The answer has the near miss and what fits the channel, and no more."""
    with pytest.raises(ChannelError) as caught:
        chart_of(TRADES, "candels")

    assert str(caught.value) == (
        "no chart 'candels'; did you mean 'candles' or 'trades'?; channel 'trades' can be drawn "
        "as candles, price, trades, tape, rebased, health, table"
    )


def test_a_chart_of_another_channel():
    """A chart that exists and does not fit is told from one that does not exist."""
    with pytest.raises(ChannelError, match=r"'depth' \(cumulative .* other columns"):
        chart_of(TRADES, "depth")


def test_defaults():
    """The registry's chart, by kind."""
    expected = {
        "tickers": "price",
        "trades": "trades",
        "books5": "depth",
        "bbo-tbt": "spread",
        "books": "depth",
        "candle": "candles",
        "funding-rate": "funding",
        "open-interest": "open-interest",
        "liquidation-orders": "liquidations",
        "account": "equity",
        "positions": "positions",
        "orders": "table",
        "instruments": "table",
    }

    found = {name: default_of(subject_of(BY_NAME[name], 3)).name for name in expected}

    assert found == expected


def test_several_instruments_are_rebased():
    """Prices of several instruments share a chart only on one scale."""
    entry = channel("tickers")
    many = Subject(
        channel="tickers",
        kind="series",
        frame=frame_of(entry, 6, many=True),
        inst_ids=("BTC-USDT", "ETH-USDT"),
    )

    assert default_of(many).name == "rebased"


def test_one_of_several():
    """A chart of one thing shows the first, or the one that is asked for."""
    frame = trades([1, 2, 3, 4], [1] * 4, ["buy"] * 4).assign(
        inst_id=pd.array(["A-B", "C-D", "A-B", "C-D"], dtype="str")
    )
    many = Subject(channel="trades", kind="log", frame=frame, inst_ids=("A-B", "C-D"))

    first = CHARTS["trades"].drawing(many)
    other = CHARTS["trades"].drawing(many.of("C-D"))

    assert first.traces[0]["y"].tolist() == [1, 3]
    assert other.traces[0]["y"].tolist() == [2, 4]
    assert "<b>C-D</b>" in other.layout["title"]["text"]
    with pytest.raises(ChannelError, match=r"no instrument 'A-X'.*there is A-B, C-D"):
        many.of("A-X")


def test_waiting_says_the_status():
    """A chart without rows says why, in a text that is no markup."""
    empty = Subject(
        channel="trades",
        kind="log",
        frame=TRADES.frame.iloc[:0],
        status="<b>refused</b>",
    )

    figure = CHARTS["trades"].figure(empty)

    assert figure.layout.annotations[0].text == (
        "waiting for rows (&lt;b&gt;refused&lt;/b&gt;)"
    )


def test_hostile_names_are_texts():
    """Names of the exchange are no markup of plotly."""
    hostile = '<a href="javascript:alert(1)">x</a>'
    frame = TRADES.frame.assign(inst_id=pd.array([hostile] * 3, dtype="str"))

    for name in ("trades", "price", "tape", "candles", "rebased", "health", "table"):
        made = CHARTS[name].figure(
            Subject(channel="trades", kind="log", frame=frame, inst_ids=(hostile,))
        )
        said = made.to_plotly_json()
        for one in said["data"]:
            del one["uid"]  # never shown
        assert "<a href" not in json.dumps(said, default=str)


def test_frames_are_left_alone():
    """Drawing changes nothing in the frame."""
    before = TRADES.frame.copy(deep=True)

    for name in fitting(TRADES):
        CHARTS[name].figure(TRADES)

    pd.testing.assert_frame_equal(before, TRADES.frame)


def test_charts_are_made_without_plotly():
    """Drawings are plain values; plotly is imported for a figure only."""
    program = (
        "import sys, okxlab, okxlab.views.charts, okxlab.views.html\n"
        "assert 'plotly' not in sys.modules and 'tsdownsample' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
