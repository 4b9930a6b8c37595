"""The kernel's half of a live figure, without a kernel: what is sent, and when."""

from __future__ import annotations

import gzip

import numpy as np
import plotly.graph_objects as go
import pytest

from okxlab.views.figure.deltas import Append
from okxlab.views.figure.drawn import Drawn
from okxlab.views.figure.page import Execution
from okxlab.views.figure.sender import Sender

VIEW = {"kind": "view", "page": "p", "views": 1, "visible": 1}


class Rows:
    """A source that has one new row whenever it is asked."""

    def __init__(self):
        self.asked = 0
        self.failing = False

    def changes(self):
        """Return the next row, or raise."""
        self.asked += 1
        if self.failing:
            raise ValueError("nothing to show")
        return [Append(0, {"y": [float(self.asked)]})]


def make_sender(source=None, execution=None):
    """Return a sender of a line, and the list of what it sends."""
    sent = []
    figure = go.Figure(go.Scatter(y=np.zeros(3)))
    sender = Sender(
        figure,
        source or Rows(),
        lambda content, buffers: sent.append((content, [bytes(b) for b in buffers])),
        execution=execution or Execution(),
    )
    return sender, sent


def kinds(sent):
    """Return what kinds of messages were sent, frames by their operations."""
    return [
        "+".join(each["op"] for each in content["operations"])
        if content["kind"] == "frame"
        else content["kind"]
        for content, _ in sent
    ]


def test_plotly_goes_out_with_the_first_figure_of_a_kernel_only():
    """One script for all figures, then the figure itself."""
    execution = Execution()
    first, sent = make_sender(execution=execution)
    second, sent_by_second = make_sender(execution=execution)
    first.begin(0.0)
    second.begin(0.1)

    assert kinds(sent) == ["plotly", "figure"]
    assert kinds(sent_by_second) == ["figure"]
    assert b"plotly.js" in gzip.decompress(sent[0][1][0])[:200]


def test_page_gets_what_it_needs():
    """A reloaded page asks for script and figure; requests in line count once."""
    sender, sent = make_sender()
    sender.begin(0.0)
    sent.clear()
    for _ in range(3):
        sender.hear(VIEW | {"needs": ["plotly"]}, 100.0)
    sender.hear(VIEW | {"needs": ["figure"]}, 100.0)

    assert kinds(sent) == ["plotly", "figure"]


def test_frame_is_one_message_with_one_buffer():
    """What has changed travels as one small message, its numbers in bytes."""
    sender, sent = make_sender()
    sender.paint(0.0)
    content, buffers = sent[0]

    assert content["operations"][0]["columns"] == {"y": [0, 1]}
    assert buffers == [np.array([1.0]).tobytes()]


def test_nothing_new_sends_nothing():
    """A chart that is as before costs no message and is not drawn."""
    drawings = []

    def draw():
        drawings.append(1)
        return go.Figure(go.Scatter(y=np.zeros(3)))

    sender, sent = make_sender(Drawn(draw, version=lambda: 1))
    sender.paint(0.0)
    sender.paint(1.0)

    assert sent == []
    assert len(drawings) == 1


def test_source_that_raises_is_asked_again():
    """An error is counted, nothing is sent, and the next answer counts."""
    source = Rows()
    sender, sent = make_sender(source)
    source.failing = True
    sender.paint(0.0)
    source.failing = False
    sender.paint(1.0)

    assert sender.errors == 1
    assert str(sender.last_error) == "nothing to show"
    assert kinds(sent) == ["rows"]


def test_delta_that_does_not_fit_sends_the_whole_figure():
    """What was applied before it is not lost on the page."""

    class Wrong:
        def changes(self):
            return [Append(0, {"y": [1.0]}), Append(7, {"y": [1.0]})]

    sender, sent = make_sender(Wrong())
    sender.paint(0.0)

    assert isinstance(sender.last_error, IndexError)
    assert kinds(sent) == ["figure"]
    assert sender.as_dict()["data"][0]["y"].tolist() == [0, 0, 0, 1]


def test_busy_kernel_sends_everything_now_and_then():
    """What a page may have lost comes again, though it cannot ask for it."""
    execution = Execution()
    execution.begin()
    sender, sent = make_sender(execution=execution)
    for tenth in range(700):
        sender.paint(tenth / 10)

    assert kinds(sent).count("figure") == 2


def test_ended_sender_asks_and_sends_no_more():
    """The last changes go out with the end, and none after it."""
    source = Rows()
    sender, sent = make_sender(source)
    sender.end(0.0)
    sender.paint(1.0)
    sender.end(2.0)

    assert source.asked == 1
    assert kinds(sent) == ["rows"]


@pytest.mark.parametrize(
    "rubbish",
    [None, {}, {"kind": "painted"}, {"kind": "view", "page": 3, "views": "x"}, "text"],
)
def test_rubbish_from_a_page_is_passed_over(rubbish):
    """A page of another version does no harm."""
    sender, sent = make_sender()
    sender.hear(rubbish, 0.0)

    assert sent == []
    assert sender.pace.views is None
