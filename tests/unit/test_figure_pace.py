"""When the frames of a live figure go out, by a virtual clock."""

from __future__ import annotations

import math

import pytest

from okxlab.views.figure.pace import OPEN_LOOP, PATIENCE, PROBE, Pace

FPS = 10.0


class Page:
    """A pace and a page that needs some time for a frame, on one clock."""

    def __init__(self, *, paints_in: float = 0.0):
        self.pace = Pace(FPS)
        self.now = 0.0
        self._paints_in = paints_in
        self._free_at = 0.0
        self.pace.note_view("page", 1, 1, 0.0)

    def run(self, seconds: float, *, busy: bool = False, answers: bool = True) -> int:
        """Let time pass in steps of 10 ms and return how many frames went out."""
        before, end = self.pace.sent, self.now + seconds
        while self.now < end:
            if self.pace.due(self.now, busy=busy) <= self.now:
                self.pace.note_sent(self.now)
            if answers and not busy and self._free_at <= self.now:
                self._paint()
            self.now += 0.01
        return self.pace.sent - before

    def _paint(self) -> None:
        if self.pace.painted < self.pace.sent:
            self._free_at = self.now + self._paints_in
            interval = self._paints_in
            self.pace.note_painted("page", self.pace.sent, interval, self.now)


def test_fast_page_is_sent_all_it_may_have():
    """A page that paints at once gets the full rate and no more."""
    assert 90 <= Page().run(10.0) <= 101


def test_slow_page_is_sent_little_more_than_it_paints():
    """A page that paints twice a second gets two or three frames a second."""
    sent = Page(paints_in=0.5).run(20.0)

    assert 38 <= sent <= 55


def test_busy_kernel_goes_on_without_answers():
    """While a cell runs a few frames a second go out, for ever."""
    page = Page()
    page.run(1.0)

    assert page.run(100.0, busy=True) == pytest.approx(100.0 / OPEN_LOOP, rel=0.05)


def test_answers_that_were_held_back_do_not_count_as_silence():
    """After a busy cell the figure goes on at once."""
    page = Page()
    page.run(60.0, busy=True)

    assert page.run(1.0) >= 8


def test_silent_page_is_only_probed():
    """An idle kernel that hears nothing sends a frame now and then."""
    page = Page()
    page.run(PATIENCE + 1.0, answers=False)

    assert 9 <= page.run(10 * PROBE, answers=False) <= 11


def test_page_that_answers_again_is_sent_frames_again():
    """A network that comes back brings the full rate back."""
    page = Page()
    page.run(30.0, answers=False)
    page.run(PROBE + 0.1)

    assert page.run(1.0) >= 8


@pytest.mark.parametrize("busy", [False, True])
def test_nothing_is_sent_where_there_is_no_view(busy):
    """A closed output ends its traffic, whether a cell runs or not."""
    pace = Pace(FPS)
    pace.note_view("page", 0, 0, 0.0)

    assert pace.due(1.0, busy=busy) == math.inf


def test_nothing_is_sent_while_no_view_can_be_seen():
    """A hidden tab is sent nothing until it is looked at again."""
    pace = Pace(FPS)
    pace.note_sent(0.0)
    pace.note_view("page", 1, 0, 0.5)

    assert pace.due(100.0, busy=False) == math.inf
    pace.note_view("page", 1, 1, 100.0)
    assert pace.due(100.0, busy=False) <= 100.0


def test_hidden_view_is_sent_frames_while_nobody_can_say_otherwise():
    """What was out of sight before a cell began may be looked at now."""
    pace = Pace(FPS)
    pace.note_view("page", 1, 0, 0.0)

    assert pace.due(1.0, busy=True) <= 1.0


def test_new_display_counts_before_the_page_can_say_so():
    """A figure that is shown again in a busy cell is sent frames again."""
    pace = Pace(FPS)
    pace.note_view("page", 0, 0, 0.0)

    pace.was_displayed()

    assert pace.due(1.0, busy=True) <= 1.0


def test_page_ahead_of_the_kernel_is_not_believed():
    """A frame that was never sent cannot have been painted."""
    pace = Pace(FPS)
    pace.note_sent(0.0)

    pace.note_painted("page", 1_000, 0.0, 0.1)

    assert pace.painted == 1
