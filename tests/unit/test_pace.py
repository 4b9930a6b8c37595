"""The clocks of a running simulator."""

from __future__ import annotations

import pytest

from okxlab.simulator.pace import Pace


class Clocks:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self):
        self.wall = 1_700_000_000.0
        self.monotonic = 50.0

    def move(self, seconds, *, asleep=False):
        self.wall += seconds
        self.monotonic += 0.0 if asleep else seconds

    def pace(self, speed=1.0):
        return Pace(
            5_000, speed, wall=lambda: self.wall, monotonic=lambda: self.monotonic
        )


@pytest.mark.parametrize(
    ("speed", "due"), [(0.0, 5_000), (1.0, 7_000), (60.0, 125_000)]
)
def test_virtual_time_follows_the_wall(speed, due):
    """Virtual time moves as many times faster as the speed says."""
    clocks = Clocks()
    pace = clocks.pace(speed)
    clocks.move(2.0)

    assert pace.due_ms() == due


def test_restart():
    """After a restart virtual time goes on from the place given."""
    clocks = Clocks()
    pace = clocks.pace()
    clocks.move(100.0)
    pace.restart(9_000)
    clocks.move(1.0)

    assert pace.due_ms() == 10_000


def test_now_runs_with_the_clock():
    """Looked at often enough, monotonic time is that of the machine."""
    clocks = Clocks()
    pace = clocks.pace()
    began = pace.now()
    for _ in range(10):
        clocks.move(0.5)
        last = pace.now()

    assert last - began == pytest.approx(5.0)


def test_a_stall_does_not_count():
    """Time in which the thread was held up is left out."""
    clocks = Clocks()
    pace = clocks.pace()
    began = pace.now()
    clocks.move(40.0)
    held_up = pace.now()
    clocks.move(0.5)

    assert held_up == began
    assert pace.now() == pytest.approx(began + 0.5)


@pytest.mark.parametrize("asleep", [False, True])
def test_sleep(asleep):
    """A machine that slept is told by its wall clock, whatever the other one did."""
    clocks = Clocks()
    pace = clocks.pace()
    clocks.move(299.0)
    before = pace.has_slept()
    clocks.move(3600.0, asleep=asleep)

    assert not before
    assert pace.has_slept()
    assert not pace.has_slept()
