"""What the two connections of a replacement see of one another, frame by frame."""

import threading

import pytest
from websockets.frames import Opcode

from okxlab.protocol import events as ev
from tests.simulated.far_end import PATIENCE, FarEnd, frame
from tests.simulated.test_transport import (
    TICKERS,
    TRADES,
    _wait,
    open_connection,
    push,
    runtime,
)

pytestmark = pytest.mark.simulated
__all__ = ["open_connection", "runtime"]

MIB = 1024 * 1024


class Signals:
    """What one script waits for of the other one."""

    def __init__(self):
        self.has_begun = threading.Event()  # the successor, to subscribe
        self.has_said_all = threading.Event()  # the successor, its rows
        self.is_told = threading.Event()  # what the old one has said
        self.is_closing = threading.Event()  # the client lets go of the old one


def big(number):
    """Return a push of a megabyte."""
    return push(number).replace('"px"', f'"pad":"{"x" * MIB}","px"')


def ids(heard):
    """Return the trades that were told, in order."""
    return [row.trade_id for push, _ in list(heard.pushes) for row in push.rows]


def replace(connection, runtime, heard):
    """Replace the connection once it carries rows."""
    heard.until(lambda it: it.pushes)

    def last():
        return [push for push, _ in heard.pushes[-1:]]

    runtime.call(connection.renew, "notice 64008", None, last)


def test_the_old_connection_is_closed_in_order_and_read_to_its_end(
    open_connection, runtime
):
    """Rows on their way when it is closed count, and their twins do not."""
    signals = Signals()

    def old(peer):
        peer.handshake()
        peer.text()
        peer.send(frame(push(1)))
        signals.has_said_all.wait(PATIENCE)
        assert peer.text() is None  # the close frame
        peer.send(frame(push(2)), frame(push(3)))
        peer.answer_close()

    def new(peer):
        peer.handshake()
        peer.text()
        peer.send(*(frame(push(number)) for number in (1, 2, 3, 4)))
        signals.has_said_all.set()
        peer.answer_close()

    with FarEnd(old, new, side_by_side=True) as far_end:
        connection, heard = open_connection(far_end.url, TRADES)
        replace(connection, runtime, heard)
        heard.until(lambda it: len(it.pushes) >= 4)
        _wait(lambda: far_end.peers[0].close_code is not None)
        code, losses = far_end.peers[0].close_code, list(heard.losses)

    assert ids(heard) == [1, 2, 3, 4]
    assert code == 1000
    assert connection.renewals == 1
    assert losses == []
    assert heard.count(ev.Missed) == 0


def test_an_old_connection_that_breaks_at_its_end_is_told(open_connection, runtime):
    """What was under way may be lost: that is on record, and the rest goes on."""
    signals = Signals()

    def old(peer):
        peer.handshake()
        peer.text()
        peer.send(frame(push(1)))
        signals.has_said_all.wait(PATIENCE)
        assert peer.text() is None
        peer.reset()

    def new(peer):
        peer.handshake()
        peer.text()
        peer.send(frame(push(3)))
        signals.has_said_all.set()
        peer.answer_close()

    with FarEnd(old, new, side_by_side=True) as far_end:
        connection, heard = open_connection(far_end.url, TRADES)
        replace(connection, runtime, heard)
        heard.until(lambda it: len(it.pushes) >= 2)
        losses = list(heard.losses)

    assert ids(heard) == [1, 3]
    assert losses == []
    assert [event.arg for event in heard.events if isinstance(event, ev.Missed)] == [
        TRADES
    ]


def test_more_than_can_be_held_back_leaves_the_old_one_in_use(open_connection, runtime):
    """Before the connection has gone over, nothing is lost by that."""
    signals = Signals()

    def old(peer):
        peer.handshake()
        peer.text()
        peer.send(frame(push(1)))
        signals.has_said_all.wait(PATIENCE)
        peer.send(frame(push(2)))
        peer.answer_close()

    def new(peer):
        peer.handshake()
        peer.text()
        for number in range(40):
            peer.send(frame(big(number)))
        assert peer.text() is None
        signals.has_said_all.set()
        peer.answer_close()

    def refuse(peer):
        peer.refuse(503)

    with FarEnd(old, new, refuse, side_by_side=True) as far_end:
        # The successor serves the one and leaves the other out.
        connection, heard = open_connection(far_end.url, TRADES, TICKERS)
        replace(connection, runtime, heard)
        heard.until(lambda it: len(it.pushes) >= 2)

    assert ids(heard) == [1, 2]
    assert connection.renewals == 0


def test_more_than_can_be_held_back_at_the_end_is_a_loss(open_connection, runtime):
    """What was held back is told, then the connection is made anew."""
    signals = Signals()

    def old(peer):
        peer.handshake()
        peer.text()
        peer.send(frame(push(0)))
        signals.has_begun.wait(PATIENCE)
        for number in range(1, 31):
            peer.send(frame(big(number)))
        assert peer.text() is None
        signals.is_closing.set()  # and the close frame is not answered
        signals.has_said_all.wait(PATIENCE)

    def new(peer):
        peer.handshake()
        peer.text()
        signals.has_begun.set()
        signals.is_told.wait(PATIENCE)
        peer.send(frame(push(30)))
        signals.is_closing.wait(PATIENCE)
        for number in range(31, 35):
            peer.send(frame(big(number)))
        peer.answer_close()

    def third(peer):
        signals.has_said_all.set()
        peer.handshake()
        peer.answer_close()

    with FarEnd(old, new, third, side_by_side=True) as far_end:
        connection, heard = open_connection(far_end.url, TRADES)
        replace(connection, runtime, heard)
        heard.until(lambda it: len(it.pushes) >= 31)
        signals.is_told.set()
        heard.until(lambda it: it.losses)
        (why, _, _) = heard.losses[0]
        told = ids(heard)
        heard.until(lambda it: it.openings >= 2)

    assert "held back" in why
    assert told == list(range(len(told)))
    assert 31 < len(told) < 35


def test_what_comes_before_anybody_listens_is_bounded(open_connection):
    """More than that with the handshake ends the connection, which is told."""
    flood = frame("") * 100_000

    def pushy(peer):
        peer.handshake(then=flood)
        peer.answer_close()

    def modest(peer):
        peer.handshake(then=frame(b"", Opcode.PING) + frame(push(1)))
        peer.answer_close()

    with FarEnd(pushy, modest) as far_end:
        _, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: it.pushes)
        (why, _, _) = heard.losses[0]

    assert ids(heard) == [1]
    assert why == "more came with the handshake than is kept"
