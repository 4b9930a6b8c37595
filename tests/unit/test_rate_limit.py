"""At most so many of something in any period."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from okxlab.rate_limit import RateLimit


def test_requests_within_the_limit_go_out_at_once():
    """As many requests as are allowed need not wait."""
    limit = RateLimit(3, 2.0)

    assert [limit.reserve(10.0) for _ in range(3)] == [0, 0, 0]


def test_request_over_the_limit_waits_for_the_oldest():
    """One request too many goes out a period after the first one."""
    limit = RateLimit(2, 2.0)
    limit.reserve(10.0)
    limit.reserve(10.5)

    assert limit.reserve(11.0) == 1.0
    assert limit.reserve(11.0) == 1.5


def test_idle_time_frees_the_places():
    """After a quiet period all places are free again."""
    limit = RateLimit(1, 2.0)
    limit.reserve(0.0)

    assert limit.reserve(2.0) == 0


@given(
    requests=st.integers(1, 5),
    pauses=st.lists(st.floats(0, 5, allow_nan=False), max_size=40),
)
def test_no_period_ever_holds_too_many_requests(requests, pauses):
    """However callers come, no window of one period is overfull."""
    limit = RateLimit(requests, 2.0)
    now, starts = 0.0, []
    for pause in pauses:
        now += pause
        starts.append(now + limit.reserve(now))

    for oldest, newest in zip(starts, starts[requests:], strict=False):
        assert newest - oldest >= 2.0 - 1e-9
