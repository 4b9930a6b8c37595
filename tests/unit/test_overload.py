"""Consumers that do not keep up: what they get, and who is told what they do not."""

import asyncio
import threading

import pytest

from okxlab.book.top import TopOfBook
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import Candle, Ticker, Trade
from okxlab.runtime import Dispatcher
from okxlab.stream.book_tape import BookTape
from okxlab.stream.callback import Callback
from okxlab.stream.iteration import RowIterator
from okxlab.stream.sifted import make_tape
from okxlab.stream.stream import Stream
from okxlab.table import parse_window
from okxlab.views.html import stream_html

TIME = 1_790_000_000_000
PATIENCE = 30.0


class Immediate:
    """A runtime whose loop thread is whoever asks."""

    is_running = True

    def __init__(self):
        self.dispatcher = Dispatcher()

    def post(self, fn, *args):
        fn(*args)


@pytest.fixture
def runtime():
    """Give a runtime with a dispatcher of its own."""
    made = Immediate()
    yield made
    made.dispatcher.close(PATIENCE)


def tape(name, *inst_ids, window=100):
    """Return a tape that is live, and its args."""
    args = tuple(Arg(name, instId=one) for one in inst_ids or ("BTC-USDT",))
    one = make_tape(channel(name), args, parse_window(window), many=len(args) > 1)
    for arg in args:
        one.acknowledged(arg, (), 0)
    return one


def trades(first, n):
    """Return trades that follow one another."""
    return [
        Trade(ts=TIME, trade_id=first + k, px=1.0, sz=1.0, side="buy", count=1)
        for k in range(n)
    ]


def tickers(inst_id, *prices):
    """Return states of one instrument."""
    return [Ticker(ts=TIME, inst_id=inst_id, last=price) for price in prices]


def bars(first, n):
    """Return bars that follow one another and are over."""
    return [
        Candle(ts=TIME + 60_000 * (first + k), open=1.0, confirm=True) for k in range(n)
    ]


async def drained(rows):
    """Return all that waits in an iterator."""
    found = [await anext(rows)]
    while rows._rows:
        found.append(await anext(rows))
    return found


def test_trades_that_an_iterator_loses_are_in_the_ledger():
    """They are counted, dated and told by the status until it has caught up."""
    one = tape("trades")
    rows = RowIterator(one, bound=10)
    one.receive(Push(one.args[0], trades(1, 8)), 1_000)
    before = one.status
    one.receive(Push(one.args[0], trades(9, 5)), 2_000)
    one.receive(Push(one.args[0], trades(14, 4)), 3_000)
    behind = one.status
    got = asyncio.run(drained(rows))

    gap = one.gaps.snapshot().iloc[0]
    assert (before, behind, one.status) == ("live", "lagging", "live")
    assert [row.trade_id for row in got] == list(range(8, 18))
    assert rows.skipped == one.stats().skipped == gap["missing"] == 7
    assert len(one.gaps) == 1
    assert "async for" in gap["reason"]
    assert "passed through the window" in gap["how"]
    assert (gap["start"].value, gap["end"].value) == (2_000_000, 3_000_000)
    assert len(one.table) == 17


def test_each_time_of_lagging_is_a_gap_of_its_own():
    """What is lost after a consumer had caught up is another matter."""
    one = tape("trades")
    rows = RowIterator(one, bound=10)
    one.receive(Push(one.args[0], trades(1, 12)), 1_000)
    asyncio.run(drained(rows))
    one.receive(Push(one.args[0], trades(13, 13)), 2_000)

    assert one.gaps.snapshot()["missing"].tolist() == [2, 3]
    rows.stop()
    assert one.status == "live"


def test_states_give_way_to_newer_ones():
    """A slow consumer of tickers gets the newest of each instrument; none is lost."""
    one = tape("tickers", "BTC-USDT", "ETH-USDT")
    rows = RowIterator(one, bound=10)
    btc, eth = one.args
    one.receive(Push(eth, tickers("ETH-USDT", 7.0)), 1_000)
    for price in range(20):
        one.receive(Push(btc, tickers("BTC-USDT", float(price))), 1_000)
    got = asyncio.run(drained(rows))

    assert [(row.inst_id, row.last) for row in got[:1]] == [("ETH-USDT", 7.0)]
    assert got[-1].last == 19.0
    assert len(got) <= 11
    assert one.stats().conflated == rows.conflated == 21 - len(got)
    assert rows.skipped == len(one.gaps) == 0
    assert one.status == "live"


def test_updates_of_a_bar_and_of_a_book_give_way_too():
    """Of a bar the newest update stays, of the top of a book the newest."""
    bar = tape("candle1m")
    book = BookTape(
        channel("books5"), Arg("books5", instId="BTC-USDT"), parse_window(9)
    )
    of_bars, of_tops = RowIterator(bar, bound=3), RowIterator(book, bound=3)
    for volume in range(9):
        row = Candle(ts=TIME, open=1.0, vol=float(volume), confirm=False)
        bar.receive(Push(bar.args[0], [row]), 1_000)
    of_tops.take([TopOfBook(ts=TIME, seq_id=number) for number in range(9)])

    assert asyncio.run(drained(of_bars))[-1].vol == 8.0
    assert [row.seq_id for row in asyncio.run(drained(of_tops))] == [8]
    assert of_bars.skipped == of_tops.skipped == 0


def test_more_states_than_there_is_room_for_are_lost_with_a_word():
    """Rows that no newer one has replaced are rows like any others."""
    names = [f"COIN{n}-USDT" for n in range(12)]
    one = tape("tickers", *names)
    rows = RowIterator(one, bound=10)
    for arg, name in zip(one.args, names, strict=True):
        one.receive(Push(arg, tickers(name, 1.0)), 1_000)

    assert rows.skipped == one.gaps.snapshot()["missing"].sum() == 2


def test_an_iterator_that_nobody_holds_lags_no_longer():
    """Left by a break it is nobody's business how far behind it was."""
    one = tape("trades")
    rows = RowIterator(one, bound=1)
    one.receive(Push(one.args[0], trades(1, 3)), 1_000)
    behind = one.status
    del rows
    one.receive(Push(one.args[0], trades(4, 1)), 1_000)

    assert (behind, one.status) == ("lagging", "live")


def called(one, runtime, rows, much):
    """Let a callback block while much comes in, and return it and what it got."""
    entered, released, ended = (threading.Event() for _ in range(3))
    frames, statuses = [], []

    def slow(frame):
        frames.append(frame)
        if len(frames) == 1:
            entered.set()
            assert released.wait(PATIENCE)
        else:
            statuses.append(one.status)
            ended.set()

    callback = Callback(slow, 0.0, one, runtime)
    one.receive(Push(one.args[0], rows), 1_000)
    assert entered.wait(PATIENCE)
    for more in much:
        one.receive(Push(one.args[0], more), 2_000)
    released.set()
    assert ended.wait(PATIENCE)
    runtime.dispatcher.close(PATIENCE)
    return callback, frames, statuses


def test_trades_that_a_callback_loses_are_in_the_ledger(runtime):
    """The window is its queue: what leaves it unseen is counted and told."""
    one = tape("trades", window=10)
    callback, frames, statuses = called(one, runtime, trades(1, 2), [trades(3, 25)])

    assert [len(frame) for frame in frames] == [2, 10]
    assert callback.skipped == one.stats().skipped == 15
    assert one.gaps.snapshot()["missing"].tolist() == [15]
    assert (statuses, one.status) == (["lagging"], "live")


def test_bars_that_a_callback_loses_are_counted(runtime):
    """However often each of them was updated."""
    one = tape("candle1m", window=3)
    more = [[bar] for bar in bars(1, 8) for _ in range(3)]
    callback, frames, _ = called(one, runtime, bars(0, 1), more)

    assert [len(frame) for frame in frames] == [1, 3]
    assert callback.skipped == one.stats().skipped == 5
    assert one.gaps.snapshot()["missing"].tolist() == [5]


def test_bars_are_counted_when_the_buffer_is_renewed(runtime):
    """Rows move in memory, and the count goes on."""
    one = tape("candle1m", window=3)
    more = [bars(1, 1) for _ in range(5_000)] + [bars(2, 3_000)]
    callback, frames, _ = called(one, runtime, bars(0, 1), more)

    assert callback.skipped == 2_998
    assert len(frames[1]) == 3


def test_a_callback_of_one_ticker_misses_older_states_only(runtime):
    """The newest is in the window always: nothing of the state is lost."""
    one = tape("tickers", window=5)
    much = [tickers("BTC-USDT", *map(float, range(30)))]
    callback, frames, statuses = called(one, runtime, tickers("BTC-USDT", 0.0), much)

    assert frames[1]["last"].iloc[-1] == 29.0
    assert callback.conflated == one.stats().conflated == 25
    assert callback.skipped == len(one.gaps) == 0
    assert statuses == ["live"]


def test_a_stream_shows_that_it_is_lagging(runtime):
    """In a word where its state stands, and in numbers beside it."""
    one = tape("trades")
    stream = Stream(one, runtime, lambda _: None)
    held = RowIterator(one, bound=2)
    one.receive(Push(one.args[0], trades(1, 5)), 1_000)
    html = stream_html(stream)

    assert "lagging" in repr(stream)
    assert "lagging" in html
    assert "3 skipped rows" in html
    held.stop()


def test_a_stream_does_not_collect_callbacks_that_were_stopped(runtime):
    """A cell that is run again and again stops its callback each time."""
    stream = Stream(tape("trades"), runtime, lambda _: None)
    for _ in range(5):
        stream.on_update(print).stop()
    last = stream.on_update(print)

    assert stream._callbacks == [last]
    stream.close()
