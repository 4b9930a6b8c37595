"""The picture that stays where a live figure was."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from okxlab.views.figure.picture import picture
from okxlab.views.figure.scales import Scale
from okxlab.views.figure.state import FigureState
from okxlab.views.figure.still import bundle

SVG = "{http://www.w3.org/2000/svg}"
TIMES = pd.date_range("2026-11-22T10:00Z", periods=500, freq="min")
PRICE = 64_000 + np.cumsum(np.random.default_rng(3).normal(0, 10, 500))


def drawn(figure) -> ET.Element:
    """Return the picture of a figure, parsed."""
    return ET.fromstring(picture(FigureState(figure).as_dict()))


def places(svg: ET.Element) -> list[float]:
    """Return where the paths of a picture begin, across."""
    moves = [re.findall(r"M(-?[\d.]+) ", each.get("d", "")) for each in svg.iter()]
    return [float(each) for group in moves for each in group]


def two_plots() -> go.Figure:
    """Return prices with marked trades above volumes, and a gap."""
    figure = make_subplots(rows=2, shared_xaxes=True)
    figure.add_trace(go.Scatter(x=TIMES, y=PRICE, line_shape="hv"), 1, 1)
    marker = {"size": np.full(500, 9.0), "color": ["green", "red"] * 250}
    dots = go.Scattergl(x=TIMES, y=PRICE, mode="markers", marker=marker)
    figure.add_trace(dots, 1, 1)
    figure.add_trace(go.Bar(x=TIMES, y=np.abs(np.diff(PRICE, append=0))), 2, 1)
    figure.add_vrect(x0=TIMES[10], x1=TIMES[20], fillcolor="grey", opacity=0.3)
    figure.update_layout(title="BTC-USDT <b>&amp; co</b>")
    return figure


FIGURES = {
    "candles": go.Figure(
        go.Candlestick(
            x=TIMES, open=PRICE, high=PRICE + 5, low=PRICE - 5, close=PRICE[::-1]
        )
    ),
    "two plots": two_plots(),
    "heat map": go.Figure(go.Heatmap(x=TIMES, y=np.arange(9.0), z=np.ones((9, 500)))),
    "lying bars": go.Figure(go.Bar(x=[1, 2], y=["a", "b"], orientation="h")),
    "missing": go.Figure(go.Scatter(x=[1, 2, 3], y=[1.0, np.nan, 2.0], fill="tozeroy")),
    "one point": go.Figure(go.Scatter(x=[1], y=[0.0])),
    "empty": go.Figure(go.Scatter(x=[], y=[])),
    "nothing": go.Figure(),
    "unknown kind": go.Figure(go.Pie(values=[1, 2])),
    "many points": go.Figure(go.Scatter(y=np.sin(np.arange(200_000.0)))),
    "log": go.Figure(go.Scatter(y=[1.0, 100.0, 0.0]), layout={"yaxis_type": "log"}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_picture(name):
    """Whatever the figure, the picture is well-formed, small and within its frame."""
    svg = drawn(FIGURES[name])

    assert svg.tag == f"{SVG}svg"
    assert len(ET.tostring(svg)) < 40_000
    assert all(-1 <= place <= 961 for place in places(svg))


def test_candles_have_their_colours():
    """Rising and falling bars are told apart."""
    colours = {each.get("stroke") for each in drawn(FIGURES["candles"]).iter()}

    assert {"#3d9970", "#ff4136"} <= colours


def test_times_are_written_as_times():
    """A date axis shows hours, not milliseconds."""
    texts = [each.text for each in drawn(FIGURES["candles"]).iter() if each.text]

    assert "12:00" in texts


def test_title_is_escaped_and_without_markup():
    """What stands in a title cannot become markup."""
    texts = [each.text or "" for each in drawn(FIGURES["two plots"]).iter()]

    assert any("BTC-USDT" in each and "<" not in each for each in texts)


def test_missing_values_interrupt_the_line():
    """A gap in the values is a gap in the line."""
    svg = drawn(go.Figure(go.Scatter(x=[1, 2, 3, 4, 5], y=[1, 2, np.nan, 2, 3])))
    track = next(each.get("d") for each in svg.iter() if each.get("stroke-linejoin"))

    assert track.count("M") == 2


def test_scale_shows_the_range_that_is_given():
    """A range in the layout counts, times in it as texts too."""
    axis = {"type": "date", "range": ["1970-01-01", "1970-01-02"]}
    scale = Scale(axis, [], 0.0, 100.0)

    assert scale.place(43_200_000.0) == 50.0


def test_bundle_has_a_text_whatever_happens():
    """A figure that cannot be drawn leaves its text."""
    found = bundle({"data": [{"type": "scatter", "y": 3}]}, "text")

    assert found == {"text/plain": "text"}


# What is written, and how large things are.


def shown_texts(svg: ET.Element) -> list[str]:
    """Return what the texts of a picture say."""
    return ["".join(each.itertext()) for each in svg.iter(f"{SVG}text")]


def test_picture_is_as_wide_as_its_place():
    """The output decides how wide it is, and the height follows."""
    svg = drawn(FIGURES["candles"])

    assert svg.get("width") == "100%"
    assert svg.get("height") is None
    assert svg.get("viewBox") == "0 0 960 450"


def test_markers_are_sized_by_amount():
    """Twice the area is twice the amount, and nothing is too small to be seen."""
    sizes = {"size": [0.0, 1.0, 4.0], "sizemode": "area", "sizeref": 0.005}
    marker = sizes | {"sizemin": 2, "color": "#0a0"}
    svg = drawn(
        go.Figure(go.Scatter(x=[1, 2, 3], y=[1, 2, 3], mode="markers", marker=marker))
    )
    round_ends = [each for each in svg.iter() if each.get("stroke-linecap")]

    assert [each.get("stroke-width") for each in round_ends] == ["4", "20", "40"]
    assert {each.get("stroke") for each in round_ends} == {"#0a0"}


def test_marks_end_at_the_edges_of_their_plot():
    """What lies outside a range is not drawn across the page."""
    figure = go.Figure(go.Scatter(x=[0, 100], y=[0, 1]), layout_xaxis_range=[40, 60])
    _, plot = drawn(figure).iter(f"{SVG}svg")

    assert plot.get("viewBox") == " ".join(
        plot.get(name) for name in ("x", "y", "width", "height")
    )


def test_heading_keeps_its_colours_and_is_escaped():
    """Bold and coloured parts of a title are told apart, and nothing else is markup."""
    title = {
        "text": "<b>BTC &amp; co</b> <script>x</script>",
        "subtitle": {"text": "up <span style='color:#0f9d76'>+1 %</span>"},
    }
    svg = drawn(go.Figure(go.Scatter(y=[1, 2]), layout_title=title))
    fills = {each.get("fill"): each.text for each in svg.iter(f"{SVG}tspan")}

    assert shown_texts(svg)[:2] == ["BTC & co x", "up +1 %"]
    assert fills["#0f9d76"] == "+1 %"


def test_several_traces_are_named():
    """Who reads a picture knows which line is which; one alone needs no name."""
    two = go.Figure([go.Scatter(y=[1, 2], name="one"), go.Scatter(y=[2], name="two")])
    alone = go.Figure([go.Scatter(y=[1, 2], name="one")])

    assert {"one", "two"} <= set(shown_texts(drawn(two)))
    assert "one" not in shown_texts(drawn(alone))


def test_notes_stand_where_they_point():
    """The tag of a price is beside it, with its ground; one of no axis is left out."""
    figure = go.Figure(go.Scatter(y=[1.0, 3.0]), layout_yaxis_range=[1, 3])
    tag = {"xref": "paper", "x": 1, "xanchor": "left", "showarrow": False}
    figure.add_annotation(tag | {"y": 2.0, "text": "2.0", "bgcolor": "#123456"})
    figure.add_annotation(tag | {"y": 2.0, "yref": "y7", "text": "nowhere"})
    svg = drawn(figure)
    (ground,) = [each for each in svg.iter() if each.get("fill") == "#123456"]

    assert float(ground.get("y")) + float(ground.get("height")) / 2 == pytest.approx(
        (14 + 450 - 28) / 2, abs=2
    )
    assert "2.0" in shown_texts(svg)
    assert "nowhere" not in shown_texts(svg)


def test_tables_are_rows_of_texts():
    """A table of plotly can be read, its markup is none."""
    figure = go.Figure(
        go.Table(
            header={"values": ["<b>px</b>", "side"]},
            cells={"values": [["1", "2"], ["buy", "<i>sell</i>"]], "align": "right"},
        )
    )

    assert shown_texts(drawn(figure)) == ["px", "1", "2", "side", "buy", "sell"]
