"""What is left of charts and of the panel where no kernel runs."""

from __future__ import annotations

import pytest

import okxlab
from okxlab.simulator import Simulator

pytestmark = pytest.mark.simulated

PATIENCE = 30
PICTURE = '<img alt="BTC-USDT  trades" width="100%" src="data:image/svg+xml;base64,'


@pytest.fixture
def lab():
    """Give a lab on a quick simulator."""
    with Simulator(5, speed=20) as exchange, okxlab.connect(exchange) as lab:
        yield lab


def test_still_of_a_panel_has_the_streams_and_the_chart(lab):
    """Lights, table and picture are there, buttons are not."""
    trades = lab.stream("BTC-USDT", "trades")
    trades.wait(5, timeout=PATIENCE)
    panel = lab.panel()
    panel.watching.show(trades)
    still = panel.still()["text/html"]

    assert "trades BTC-USDT" in still
    assert PICTURE in still
    assert "<button" not in still
    assert "a cell is running" not in still


def test_marimo_is_told_what_it_can_show(lab):
    """It takes no Jupyter widgets: a still, and in words what there is."""
    shown = lab.panel()._display_()._repr_html_()

    assert "simulator" in shown
    assert "marimo" in shown


def test_still_of_a_closed_book_has_its_levels(lab):
    """A figure takes its last look before the book is let go."""
    book = lab.book("BTC-USDT")
    book.wait(2, timeout=PATIENCE)
    figure = book.live("depth")
    book.close()

    assert figure.is_closed
    assert len(figure.figure.data[0].x) > 10
