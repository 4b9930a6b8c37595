"""From when to when, as a user writes it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from okxlab.errors import ChannelError
from okxlab.history.bars import bar_ms, check_bar, is_even
from okxlab.history.times import parse_asked

NOW = 1_800_000_000_000
"""2027-01-15 08:00 UTC [ms]."""


@pytest.mark.parametrize(
    "start",
    [
        "2026-11-01",
        "2026-11-01 00:00",
        "2026-11-01T00:00:00Z",
        "2026-11-01 08:00+08:00",
        "2026-11",
        dt.date(2026, 11, 1),
        dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        pd.Timestamp("2026-11-01", tz="UTC"),
        pd.Timestamp("2026-11-01 08:00", tz="Asia/Hong_Kong"),
    ],
)
def test_a_start_is_a_moment(start):
    """Texts and days without a zone are UTC, everything else says its own."""
    asked = parse_asked(start)

    assert asked.bounds(NOW) == (1_793_491_200_000, NOW + 1)


@pytest.mark.parametrize(
    "start",
    [
        dt.datetime(2026, 11, 1),  # noqa: DTZ001  # that is the question
        pd.Timestamp("2026-11-01"),
        np.datetime64("2026-11-01T10:00"),
    ],
)
def test_a_time_without_a_zone_is_refused(start):
    """What may be local time is not taken for UTC."""
    with pytest.raises(ChannelError, match="time zone"):
        parse_asked(start)


@pytest.mark.parametrize(
    ("start", "expected"),
    [("30D", 30 * 86_400_000), ("4H", 14_400_000), (dt.timedelta(hours=4), 14_400_000)],
)
def test_a_start_may_be_a_duration(start, expected):
    """A duration counts back from the end."""
    assert parse_asked(start, "2026-11-01").bounds(NOW) == (
        1_793_491_200_000 - expected,
        1_793_491_200_000,
    )


def test_a_start_may_be_a_number_of_rows():
    """How far back they reach is for the channel to say."""
    asked = parse_asked(2_000)

    assert asked.rows == 2_000
    assert asked.bounds(NOW) == (None, NOW + 1)


def test_an_end_in_the_future_is_the_present():
    """The present moment itself belongs to the stretch."""
    assert parse_asked("2026-11-01", "2099-01-01").bounds(NOW)[1] == NOW + 1


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("2026-11-02", "2026-11-01", "not after"),
        ("2026-11-01", "2026-11-01", "not after"),
        ("2026-13-01", None, "no time"),
        ("yesterday", None, "no start"),
        (0, None, "no start"),
        (-5, None, "no start"),
        (True, None, "no start"),
        (None, None, "no start"),
        (1_793_491_200_000.0, None, "no start"),
        ("2026-11-01", "30D", "no time"),
        ("2026-11-01", 5, "no time"),
        (pd.NaT, None, "missing"),
    ],
)
def test_nonsense_is_refused_with_an_example(start, end, says):
    """Each error names the value and what is accepted."""
    with pytest.raises(ChannelError, match=says):
        parse_asked(start, end)


def test_a_start_in_the_future_is_refused_when_the_present_is_known():
    """The exchange's clock decides, which in a simulator is not this machine's."""
    with pytest.raises(ChannelError, match="future"):
        parse_asked("2099-01-01").bounds(NOW)


@pytest.mark.parametrize(
    ("bar", "expected", "even"),
    [
        ("1s", 1_000, True),
        ("15m", 900_000, True),
        ("12Hutc", 43_200_000, True),
        ("1Dutc", 86_400_000, True),
        ("1W", 604_800_000, True),
        ("1M", 28 * 86_400_000, False),
        ("3Mutc", 84 * 86_400_000, False),
        ("1Yutc", 365 * 86_400_000, False),
    ],
)
def test_bars_have_lengths(bar, expected, even):
    """A minute is no month, and only months and years are uneven."""
    assert (bar_ms(bar), is_even(bar)) == (expected, even)


@pytest.mark.parametrize(
    ("family", "bar"),
    [("candle", "5D"), ("index-candle", "2Dutc"), ("mark-price-candle", "1Yutc")],
)
def test_bars_that_rest_lacks_are_refused(family, bar):
    """The streams have some bars that no REST call has."""
    with pytest.raises(ChannelError, match="no history"):
        check_bar(family, bar)
