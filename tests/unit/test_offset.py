"""The exchange's clock against this machine's, and sleep."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okxlab.runtime import ClockOffset, SleepWatch

NOON_US = 1_790_000_000_000_000
MINUTE = 60_000_000


def test_nothing_measured_is_no_offset():
    """As long as nothing is known the two clocks count as one."""
    offset = ClockOffset()

    assert offset.us == 0
    assert math.isinf(offset.error_us)


@given(
    ahead=st.integers(-(10**10), 10**10),
    ways=st.lists(
        st.tuples(st.integers(0, 2_000_000), st.integers(0, 2_000_000)),
        min_size=1,
        max_size=20,
    ),
)
def test_the_truth_lies_within_the_error(ahead, ways):
    """However long the ways to and fro, the offset is off by no more than it says."""
    offset = ClockOffset()
    now = NOON_US
    for there, back in ways:
        stamped_ms = (now + there + ahead) // 1_000
        offset.add(now, stamped_ms, now + there + back)
        now += MINUTE

    assert abs(offset.us - ahead) <= offset.error_us
    assert offset.error_us <= min(sum(way) for way in ways[-8:]) / 2 + 500


def test_the_shortest_way_counts():
    """A measurement that took long does not spoil one that did not."""
    offset = ClockOffset()
    offset.add(NOON_US, NOON_US // 1_000 + 100, NOON_US + 2_000)
    offset.add(NOON_US, NOON_US // 1_000 + 900, NOON_US + 1_800_000)

    assert offset.us == 99_500


def test_a_clock_that_jumped_is_measured_anew():
    """What was measured before the jump counts no more."""
    offset = ClockOffset()
    offset.add(NOON_US, NOON_US // 1_000 + 100, NOON_US)
    offset.forget()
    offset.add(NOON_US, NOON_US // 1_000 + 700, NOON_US + 1_000_000)

    assert offset.us == 200_500


@pytest.mark.parametrize(
    ("beats", "slept"),
    [
        ([(1.0, 1.0), (2.0, 2.1), (3.0, 3.0)], [0, 0, 0]),  # awake
        ([(1.0, 1.0), (2.0, 602.0), (3.0, 603.0)], [0, 600, 0]),  # slept
        ([(1.0, 1.0), (61.0, 61.0)], [0, 0]),  # held up, both clocks going on
        ([(1.0, 1.0), (2.0, 0.5), (3.0, 1.5)], [0, 0, 0]),  # set back
        ([(1.0, 1.0), (2.0, 5.0)], [0, 0]),  # corrected
    ],
)
def test_sleep_is_where_one_clock_stood_still(beats, slept):
    """A busy interpreter, a correction and a clock set back are no sleep."""
    watch = SleepWatch()

    assert [
        round(watch.slept(now, round(NOON_US + wall * 1e6))) for now, wall in beats
    ] == slept
