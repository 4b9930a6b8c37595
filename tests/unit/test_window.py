"""okxlab.table.window: how much of a stream is kept."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from okxlab.errors import ChannelError
from okxlab.table import MAX_ROWS, Window, parse_window

MINUTE = 60_000


@pytest.mark.parametrize("rows", [1, 10_000, np.int64(10_000), np.uint8(7)])
def test_whole_number_is_rows(rows):
    """A whole number above 0 is a number of rows."""
    window = parse_window(rows)

    assert Window(int(rows), None, MAX_ROWS) == window
    assert type(window.rows) is int


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("15min", 15 * MINUTE),
        ("1m", MINUTE),
        ("1.5h", 90 * MINUTE),
        ("4h", 240 * MINUTE),
        ("4H", 240 * MINUTE),  # OKX's way to write it
        ("1D", 1_440 * MINUTE),
        (" 500ms ", 500),
        ("1ms", 1),
        (timedelta(hours=1), 60 * MINUTE),
        (pd.Timedelta("90s"), 90_000),
        (np.timedelta64(3, "s"), 3_000),
    ],
)
def test_duration_is_read_as_in_rolling(text, duration_ms):
    """A duration is written as in DataFrame.rolling, or as a timedelta."""
    assert Window(None, duration_ms, 500) == parse_window(text, max_rows=500)


@pytest.mark.parametrize(
    "bad",
    [
        0,
        -1,
        True,
        np.True_,
        1e4,
        None,
        "",
        "10000",
        "10000000.5",
        "15",
        "abc",
        "1M",
        "1y",
        "-5s",
        "0s",
        "1us",
        "NaT",
        "99999999999D",
        pd.NaT,
        np.timedelta64("NaT"),
        timedelta(0),
        timedelta(seconds=-1),
        [10],
    ],
)
def test_what_is_no_window_is_named(bad):
    """A window that cannot be read is an error with the value and an example."""
    with pytest.raises(ChannelError) as caught:
        parse_window(bad)

    assert repr(bad) in str(caught.value)
    assert "window='15min'" in str(caught.value)


@pytest.mark.parametrize("bad", [0, -1, True, "10", 1.5, None])
def test_max_rows_is_a_number_above_zero(bad):
    """The cap of a duration is checked just as the window is."""
    with pytest.raises(ChannelError, match="max_rows"):
        parse_window("15min", max_rows=bad)


def test_window_stays_a_window():
    """What is a window already is returned as it is."""
    window = Window(3, 5, 7)

    assert parse_window(window) is window


def test_rows_may_exceed_the_cap():
    """The cap is for durations: who asks for many rows gets them."""
    assert parse_window(5_000_000).limit == 5_000_000
    assert parse_window("1h", max_rows=20).limit == 20
    assert Window(30, 5, 20).limit == 30


def test_union_keeps_what_either_keeps():
    """Rows and a duration stand side by side in the union of two windows."""
    rows, more_rows = Window(10, None, 100), Window(20, None, 100)
    minute, hour = Window(None, MINUTE, 100), Window(None, 60 * MINUTE, 50)

    assert more_rows == rows.union(more_rows)
    assert more_rows == more_rows.union(rows)
    assert Window(None, 60 * MINUTE, 100) == minute.union(hour)
    assert Window(10, MINUTE, 100) == rows.union(minute)
    assert Window(10, MINUTE, 100) == minute.union(rows)


def test_window_says_itself_in_words():
    """A window reads like what the user asked for."""
    assert str(parse_window(10_000)) == "10,000 rows"
    assert str(parse_window("15min")) == "0:15:00"
    assert str(Window(10, MINUTE, 100)) == "10 rows or 0:01:00"
