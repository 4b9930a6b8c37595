"""Representations: useful in every state, escaped, and never raising."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from okxlab.errors import SubscriptionError
from okxlab.history import parse_asked
from okxlab.lab.status import ChannelCount, ConnectionStatus, LabStatus
from okxlab.protocol.channels import channel, make_arg
from okxlab.protocol.events import Push
from okxlab.runtime import Runtime
from okxlab.stream import BookStream, Stream
from okxlab.stream.book_tape import BookTape
from okxlab.stream.sifted import make_tape
from okxlab.table import parse_window
from okxlab.views import html
from tests.unit.book_rows import book_row

NOW_US = 1_795_166_400_000_000
HOSTILE = "<script>alert('x')</script>\"&<b>"
VOID = {"br", "hr", "img"}
KEPT = {"b", "br", "details", "div", "p", "pre", "span", "summary"} | {
    *("table", "tbody", "td", "th", "thead", "tr"),
}
"""Of the tags that GitHub leaves in a notebook; it takes styles and classes away."""
BLOCKS = {"div", "td", "th", "tr", "table", "details"}


class _Tags(HTMLParser):
    """Finds tags that do not close, and what must not be there."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.text += " " if tag in BLOCKS else ""
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text


def read(said):
    """Return the text of a page part that is well formed and harmless."""
    parser = _Tags()
    parser.feed(said)
    parser.close()
    assert parser.open == []
    assert parser.tags <= KEPT
    return " ".join(parser.text.split())


@pytest.fixture
def runtime():
    """Run okxlab's threads."""
    runtime = Runtime()
    yield runtime
    runtime.close()


def made(runtime, name="trades", inst_id="BTC-USDT", **arg):
    """Return a stream and its tape, without a connection."""
    entry = channel(name)
    args = (make_arg(entry, inst_id, **arg),)
    tape = make_tape(entry, args, parse_window(100))
    return Stream(tape, runtime, lambda _: tape.close()), tape


def receive(tape, *rows):
    """Let a tape take rows."""
    tape.receive(Push(arg=tape.args[0], rows=list(rows)), NOW_US)


def trade(number, side="buy"):
    """Return a trade."""
    row = tape_row("trades")
    return row(ts=NOW_US // 1_000, trade_id=number, px=100.5, sz=1.0, side=side)


def tape_row(name):
    """Return the struct of a channel's rows."""
    return channel(name).row


def test_a_stream_that_waits(runtime):
    """Instrument, channel, what it is doing, and no table."""
    stream, _ = made(runtime)

    said = stream._repr_html_()

    assert read(said) == "BTC-USDT trades ● connecting 0 rows"
    assert "<table" not in said


def test_a_stream_with_rows(runtime):
    """Counters, lag and the last rows."""
    stream, tape = made(runtime)
    receive(tape, *[trade(n) for n in range(9)])

    text = read(stream._repr_html_())

    assert "● live 9 rows · lag 0 ms" in text
    assert "100.5" in text
    assert text.count("buy") == 5


def test_gaps_can_be_unfolded(runtime):
    """How many, and the last of them with reason and end."""
    stream, tape = made(runtime)
    receive(tape, trade(1))
    tape.lost([tape.args[0]], "reset by peer", NOW_US)

    text = read(stream._repr_html_())

    assert "● reconnecting" in text
    assert "1 reconnect" in text
    assert "1 gap" in text
    assert "reset by peer" in text
    assert "still open" in text


def test_a_refused_stream_says_why(runtime):
    """The exchange's words, escaped."""
    stream, tape = made(runtime)
    error = SubscriptionError(HOSTILE, code="60018", msg="m", arg="a", conn_id="c")
    tape.refused(tape.args[0], error, NOW_US)

    text = read(stream._repr_html_())

    assert "● refused" in text
    assert f"last error {HOSTILE}" in text


def test_a_closed_stream(runtime):
    """It keeps its rows; after its threads have ended, too."""
    stream, tape = made(runtime)
    receive(tape, trade(1))
    stream.close()

    assert "● closed 1 row" in read(stream._repr_html_())
    runtime.close()
    assert "● closed 1 row" in read(stream._repr_html_())


def test_a_state(runtime):
    """Its key stands at the left of its rows."""
    stream, tape = made(runtime, "instruments", None, inst_type="SPOT")
    receive(tape, tape_row("instruments")(inst_id=HOSTILE, inst_type="SPOT"))

    text = read(stream._repr_html_())

    assert text.startswith("instruments")
    assert HOSTILE in text


def test_a_past_that_comes(runtime):
    """How far it is, and nothing of it when it is there."""
    stream, tape = made(runtime, "candle1m")
    tape.ask(parse_asked(500))
    assert "history 0 of ? requests" in read(stream._repr_html_())

    for load in tape.loads.values():
        load.end()
    assert "history" not in read(stream._repr_html_())


def test_several_instruments(runtime):
    """They are counted."""
    entry = channel("tickers")
    args = tuple(make_arg(entry, one) for one in ("BTC-USDT", "ETH-USDT"))
    tape = make_tape(entry, args, parse_window(100), many=True)
    stream = Stream(tape, runtime, lambda _: None)

    assert read(stream._repr_html_()).startswith("2 instruments tickers ● connecting")


def test_broken_parts_are_left_out(runtime, caplog):
    """A part that raises is logged; the others are still shown."""
    stream, tape = made(runtime)
    receive(tape, trade(1))

    def stats():
        raise RuntimeError("broken")

    tape.stats = stats
    with caplog.at_level(logging.CRITICAL, "okxlab.views"):
        text = read(stream._repr_html_())

    assert text.startswith("BTC-USDT trades ● live")
    assert "100.5" in text


def test_everything_may_be_broken(caplog):
    """Then little is left, and still nothing raises."""
    with caplog.at_level(logging.CRITICAL, "okxlab.views"):
        for make in (html.stream_html, html.book_html, html.lab_html, html.status_html):
            assert read(make(SimpleNamespace())) == ""


def test_values_that_cannot_be_shown(caplog):
    """A row whose object raises in its own repr."""

    class Rude:
        def __repr__(self):
            raise ValueError("no")

    frame = pd.DataFrame({"payload": [Rude()]})
    with caplog.at_level(logging.CRITICAL, "okxlab.views"):
        assert html._or_nothing(lambda: html._table(frame)) == ""


def book(runtime):
    """Return a book and its tape."""
    entry = channel("books")
    tape = BookTape(entry, make_arg(entry, "BTC-USDT"), parse_window(100))
    return BookStream(tape, runtime, lambda _: tape.close()), tape


def test_a_book_without_levels(runtime):
    """It says that it is not synced and shows no price."""
    stream, _ = book(runtime)

    text = read(stream._repr_html_())

    assert "not synced" in text
    assert "bid" not in text.replace("bid_", "")


def test_a_book(runtime):
    """Best prices, spread, imbalance, and the best levels."""
    stream, tape = book(runtime)
    row = book_row([(100, 1, 7), (99, 3, 8)], [(102, 3, 9)], seq=1, ts=NOW_US // 1_000)
    tape.receive(Push(arg=tape.args[0], rows=[row], action="snapshot"), NOW_US)

    text = read(stream._repr_html_())

    assert "● live bid 100 · ask 102 · spread 2 (198.02 bp) · imbalance -0.50" in text
    assert "bid_px" in text


def test_a_book_with_one_side(runtime):
    """Where nobody asks it says so."""
    stream, tape = book(runtime)
    row = book_row([(100, 1, 7)], [], seq=1, ts=NOW_US // 1_000)
    tape.receive(Push(arg=tape.args[0], rows=[row], action="snapshot"), NOW_US)

    assert "bid 100 · ask nobody" in read(stream._repr_html_())


def status(**parts):
    """Return a status of a lab."""
    connection = ConnectionStatus(
        path="public",
        url="wss://ws.okx.com/ws/v5/public",
        state="backoff",
        args=3,
        args_limit=240,
        requests_left=477,
        requests_limit=480,
        waiting=1,
        attempts=2,
        last_error=HOSTILE,
    )
    given = {
        "environment": "live",
        "is_open": True,
        "streams": (("tickers BTC-USDT", "live"), (HOSTILE, "refused")),
        "connections": (connection,),
        "login": "accepted",
        "channel_counts": (
            ChannelCount(channel="orders", connections=31, limit=30, exceeded=True),
        ),
        "connects_per_second": 3,
        "tls": "aiofastnet",
    }
    return LabStatus(**{**given, **parts})


def test_a_status():
    """Environment, connections with their budget, streams with their lights."""
    text = read(status()._repr_html_())

    assert text.startswith("okxlab live ● open")
    assert "login accepted · at most 3 new connections a second" in text
    assert "orders: 31 of 30 connections of the account, too many" in text
    assert "public ● backoff 3 of 240, 1 waiting 3 of 480 an hour" in text
    assert f"{HOSTILE} ● refused" in text


def test_a_lab(runtime):
    """Its streams with their counters; empty and closed, too."""
    stream, tape = made(runtime)
    receive(tape, trade(1))
    lab = SimpleNamespace(status=status(), streams=(stream,))
    idle = SimpleNamespace(
        status=status(is_open=False, streams=(), connections=(), channel_counts=()),
        streams=(),
    )

    assert "trades BTC-USDT ● live 1" in read(html.lab_html(lab))
    assert read(html.lab_html(idle)).startswith("okxlab live ● closed login accepted")


def test_no_background_and_no_black():
    """What is drawn has the page's own colours, but for the lights."""
    said = status()._repr_html_()

    colours = set(re.findall(r"(?<!-)color:\s*([^;\"]+)", said))
    assert "background" not in said
    assert colours <= set(html.STATES.values())


def test_errors_are_cut():
    """A page of an error stays a line."""
    assert len(html._cut("x" * 5_000)) < 400


def test_numbers():
    """Plain prices; a missing one is nobody's."""
    assert html._number(117360.10) == "117,360.1"
    assert html._number(np.nan) == "nobody"
    assert html._seconds(0.0421) == "42 ms"
    assert html._seconds(65.0) == "65.0 s"
