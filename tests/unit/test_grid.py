"""Grid points: the multiples of a period at which what fell due is told."""

from __future__ import annotations

import pytest

from okxlab.simulator.grid import first_after, first_from, points


@pytest.mark.parametrize(
    ("ms", "from_it", "after_it"),
    [(0, 0, 100), (1, 100, 100), (99, 100, 100), (100, 100, 200), (101, 200, 200)],
)
def test_the_first_point(ms, from_it, after_it):
    """A moment on the grid is the first from itself, and not the first after it."""
    assert (first_from(ms, 100), first_after(ms, 100)) == (from_it, after_it)


def test_points_are_cut_as_time_is():
    """However a stretch is divided, each point is in one part of it."""
    parts = [points(0, 250, 100), points(250, 300, 100), points(300, 301, 100)]

    assert [list(part) for part in parts] == [[100, 200], [300], []]
    assert list(points(0, 301, 100)) == [100, 200, 300]
