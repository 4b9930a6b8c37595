"""Charts of live streams: what `Stream.chart` draws, and when it refuses."""

from __future__ import annotations

import datetime as dt

import pytest

import okxlab
from okxlab.errors import ChannelError
from okxlab.simulator import Simulator

pytestmark = pytest.mark.simulated

START = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
PATIENCE = 30


@pytest.fixture
def exchange():
    """Run a simulator whose time moves by steps only."""
    with Simulator(5, start=START, speed=0) as running:
        yield running


@pytest.fixture
def lab(exchange):
    """Give a lab on it."""
    with okxlab.connect(exchange) as lab:
        yield lab


def _fill(exchange, *streams, seconds=20):
    """Let the market go on until every stream has rows."""
    for _ in range(10):
        exchange.step(seconds)
        if all(len(stream) > 1 for stream in streams):
            return
        for stream in streams:
            if not len(stream):
                stream.wait(1, timeout=PATIENCE)
    raise AssertionError("the market is too quiet for this test")


def test_a_stream_without_rows(lab):
    """At once, before anything has come, a figure that says so."""
    figure = lab.stream("BTC-USDT", "trades").chart()

    assert figure.layout.annotations[-1].text.startswith("waiting for rows")


def test_a_stream_is_drawn(exchange, lab):
    """The default and others by name, with the newest rows if so asked."""
    stream = lab.stream("BTC-USDT", "tickers")
    _subscribed(stream)
    _fill(exchange, stream)
    stream.close()  # so that no row comes between a picture and the frame

    whole, newest = stream.chart(), stream.chart(last=1)
    frame = stream.df

    assert whole.data[-1].y.tolist() == frame["last"].tolist()
    assert newest.data[-1].y.tolist() == frame["last"].tolist()[-1:]
    assert stream.chart("spread", theme="dark").layout.yaxis3.range == (-1, 1)


def test_a_figure_is_a_picture(exchange, lab):
    """Later rows do not change it."""
    stream = lab.stream("BTC-USDT", "tickers")
    _subscribed(stream)
    _fill(exchange, stream)
    figure = stream.chart()
    before = figure.to_json()

    rows = len(stream)
    exchange.step(30)
    while len(stream) == rows:
        stream.wait(1, timeout=PATIENCE)

    assert figure.to_json() == before


def test_a_wrong_name(lab):
    """The near miss, and what fits."""
    stream = lab.stream("BTC-USDT", "tickers")

    with pytest.raises(ChannelError, match=r"did you mean 'price'\?.*spread, rebased"):
        stream.chart("prise")


def test_several_instruments(exchange, lab):
    """On one scale, or one of them."""
    stream = lab.stream(["BTC-USDT", "ETH-USDT"], "tickers")
    _subscribed(stream)
    _fill(exchange, stream)
    while set(stream.df["inst_id"]) != {"BTC-USDT", "ETH-USDT"}:
        exchange.step(5)

    assert [one.uid for one in stream.chart().data] == ["BTC-USDT", "ETH-USDT"]
    one = stream.chart("price", inst_id="ETH-USDT")
    assert "<b>ETH-USDT</b>" in one.layout.title.text
    with pytest.raises(ChannelError, match="did you mean 'ETH-USDT'"):
        stream.chart("price", inst_id="ETH-USD")


def test_a_book_is_drawn(exchange, lab):
    """Depth at once; the heat map from the moment it is first asked for."""
    book = lab.book("BTC-USDT")
    assert book.chart("heatmap").layout.annotations[-1].text.startswith("waiting")
    _subscribed(book)
    _fill(exchange, book)
    while len(book.levels(1.0, 100)) < 3:
        exchange.step(5)

    depth, heat = book.chart(), book.chart("heatmap")

    assert [one.uid for one in depth.data] == ["bids", "asks"]
    assert depth.data[0].x[0] < depth.data[1].x[0]
    assert heat.data[0].z.shape == (len(heat.data[0].y), len(heat.data[0].x))


def test_after_the_end(exchange, lab):
    """A closed stream is drawn as it was."""
    stream = lab.stream("BTC-USDT", "tickers")
    _subscribed(stream)
    _fill(exchange, stream)
    stream.close()

    assert len(stream.chart().data[-1].y) == len(stream.df)


def _subscribed(stream):
    """Wait until the exchange serves a stream: its first row is what it had."""
    stream._tape.wait_for(lambda: stream.status in ("waiting", "live"), PATIENCE)
