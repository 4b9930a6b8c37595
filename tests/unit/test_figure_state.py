"""What of a figure travels: deltas, comparison, columns; a page in Python checks it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okxlab.views.figure.columns import column
from okxlab.views.figure.comparison import changed_paths, set_path
from okxlab.views.figure.deltas import (
    Append,
    Redraw,
    Relayout,
    Replace,
    ReplaceTail,
    Restyle,
)
from okxlab.views.figure.state import FigureState, Frame

START = 1_790_000_000_000.0


class FarEnd:
    """Follows the operations as the page does, after a trip through JSON and bytes."""

    def __init__(self, state: FigureState):
        self.state = state
        self.numbers = 0
        frame = Frame()
        state.tell_all(frame)
        self._follow(frame)

    def tell(self, *deltas):
        """Apply deltas and follow; return the operations."""
        frame = Frame()
        for delta in deltas:
            self.state.apply(delta, frame)
        return self._follow(frame)

    def _follow(self, frame):
        buffer = bytes(frame.buffer)
        numbers = np.frombuffer(buffer, dtype="<f8")
        self.numbers = len(numbers)
        operations = json.loads(json.dumps(frame.operations, allow_nan=False))
        for operation in operations:
            self._apply(operation, numbers)
        return operations

    def _apply(self, what, numbers):
        def read(columns):
            return {path: _read(place, numbers) for path, place in columns.items()}

        match what["op"]:
            case "figure":
                self.layout = what["layout"]
                self.props = [trace["props"] for trace in what["traces"]]
                self.columns = [read(trace["columns"]) for trace in what["traces"]]
            case "rows":
                held = self.columns[what["trace"]]
                for path, rows in read(what["columns"]).items():
                    kept = held[path][what["drop"] : what["start"]]
                    held[path] = np.concatenate([kept, rows])
            case "set":
                self.columns[what["trace"]].update(read(what["columns"]))
            case "props":
                for path, value in what["changes"].items():
                    set_path(self.props[what["trace"]], path, value)
            case "layout":
                for path, value in what["changes"].items():
                    set_path(self.layout, path, value)

    def agrees(self):
        """Tell whether the page shows what the kernel holds."""
        assert self.layout == self.state.layout
        for props, columns, trace in zip(
            self.props, self.columns, self.state.traces, strict=True
        ):
            assert props == trace.props
            assert columns.keys() == trace.columns.keys()
            for path, values in columns.items():
                np.testing.assert_array_equal(values, trace.columns[path])
        return True


def _read(place, numbers):
    if isinstance(place, dict):
        return np.array(place["texts"], dtype=object)
    offset, *shape = place
    return numbers[offset : offset + int(np.prod(shape))].reshape(shape)


def times(begin: int, count: int):
    """Return aware times, a minute apart."""
    first = pd.Timestamp(START + begin * 60_000, unit="ms", tz="UTC")
    return pd.date_range(first, periods=count, freq="min")


def chart(begin: int = 0, count: int = 50, last: float = 7.0) -> go.Figure:
    """Return candles over a line with coloured markers."""
    price = np.arange(begin, begin + count) * 1.5
    price[-1] = last
    x = times(begin, count)
    names = [f"row {n}" for n in range(begin, begin + count)]
    candles = go.Candlestick(
        x=x, open=price, high=price + 2, low=price - 2, close=price + 1
    )
    line = go.Scatter(x=x, y=price, text=names, marker={"size": price % 5 + 3})
    shapes = [{"type": "line", "y0": last, "y1": last}]
    return go.Figure([candles, line], layout={"shapes": shapes})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], [1.0, 2.0]),
        (np.array([True, False]), [1.0, 0.0]),
        (pd.Series([1.5, None]), [1.5, np.nan]),
        (pd.to_datetime(["1970-01-01T00:00:01Z"]), [1000.0]),
        (pd.to_datetime(["1970-01-01T02:00:00+02:00", None]), [0.0, np.nan]),
        (np.array(["1970-01-02", "NaT"], dtype="M8[s]"), [86_400_000.0, np.nan]),
        ([pd.Timestamp("1970-01-01T00:00:01Z"), None], [1000.0, np.nan]),
        (pd.array([3, None], dtype="Int64"), [3.0, np.nan]),
        ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
    ],
)
def test_numbers_and_times_travel_as_float64(values, expected):
    """Every kind of number and time becomes float64, missing ones NaN."""
    found = column(values)

    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


def test_texts_travel_as_texts():
    """Texts stay texts, and a missing one is None."""
    assert column(pd.Series(["a", None, "b"])).tolist() == ["a", None, "b"]


def test_times_make_a_date_axis():
    """An axis of times says so, since the page gets milliseconds only."""
    state = FigureState(chart())

    assert state.layout["xaxis"]["type"] == "date"
    assert state.traces[0].columns["x"][0] == START


def test_last_bar_travels_alone():
    """A moved last price is four columns of one row and a line, not five hundred."""
    page = FarEnd(FigureState(chart()))

    operations = page.tell(Redraw(chart(last=9.0)))

    assert page.agrees()
    assert page.numbers == 6
    assert [each["op"] for each in operations] == ["rows", "rows", "layout"]
    assert operations[-1]["changes"] == {"shapes[0].y0": 9.0, "shapes[0].y1": 9.0}


def test_rolling_window_travels_as_its_new_rows():
    """A window that moved on by two rows drops two and brings those that changed."""
    page = FarEnd(FigureState(chart()))

    operations = page.tell(Redraw(chart(begin=2, last=3.0)))

    assert page.agrees()
    assert operations[0]["drop"] == 2
    assert page.numbers < 40


def test_same_chart_is_not_sent_at_all():
    """Drawing the same again sends nothing."""
    page = FarEnd(FigureState(chart()))

    assert page.tell(Redraw(chart())) == []


def test_other_traces_are_sent_whole():
    """A chart with other traces starts anew."""
    page = FarEnd(FigureState(chart()))

    operations = page.tell(Redraw(go.Figure(go.Bar(x=[1, 2], y=[3, 4]))))

    assert page.agrees()
    assert [each["op"] for each in operations] == ["figure"]


def test_heat_map_travels_flat():
    """Two dimensions are one run of numbers with their shape."""
    z = np.arange(12.0).reshape(3, 4)
    page = FarEnd(FigureState(go.Figure(go.Heatmap(z=z))))
    page.tell(Append(0, {"z": np.ones((1, 4))}, keep=3))

    assert page.agrees()
    assert page.columns[0]["z"].shape == (3, 4)


def test_deltas_do_what_they_say():
    """Every delta has the same effect in the kernel and in the page."""
    page = FarEnd(FigureState(chart()))
    bar = {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    line = {"y": [4.0], "text": ["new"], "marker.size": [9], "x": times(60, 1)}
    page.tell(
        ReplaceTail(0, -1, bar | {"x": times(49, 2)}, keep=50),
        Append(1, line, keep=20),
        Append(1, {}, keep=10),
        Replace(1, {"marker.size": np.full(10, 4.0)}),
        Restyle(1, {"line.color": "#fff", "name": "last"}),
        Relayout({"title.text": "now", "shapes": None, "xaxis.range": times(0, 2)}),
    )

    assert page.agrees()
    assert [len(each["x"]) for each in page.columns] == [50, 10]
    assert page.columns[1]["text"][-1] == "new"
    assert page.layout["xaxis"]["range"] == [START, START + 60_000]
    assert "shapes" not in page.layout


def test_more_new_rows_than_are_kept():
    """Of many new rows only the newest are sent."""
    page = FarEnd(FigureState(go.Figure(go.Scatter(y=np.arange(3.0)))))
    page.tell(Append(0, {"y": np.arange(100.0)}, keep=5))

    assert page.agrees()
    assert page.numbers == 5
    assert page.columns[0]["y"].tolist() == [95, 96, 97, 98, 99]


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.lists(st.integers(0, 3), max_size=20)),
        max_size=8,
    )
)
def test_any_sequence_of_drawings_arrives(drawings):
    """However a chart changes from drawing to drawing, the page shows the last."""
    page = FarEnd(FigureState(go.Figure(go.Scatter(x=[0.0], y=[0.0], text=["0"]))))
    for begin, values in drawings:
        y = np.array(values, dtype=float)
        # Times may come twice, as those of trades do.
        x = np.floor((begin + np.arange(len(y))) / 2)
        trace = go.Scatter(x=x, y=y, text=[str(each) for each in values])
        page.tell(Redraw(go.Figure(trace)))

        assert page.agrees()


def test_changed_paths_lead_from_one_layout_to_the_other():
    """Setting what is said to have changed makes the new layout of the old one."""
    old = {"shapes": [{"y0": 1}, {"y0": 2}], "title": {"text": "a", "x": 0}, "b": [1]}
    new = {"shapes": [{"y0": 1}, {"y0": 3, "x0": 1}], "title": {"text": "b"}, "c": {}}
    changes = changed_paths(old, new)
    for path, value in changes.items():
        set_path(old, path, value)

    assert old == new
    assert changes["shapes[1].y0"] == 3
