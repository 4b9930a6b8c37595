"""Live figures of streams against the simulator, without a page."""

from __future__ import annotations

import threading
import time

import pytest

import okxlab
from okxlab.errors import ChannelError
from okxlab.views.figure.widget import LiveFigure

pytestmark = pytest.mark.simulated

PATIENCE = 30.0


@pytest.fixture
def lab(simulator):
    """Give a lab on the simulator, not held back by OKX's connect rate."""
    environment = okxlab.Environment(
        simulator.ws, simulator.rest, connects_per_second=100
    )
    with okxlab.connect(environment) as opened:
        yield opened


def wait_until(condition) -> None:
    """Wait until something is so; the painter tells nobody when it has sent."""
    pause, give_up_at = threading.Event(), time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up_at, "it never came"
        pause.wait(0.02)


@pytest.mark.parametrize("channel", ["candle1m", "trades", "tickers", "bbo-tbt"])
def test_stream_has_a_live_figure_that_follows_it(lab, channel):
    """Rows that come after the figure was made are in it soon."""
    stream = lab.stream("BTC-USDT", channel)
    stream.wait(2, timeout=PATIENCE)
    figure = stream.live()
    first = figure.frames[0]
    stream.wait(2, timeout=PATIENCE)
    wait_until(lambda: figure.frames[0] > first)

    assert figure.errors == 0
    assert max(len(trace.x) for trace in figure.figure.data if "x" in trace) > 0


def test_book_has_a_live_figure(lab):
    """The depth of a book is drawn and redrawn."""
    book = lab.book("BTC-USDT")
    book.wait(2, timeout=PATIENCE)
    figure = book.live()
    first = figure.frames[0]
    wait_until(lambda: figure.frames[0] > first)

    assert figure.errors == 0
    assert len(figure.figure.data[0].x) > 10


def test_asking_again_gives_the_same_figure_until_it_is_closed(lab):
    """Running a cell again does not pile up figures."""
    stream = lab.stream("BTC-USDT", "trades")
    first = stream.live()

    assert stream.live() is first
    assert stream.live(fps=5) is not first
    first.close()
    assert stream.live() is not first


def test_closing_the_stream_closes_its_figures(lab):
    """A closed stream draws nothing any more."""
    stream = lab.stream("BTC-USDT", "trades")
    figure = stream.live()
    stream.close()

    assert figure.is_closed
    assert isinstance(figure, LiveFigure)


def test_wrong_chart_is_refused_with_the_near_miss(lab):
    """A typing error in the name of a chart raises where it was made."""
    stream = lab.stream("BTC-USDT", "trades")

    with pytest.raises(ChannelError, match="candles"):
        stream.live("candels")
    with pytest.raises(ValueError, match="fps"):
        stream.live(fps=0)
