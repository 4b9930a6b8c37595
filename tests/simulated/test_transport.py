"""A connection over real sockets: what it carries, survives, and leaves behind."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
import time

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import (
    InvalidProxyStatus,
    InvalidStatus,
    InvalidUpgrade,
    ProxyError,
)
from websockets.frames import Opcode
from websockets.http11 import Response

from okxlab.environment import Timings
from okxlab.errors import ConnectError, ConnectionLostError
from okxlab.protocol import events as ev
from okxlab.protocol.arg import Arg
from okxlab.protocol.session import ClientSession
from okxlab.runtime import Clock, ConnectGate, Runtime
from okxlab.runtime.loop import BackgroundLoop
from okxlab.simulator import Simulator
from okxlab.transport import Connection
from okxlab.transport.backoff import Backoff
from okxlab.transport.dial import dial
from tests.simulated.far_end import PATIENCE, FarEnd, frame, tunnel

pytestmark = pytest.mark.simulated

TRADES = Arg("trades", instId="BTC-USDT")
TICKERS = Arg("tickers", instId="BTC-USDT")
EAGER = {"backoff_initial": 0.01, "backoff_max": 0.05, "connects_per_second": 100}


class Watched(Clock):
    """A clock that tells when it is looked at, as each read does."""

    def __init__(self):
        super().__init__()
        self.looked_at = asyncio.Event()

    def recv_us(self):
        self.looked_at.set()
        return super().recv_us()


class Heard:
    """A receiver that writes four messages down."""

    def __init__(self):
        self.messages = []
        self.everything = asyncio.Event()

    def receive_text(self, text):
        self.receive_binary(text)

    def receive_binary(self, payload):
        self.messages.append(payload)
        if len(self.messages) == 4:
            self.everything.set()

    def read_done(self):
        """Go on."""

    def ended(self):
        """Go on."""


class Recorder:
    """A listener that writes everything down and can be waited for."""

    def __init__(self):
        self.pushes = []
        self.events = []
        self.openings = 0
        self.losses = []
        self.failures = []
        self.changed = threading.Condition()

    def pushed(self, push, recv_us):
        with self.changed:
            self.pushes.append((push, recv_us))
            self.changed.notify_all()

    def event(self, _connection, event):
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def opened(self, _connection):
        with self.changed:
            self.openings += 1
            self.changed.notify_all()

    def aged(self, connection):
        connection.renew("it has come to its age")

    def lost(self, _connection, why, code, alive_us):
        with self.changed:
            self.losses.append((why, code, alive_us))
            self.changed.notify_all()

    def failed(self, _connection, error):
        with self.changed:
            self.failures.append(error)
            self.changed.notify_all()

    def until(self, is_true):
        """Wait until something is true of what was written down."""
        with self.changed:
            assert self.changed.wait_for(lambda: is_true(self), PATIENCE), vars(self)

    def count(self, kind):
        return sum(isinstance(event, kind) for event in self.events)


@pytest.fixture(scope="module")
def runtime():
    """Give one runtime to all tests here."""
    runtime = Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def simulator():
    """Give a simulator that the test may disturb."""
    with Simulator(seed=1) as running:
        yield running


@pytest.fixture
def open_connection(runtime):
    """Give a function that makes connections, and close them afterwards."""
    made = []

    def make(url, *args, listener=None, ssl=None, start=True, **timings):
        listener = listener or Recorder()
        settings = Timings(**(EAGER | timings))

        def on_loop():
            connection = Connection(
                url,
                "public",
                settings=settings,
                clock=runtime.clock,
                gate=ConnectGate(settings.connects_per_second),
                listener=listener,
                ssl=ssl,
            )
            connection.add(args)
            if start:
                connection.start()
            return connection

        made.append(runtime.call(on_loop))
        return made[-1], listener

    yield make
    for one in made:
        runtime.submit(one.close())


@pytest.fixture
def use_proxy(monkeypatch):
    """Give a function that makes the environment name one proxy, or none."""

    def use(port):
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
            if port is not None and name != "no_proxy":
                monkeypatch.setenv(name, f"http://127.0.0.1:{port}")

    return use


def push(number):
    """Return the text of a trades push that can be told from others."""
    row = {"instId": "BTC-USDT", "tradeId": str(number), "px": "1", "sz": "1"}
    row |= {"side": "buy", "ts": "1700000000000", "count": "1"}
    arg = {"channel": "trades", "instId": "BTC-USDT"}
    return json.dumps({"arg": arg, "data": [row]}, separators=(",", ":"))


def serve_pongs(peer):
    """Accept, and answer pings until the client goes."""
    peer.handshake()
    while (text := peer.text()) is not None:
        if text == "ping":
            peer.send(frame("pong"))
    peer.answer_close()


# What it carries.


def test_rows_of_what_is_wanted_arrive(simulator, open_connection):
    """Rows come typed, with receive times that never step back."""
    connection, heard = open_connection(simulator.environment.public, TRADES, TICKERS)

    heard.until(lambda it: {push.arg for push, _ in it.pushes} == {TRADES, TICKERS})
    heard.until(lambda it: len(it.pushes) > 5)
    times = [recv_us for _, recv_us in heard.pushes]

    assert connection.state == "open"
    assert heard.events[0] == ev.Subscribed(arg=TRADES)
    assert heard.count(ev.Subscribed) == 2
    assert times == sorted(times)
    assert abs(times[-1] / 1e6 - time.time()) < PATIENCE


def test_args_can_come_and_go(simulator, open_connection, runtime):
    """What is added is subscribed to, what is removed is let go of."""
    connection, heard = open_connection(simulator.environment.public, TRADES)
    heard.until(lambda it: it.count(ev.Subscribed) >= 1)

    runtime.call(connection.add, [TICKERS, TRADES])
    heard.until(lambda it: it.count(ev.Subscribed) >= 2)
    runtime.call(connection.remove, [TRADES])
    heard.until(lambda it: ev.Unsubscribed(arg=TRADES) in it.events)

    assert list(connection.wanted) == [TICKERS]
    assert runtime.call(lambda: connection.requests_left) == 480 - 3


def test_args_wanted_together_share_a_request(open_connection, runtime):
    """Also where each is added by itself, before or after the opening."""
    texts = []

    def script(peer):
        peer.handshake()
        texts.append(peer.text())
        texts.append(peer.text())
        peer.answer_close()

    with FarEnd(script) as far_end:
        connection, heard = open_connection(far_end.url, TRADES, start=False)
        runtime.call(connection.add, [TICKERS])
        runtime.call(connection.start)
        heard.until(lambda it: it.openings >= 1)

        def add_each():
            for channel in ("books5", "bbo-tbt", "mark-price"):
                connection.add([Arg(channel, instId="BTC-USDT")])

        runtime.call(add_each)
        _wait(lambda: len(texts) == 2)
        runtime.submit(connection.close())

    channels = [[arg["channel"] for arg in json.loads(text)["args"]] for text in texts]
    assert channels == [["trades", "tickers"], ["books5", "bbo-tbt", "mark-price"]]


def test_messages_in_pieces_keep_their_order(open_connection):
    """Fragments, and what comes between and behind them, arrive as sent."""

    def script(peer):
        peer.handshake()
        peer.text()
        whole = push(2).encode()
        peer.send(
            frame(push(1)),
            frame(whole[:5], fin=False),
            frame(b"are you there", Opcode.PING),
            frame(whole[5:50], Opcode.CONT, fin=False),
            frame(whole[50:], Opcode.CONT),
            frame(push(3)),
            frame(b"\x00\x01", Opcode.BINARY),
            frame(b'{"arg":"\xff\xfe"}'),
            frame(push(4)),
        )
        peer.answer_close()

    with FarEnd(script) as far_end:
        _, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: len(it.pushes) >= 4)
        losses = list(heard.losses)

    assert [push.rows[0].trade_id for push, _ in heard.pushes] == [1, 2, 3, 4]
    assert heard.count(ev.Malformed) == 2
    assert losses == []


def test_what_comes_with_the_handshake_is_not_lost(open_connection):
    """Rows in the same segment as the answer to the handshake arrive too."""

    def script(peer):
        peer.handshake(then=frame(push(1)) + frame(push(2)))
        peer.answer_close()

    with FarEnd(script) as far_end:
        _, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: len(it.pushes) >= 2)
        losses = list(heard.losses)

    assert losses == []


def test_what_comes_before_anybody_listens_is_handed_over_first():
    """Messages of later segments wait as well, whichever parser has read them."""
    is_open = threading.Event()

    def script(peer):
        peer.handshake()
        is_open.wait(PATIENCE)
        peer.send(frame("one"), frame(b"?", Opcode.PING), frame(b"two", Opcode.BINARY))
        peer.text()
        peer.send(frame("three"), frame("fo", fin=False), frame("ur", Opcode.CONT))
        peer.answer_close()

    heard, clock = Heard(), Watched()

    async def listen(url):
        socket = await dial(url, Timings(**EAGER), clock, None)
        clock.looked_at.clear()
        is_open.set()
        async with asyncio.timeout(PATIENCE):
            await clock.looked_at.wait()
            early = list(heard.messages)
            socket.attach(heard)
            socket.say("and now?")
            await heard.everything.wait()
        await socket.close()
        return early

    loop = BackgroundLoop()
    with FarEnd(script) as far_end:
        early = loop.run_until_complete(listen(far_end.url))
    loop.close()

    assert early == []
    assert heard.messages == ["one", b"two", "three", "four"]


def test_big_messages_pass_and_bigger_ones_do_not(simulator, open_connection):
    """Up to the limit they are read; over it the connection is made anew."""
    url = simulator.environment.public
    _, generous = open_connection(url)
    _, strict = open_connection(url, max_message_bytes=1_000_000)
    generous.until(lambda it: it.openings >= 1)
    strict.until(lambda it: it.openings >= 1)

    simulator.faults.big_frame(10_000_000)
    generous.until(lambda it: it.count(ev.UnknownEvent) >= 1)
    strict.until(lambda it: it.openings >= 2)

    assert generous.losses == []
    assert [(why, code) for why, code, _ in strict.losses] == [
        ("a message was longer than max_message_bytes=1000000", 1009)
    ]


# What it survives.


def test_a_reset_is_survived(simulator, open_connection, caplog):
    """It is told, logged, and everything wanted is subscribed to again."""
    connection, heard = open_connection(simulator.environment.public, TRADES, TICKERS)
    heard.until(lambda it: it.count(ev.Subscribed) >= 2 and it.pushes)
    last_us = heard.pushes[-1][1]

    with caplog.at_level(logging.WARNING, "okxlab.transport"):
        simulator.faults.drop()
        heard.until(lambda it: it.count(ev.Subscribed) >= 4)
    why, code, alive_us = heard.losses[0]

    assert (why, code) == ("the connection was reset", None)
    assert alive_us >= last_us
    assert (heard.openings, connection.state) == (2, "open")
    assert isinstance(connection.last_error, ConnectionLostError)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_close_frame_tells_its_code_and_reason(simulator, open_connection):
    """Both reach the listener, and the last error."""
    connection, heard = open_connection(simulator.environment.public, TRADES)
    heard.until(lambda it: it.count(ev.Subscribed) >= 1)

    simulator.faults.close(4008, "Too many subscriptions")
    heard.until(lambda it: it.openings >= 2)

    assert [(why, code) for why, code, _ in heard.losses] == [
        ("closed by the exchange: Too many subscriptions", 4008)
    ]
    assert connection.last_error.code == 4008


def test_what_comes_before_a_close_frame_is_read(open_connection):
    """Rows and close frame in one segment: the rows count."""

    def script(peer):
        peer.handshake()
        peer.text()
        peer.send(
            frame(push(1)), frame(push(2)), frame(b"\x03\xe9", Opcode.CLOSE), b"junk"
        )
        peer.answer_close()

    with FarEnd(script, serve_pongs) as far_end:
        _, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: it.openings >= 2)
        losses = [(why, code) for why, code, _ in heard.losses]

    assert [push.rows[0].trade_id for push, _ in heard.pushes] == [1, 2]
    assert losses == [("closed by the exchange", 1001)]


def test_an_end_without_a_close_frame_is_told(open_connection):
    """A far end that just goes away is no reset."""

    def script(peer):
        peer.handshake()
        peer.text()

    with FarEnd(script, serve_pongs) as far_end:
        _, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: it.openings >= 2)
        losses = [(why, code) for why, code, _ in heard.losses]

    assert losses == [("the connection ended without a close frame", None)]


def test_frames_that_are_none_end_the_connection(open_connection):
    """Broken framing cannot be read on from."""

    def script(peer):
        peer.handshake()
        peer.text()
        peer.send(b"\x8f\x00")
        peer.answer_close()

    with FarEnd(script, serve_pongs) as far_end:
        _, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: it.openings >= 2)
        far_end_saw = far_end.peers[0].close_code
        losses = [(why, code) for why, code, _ in heard.losses]

    assert losses == [("its frames cannot be read (invalid opcode)", 1002)]
    assert far_end_saw == 1002


def test_silence_is_noticed(open_connection):
    """A far end that no longer answers pings is given up."""
    pings = []

    def script(peer):
        peer.handshake()
        while (text := peer.text()) is not None:
            pings.append(text)
        peer.answer_close()

    with FarEnd(script, serve_pongs) as far_end:
        _, heard = open_connection(far_end.url, ping_interval=0.05, pong_timeout=0.1)
        heard.until(lambda it: it.openings >= 2)
        losses = [why for why, _, _ in heard.losses]

    assert pings == ["ping"]
    assert heard.count(ev.Dead) == 1
    assert losses == ["no answer to ping within 0.1 s"]


def test_a_held_loop_does_not_look_like_a_dead_exchange(open_connection, runtime):
    """What lies in the socket when a deadline has passed still counts, all of it.

    It is one message here that takes several reads.
    """
    pinged, held, ponged = threading.Event(), threading.Event(), threading.Event()

    def script(peer):
        peer.handshake()
        assert peer.text() == "ping"
        pinged.set()
        assert held.wait(PATIENCE)
        peer.send(frame('{"event":"padding","msg":"' + 1_000_000 * "x" + '"}'))
        ponged.set()
        assert peer.text() == "ping"
        peer.send(frame(push(1)))
        peer.answer_close()

    def hold():
        held.set()
        assert ponged.wait(PATIENCE)
        threading.Event().wait(0.5)  # the cell that computes: past the deadline

    with FarEnd(script) as far_end:
        connection, heard = open_connection(
            far_end.url, TRADES, start=False, ping_interval=0.3, pong_timeout=0.3
        )
        runtime.call(connection.remove, [TRADES])
        runtime.call(connection.start)
        assert pinged.wait(PATIENCE)
        runtime.call(hold)
        heard.until(lambda it: it.count(ev.Unclaimed) >= 1)
        losses = list(heard.losses)

    assert losses == []


def test_a_refused_handshake_is_told_and_tried_again(simulator, open_connection):
    """With its HTTP status, the number of attempts and the cause."""
    simulator.faults.refuse_connections(2, status=503)

    connection, heard = open_connection(simulator.environment.public, TRADES)
    heard.until(lambda it: it.count(ev.Subscribed) >= 1)
    first, second = heard.failures

    assert isinstance(first, ConnectError)
    assert "HTTP 503" in str(first)
    assert isinstance(first.__cause__, InvalidStatus)
    assert (first.attempts, second.attempts, connection.attempts) == (1, 2, 0)
    assert first.host == simulator.ws.removeprefix("ws://")


def test_a_refusal_may_ask_for_patience(open_connection):
    """``Retry-After`` is heeded as far as the longest pause goes."""

    def script(peer):
        peer.refuse(429, "Retry-After: 7")

    with FarEnd(script) as far_end:
        patient, heard = open_connection(far_end.url, backoff_max=60)
        hasty, also_heard = open_connection(far_end.url, backoff_max=0.02)
        heard.until(lambda it: it.failures)
        also_heard.until(lambda it: len(it.failures) >= 2)
        # As long as there is somebody who asks for it.
        pauses = patient._pause, hasty._pause

    assert "too many connections" in str(patient.last_error)
    assert pauses == (7, 0.02)


def test_a_far_end_that_never_answers_is_given_up(open_connection):
    """The handshake has its timeout."""
    gone = threading.Event()

    def script(peer):
        peer.read_request()
        gone.wait(PATIENCE)

    with FarEnd(script) as far_end:
        _, heard = open_connection(far_end.url, connect_timeout=0.1)
        heard.until(lambda it: it.failures)
        gone.set()

    assert "no answer within 0.1 s" in str(heard.failures[0])


def test_a_far_end_that_speaks_something_else_is_named(open_connection):
    """Something listens there, but no WebSocket server."""

    def script(peer):
        peer.read_request()
        peer.send(b"220 mail ready\r\n")

    with FarEnd(script) as far_end:
        _, heard = open_connection(far_end.url)
        heard.until(lambda it: it.failures)

    assert "is a WebSocket server there?" in str(heard.failures[0])


def test_a_port_where_nobody_listens_is_named(open_connection, free_port):
    """With the address, and what is done about it."""
    _, heard = open_connection(f"ws://127.0.0.1:{free_port}/ws/v5/public")

    heard.until(lambda it: len(it.failures) >= 3)
    error = heard.failures[2]

    assert f"127.0.0.1:{free_port}" in str(error)
    assert "nobody listens there" in str(error)
    assert (error.attempts, error.host) == (3, f"127.0.0.1:{free_port}")


def test_a_name_that_does_not_exist_is_named(open_connection, use_proxy):
    """As without a network."""
    use_proxy(None)

    _, heard = open_connection("ws://exchange.invalid/ws/v5/public")
    heard.until(lambda it: it.failures)

    assert "its name cannot be resolved" in str(heard.failures[0])


def test_a_listener_that_raises_is_counted(simulator, open_connection, caplog):
    """The connection outlives it."""

    class Bad(Recorder):
        def pushed(self, push, recv_us):
            super().pushed(push, recv_us)
            raise ZeroDivisionError

        def event(self, connection, event):
            super().event(connection, event)
            raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "okxlab.transport"):
        connection, heard = open_connection(
            simulator.environment.public, TRADES, listener=Bad()
        )
        heard.until(lambda it: len(it.pushes) >= 3)

    assert connection.errors >= 3
    assert connection.state == "open"
    assert "ZeroDivisionError" in caplog.text


def _response(status):
    return Response(status, "", Headers())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvalidStatus(_response(403)), "HTTP 403 (not served to this address"),
        (InvalidStatus(_response(418)), "HTTP 418"),
        (InvalidProxyStatus(_response(407)), "the proxy refused with HTTP 407"),
        (ProxyError("no way"), "the proxy failed (no way)"),
        (InvalidUpgrade("Connection", "close"), "the handshake failed"),
        (ssl.SSLError(1, "wrong version number"), "TLS failed"),
        (ConnectionResetError(104, "reset"), "the connection was reset"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (ImportError("python-socks"), "ImportError: python-socks"),
    ],
)
def test_whatever_stands_in_the_way_is_put_into_words(error, words):
    """Each kind of trouble has its own words; unknown ones say what they are."""
    from okxlab.transport.dial import why_failed

    assert words in why_failed(error, Timings())


def test_trouble_while_opening_is_an_attempt_that_failed(
    simulator, open_connection, monkeypatch
):
    """Even trouble of okxlab's own making leaves no connection hanging."""
    begun = []

    class Failing(ClientSession):
        def subscribe(self, args):
            begun.append(args)
            if len(begun) == 1:
                raise ZeroDivisionError
            super().subscribe(args)

    monkeypatch.setattr("okxlab.transport.connection.ClientSession", Failing)

    _, heard = open_connection(simulator.environment.public, TRADES)
    heard.until(lambda it: it.pushes)

    assert [type(error.__cause__) for error in heard.failures] == [ZeroDivisionError]


def test_a_session_can_be_spoken_to(simulator, open_connection, runtime):
    """As a login does; what it then has to say is sent at once."""
    connection, heard = open_connection(simulator.environment.public, start=False)
    idle = (connection.session, connection.opened_at)
    runtime.call(connection.flush)
    runtime.call(connection.start)
    heard.until(lambda it: it.openings >= 1)

    def speak():
        connection.session.subscribe([TRADES])
        connection.flush()

    runtime.call(speak)
    heard.until(lambda it: it.count(ev.Subscribed) >= 1)

    assert idle == (None, None)
    assert connection.opened_at <= runtime.clock.monotonic()


# How it comes back.


def test_pauses_grow_to_their_limit_and_begin_anew():
    """Each is drawn from zero up to a limit that doubles."""
    drawn = []
    backoff = Backoff(1.0, 60.0, lambda low, high: drawn.append(low) or high)

    pauses = [backoff.pause() for _ in range(8)]
    backoff.reset()

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.pause() == 1
    assert set(drawn) == {0.0}


@pytest.mark.parametrize(("proof", "limit"), [(0.001, 0.02), (60.0, 0.08)])
def test_only_a_connection_that_proved_itself_restarts_the_pauses(
    open_connection, proof, limit
):
    """It must have carried something and lived for a while."""

    def script(peer):
        peer.handshake(then=frame(push(1)))
        peer.text()
        threading.Event().wait(0.02)  # its life

    with FarEnd(script) as far_end:
        connection, heard = open_connection(
            far_end.url, TRADES, backoff_max=60, proof=proof
        )
        heard.until(lambda it: len(it.losses) >= 3)
        found = connection._backoff._limit

    assert found >= limit if proof > 1 else found == limit


def test_a_connection_that_carried_nothing_has_not_proved_itself(open_connection):
    """However long it lived."""

    def script(peer):
        peer.handshake()
        threading.Event().wait(0.02)  # its life

    with FarEnd(script) as far_end:
        connection, heard = open_connection(far_end.url, backoff_max=60, proof=0.001)
        heard.until(lambda it: len(it.losses) >= 3)

    assert connection._backoff._limit >= 0.08


def test_reconnecting_is_done_at_once_but_not_in_a_circle(open_connection, runtime):
    """The first time without a pause, again only after a good connection."""
    pauses = []

    with FarEnd(serve_pongs) as far_end:
        connection, heard = open_connection(
            far_end.url, backoff_initial=0.5, backoff_max=60
        )
        heard.until(lambda it: it.openings >= 1)
        for _ in range(2):
            runtime.call(connection.reconnect, "notice 64008")
            pauses.append(connection._pause)
            heard.until(lambda it: it.openings >= len(pauses) + 1)
        codes = [peer.close_code for peer in far_end.peers[:2]]
        losses = [(why, code) for why, code, _ in heard.losses]

    assert pauses[0] == 0.0 < pauses[1]
    assert losses == [("notice 64008", None)] * 2
    assert codes == [1000, 1000]


def test_reconnecting_ends_a_pause(open_connection, runtime, free_port):
    """Who waits for the next attempt need not wait on."""
    connection, heard = open_connection(
        f"ws://127.0.0.1:{free_port}/ws/v5/public", backoff_initial=60, backoff_max=60
    )
    heard.until(lambda it: it.failures)

    for attempt in (2, 3):
        _wait(lambda: connection.state == "backoff")
        runtime.call(connection.reconnect, "the network is back")
        heard.until(lambda it, attempt=attempt: len(it.failures) >= attempt)

    assert connection.attempts == 3


def test_events_of_a_connection_that_was_let_go_are_not_told(open_connection):
    """What stands behind the notice in the same segment belongs to the past."""

    class Hasty(Recorder):
        def event(self, connection, event):
            super().event(connection, event)
            if isinstance(event, ev.Notice):
                connection.reconnect("notice")

    def script(peer):
        peer.handshake()
        peer.text()
        notice = '{"event":"notice","code":"64008","msg":"upgrade","connId":"a4d3ae55"}'
        peer.send(frame(notice), frame(push(1)), frame("rubbish"))
        peer.answer_close()

    with FarEnd(script, serve_pongs) as far_end:
        _, heard = open_connection(far_end.url, TRADES, listener=Hasty())
        heard.until(lambda it: it.openings >= 2)

    assert (heard.pushes, heard.count(ev.Malformed)) == ([], 0)


# How it ends.


def test_close_says_1000_and_leaves_nothing(open_connection, runtime):
    """No task, no timer that acts, no more word to the listener."""

    def tasks():
        return asyncio.all_tasks(runtime.loop)

    before = runtime.call(tasks)
    with FarEnd(serve_pongs) as far_end:
        connection, heard = open_connection(far_end.url, TRADES)
        heard.until(lambda it: it.openings >= 1)
        runtime.submit(connection.close())
        runtime.submit(connection.close())
        code = far_end.peers[0].close_code

    assert code == 1000
    assert connection.state == "closed"
    assert heard.losses == []
    assert runtime.call(tasks) == before


def test_close_does_not_wait_for_a_far_end_that_hangs(open_connection, runtime):
    """It takes about two seconds at most."""
    gone = threading.Event()

    def script(peer):
        peer.handshake()
        gone.wait(PATIENCE)

    with FarEnd(script) as far_end:
        connection, heard = open_connection(far_end.url)
        heard.until(lambda it: it.openings >= 1)
        begun = time.monotonic()
        runtime.submit(connection.close())
        took = time.monotonic() - begun
        gone.set()

    assert took < 2.2


def test_close_ends_an_attempt(open_connection, runtime):
    """Neither a handshake nor a pause is waited for."""
    gone, asked = threading.Event(), threading.Event()

    def script(peer):
        peer.read_request()
        asked.set()
        gone.wait(PATIENCE)

    with FarEnd(script) as far_end:
        connection, heard = open_connection(far_end.url)
        assert asked.wait(PATIENCE)
        runtime.submit(connection.close())
        runtime.call(connection.start)
        gone.set()

    assert connection.state == "closed"
    assert heard.failures == []


def test_close_ends_a_pause(open_connection, runtime, free_port):
    """A connection in its backoff closes at once."""
    connection, heard = open_connection(
        f"ws://127.0.0.1:{free_port}/ws/v5/public", backoff_initial=60, backoff_max=60
    )
    heard.until(lambda it: it.failures)

    begun = time.monotonic()
    runtime.submit(connection.close())

    assert time.monotonic() - begun < 1.0
    assert connection.state == "closed"


# TLS and proxies.


@pytest.fixture(scope="module")
def secure():
    """Give a simulator with a certificate of its own making."""
    with Simulator(seed=1, tls=True) as running:
        yield running


def test_tls_carries_rows_and_is_closed_in_order(secure, open_connection, runtime):
    """The whole life of a connection, over TLS."""
    connection, heard = open_connection(
        secure.environment.public, TRADES, ssl=secure.ssl_context
    )

    heard.until(lambda it: it.pushes)
    secure.faults.drop()
    heard.until(lambda it: it.openings >= 2)
    secure.faults.close(4006, "Abnormal disconnection")
    heard.until(lambda it: it.openings >= 3)
    runtime.submit(connection.close())

    assert [code for _, code, _ in heard.losses] == [None, 4006]


def test_a_certificate_that_nobody_vouches_for_is_refused(secure, open_connection):
    """Without the context that trusts it there is no connection."""
    _, heard = open_connection(secure.environment.public, TRADES)

    heard.until(lambda it: it.failures)

    assert "its certificate is not trusted" in str(heard.failures[0])
    assert heard.openings == 0


@pytest.mark.parametrize("checks_name", [True, False])
def test_tls_goes_through_a_proxy_and_checks_the_name(
    secure, open_connection, use_proxy, checks_name
):
    """Trust in the issuer is not enough: the certificate is for 127.0.0.1."""
    asked = []
    context = ssl.create_default_context(cadata=secure.certificate)
    context.check_hostname = checks_name

    with FarEnd(tunnel(int(secure.ws.rpartition(":")[2]), asked)) as proxy:
        use_proxy(proxy.port)
        url = "wss://exchange.invalid/ws/v5/public"
        _, heard = open_connection(url, TRADES, ssl=context)
        heard.until(lambda it: it.pushes or it.failures)
        failures = [str(error) for error in heard.failures]

    assert asked[0] == "CONNECT exchange.invalid:443 HTTP/1.1"
    assert ["certificate is not trusted" in text for text in failures[:1]] == (
        [True] if checks_name else []
    )
    assert bool(heard.openings) is not checks_name


def test_stock_tls_works_and_is_reported_once(secure, caplog, monkeypatch):
    """Where TLS gives up the GIL the log says so, once a host."""
    monkeypatch.setattr("okxlab.transport.connection._stock_tls_reported", set())
    clock, heard = Clock(), Recorder()

    async def twice():
        for _ in range(2):
            came = asyncio.Event()
            heard.pushed = lambda *_, came=came: came.set()
            made = Connection(
                secure.environment.public,
                "public",
                settings=Timings(**EAGER),
                clock=clock,
                gate=ConnectGate(100),
                listener=heard,
                ssl=secure.ssl_context,
            )
            made.add([TRADES])
            made.start()
            async with asyncio.timeout(PATIENCE):
                await came.wait()
            await made.close()

    loop = BackgroundLoop()
    with caplog.at_level(logging.WARNING, "okxlab.transport"):
        loop.run_until_complete(twice())
    loop.close()

    assert [("late" in record.message) for record in caplog.records] == [True]


def test_loopback_never_goes_through_a_proxy(simulator, open_connection, use_proxy):
    """Whatever the environment says."""
    use_proxy(1)

    _, heard = open_connection(simulator.environment.public, TRADES)
    heard.until(lambda it: it.pushes)

    assert heard.failures == []


def test_other_hosts_go_through_the_proxy_of_the_environment(
    simulator, open_connection, use_proxy
):
    """The proxy is asked for the host, and carries the connection."""
    asked = []

    with FarEnd(tunnel(int(simulator.ws.rpartition(":")[2]), asked)) as proxy:
        use_proxy(proxy.port)
        _, heard = open_connection("ws://exchange.invalid/ws/v5/public", TRADES)
        heard.until(lambda it: it.pushes or it.failures)
        failures = list(heard.failures)

    assert asked == ["CONNECT exchange.invalid:80 HTTP/1.1"]
    assert failures == []


def test_a_host_with_two_address_families_is_reached(simulator, open_connection):
    """``localhost`` may mean ::1, where nobody listens here."""
    url = simulator.environment.public.replace("127.0.0.1", "localhost")

    _, heard = open_connection(url, TRADES)
    heard.until(lambda it: it.pushes)

    assert heard.failures == []


def _wait(is_true):
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
