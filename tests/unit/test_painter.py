"""The painter: one thread for all figures, and none without figures."""

from __future__ import annotations

import math
import threading

import pytest

from okxlab.runtime.painter import Painter

PATIENCE = 30.0


class Job:
    """A figure that paints a number of times and says when it has."""

    def __init__(self, frames: int = 3, error: Exception | None = None):
        self.frames = frames
        self.error = error
        self.threads: set[str] = set()
        self.is_done = threading.Event()

    def due(self, now: float) -> float:
        """Be due at once while frames are left."""
        return now if self.frames else math.inf

    def paint(self, _: float) -> None:
        """Paint one frame less, or raise."""
        if self.error is not None:
            self.is_done.set()
            raise self.error
        self.threads.add(threading.current_thread().name)
        self.frames -= 1
        if not self.frames:
            self.is_done.set()


@pytest.fixture
def painter():
    """Give a painter and close it."""
    made = Painter()
    yield made
    made.close()


def painter_threads() -> int:
    """Return how many painter threads there are."""
    return sum(each.name == "okxlab-painter" for each in threading.enumerate())


def test_all_figures_are_painted_on_one_thread(painter):
    """Two figures, one thread, every frame."""
    jobs = [Job(), Job()]
    for job in jobs:
        painter.add(job)
    for job in jobs:
        assert job.is_done.wait(PATIENCE)

    assert jobs[0].threads == jobs[1].threads == {"okxlab-painter"}


def test_figure_that_raises_disturbs_no_other(painter):
    """An error is counted and the next figure painted."""
    bad, good = Job(error=ValueError("bad")), Job()
    painter.add(bad)
    painter.add(good)

    assert bad.is_done.wait(PATIENCE)
    assert good.is_done.wait(PATIENCE)
    assert painter.errors >= 1


def test_waking_asks_a_sleeping_figure_again(painter):
    """A figure that had nothing to do is asked again when it says so."""
    job = Job(frames=1)
    painter.add(job)
    assert job.is_done.wait(PATIENCE)
    job.is_done.clear()

    job.frames = 1
    painter.wake()

    assert job.is_done.wait(PATIENCE)


def test_thread_ends_with_the_last_figure():
    """Without figures there is no thread, and the next figure starts one."""
    painter = Painter()
    job = Job(frames=1)
    painter.add(job)
    assert job.is_done.wait(PATIENCE)
    thread = next(t for t in threading.enumerate() if t.name == "okxlab-painter")

    painter.remove(job)
    thread.join(PATIENCE)

    assert not thread.is_alive()
    again = Job(frames=1)
    painter.add(again)
    assert again.is_done.wait(PATIENCE)
    painter.close()


def test_closed_painter_takes_no_figure():
    """After the end nothing is painted and no thread started."""
    painter = Painter()
    painter.close()
    painter.add(Job())

    assert painter_threads() == 0
