"""What goes wrong on purpose, seen from a client that is not ours."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from okxlab.simulator import ServerSettings, Simulator
from tests.simulated.foreign_client import (
    BOOKS,
    START,
    closing,
    get,
    open_path,
    receive,
    request,
)

pytestmark = pytest.mark.simulated


@pytest.fixture
def still():
    """Run a simulator whose time moves by steps only."""
    with Simulator(7, start=START, speed=0) as running:
        yield running


def test_drop_is_a_reset(still):
    """A dropped connection ends without a close frame."""
    with open_path(still) as ws:
        hit = still.faults.drop()

        assert hit == 1
        assert closing(ws) is None


def test_close_with_a_code(still):
    """A close carries its code and reason."""
    with open_path(still) as ws:
        still.faults.close(4008, "too many channels")
        end = closing(ws)

    assert (end.code, end.reason) == (4008, "too many channels")


def test_silence_is_closed_with_4004():
    """Silence ends the connection; the time can be set."""
    settings = ServerSettings(idle_timeout=0.2)
    with (
        Simulator(speed=0, settings=settings) as simulator,
        open_path(simulator) as ws,
    ):
        assert closing(ws).code == 4004


@pytest.mark.parametrize("status", [403, 429, 503])
def test_refused_connections(still, status):
    """The first handshakes are refused with a status, the next one is let in."""
    still.faults.refuse_connections(2, status=status)
    got = []
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refused:
            open_path(still)
        got.append(refused.value.response.status_code)
    with open_path(still) as ws:
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"
    assert got == [status, status]


def test_slow_handshake(still):
    """A slow handshake makes the client wait."""
    still.faults.slow_handshake(5.0, path="public")
    with pytest.raises(TimeoutError):
        open_path(still, open_timeout=0.2)

    with open_path(still, "business") as ws:
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"


def test_a_client_that_does_not_wait_for_a_slow_handshake(caplog, still):
    """It is gone when it is let in at last: nothing to make a noise about."""
    still.faults.slow_handshake(0.3)
    with pytest.raises(TimeoutError):
        open_path(still, open_timeout=0.1)
    still.faults.slow_handshake(0.6)
    with open_path(still) as ws:  # let in after the other one
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"
    assert [
        one.getMessage() for one in caplog.records if one.levelname == "ERROR"
    ] == []


def test_the_clock_jumps(still):
    """Pushes and the time that is told are off, bars are not; lifted, all is well."""
    bars = {"channel": "candle1s", "instId": "BTC-USDT"}

    def next_time(ws):
        """Return how far the time of a push is from what is right [ms]."""
        now_ms = round(still.now.timestamp() * 1000)
        still.step(1.0)
        row = receive(ws)["data"][0]
        return int(row["ts"] if isinstance(row, dict) else row[0]) - now_ms

    def told():
        """Return how far off the clock is that REST tells [ms]."""
        _, body = get(still, "/api/v5/public/time")
        return int(body["data"][0]["ts"]) - round(still.now.timestamp() * 1000)

    with open_path(still) as ws, open_path(still, "business") as business:
        for one, arg in ((ws, BOOKS), (business, bars)):
            one.send(request("subscribe", arg))
            receive(one)  # the answer
            receive(one)  # how things stand
        with still.faults.jump_clock(-90.0) as jump:
            off = next_time(ws), next_time(business), told()

        assert -90_000 <= off[0] <= -89_000
        assert -1_000 <= off[1] <= 1_000
        assert off[2] == -90_000
        assert told() == 0
        assert jump.hits > 0


def test_odd_frames(still):
    """Text and binary frames of any content reach the client as they are."""
    with open_path(still) as ws:
        still.faults.malformed()
        still.faults.binary()
        still.faults.send('{"event":"x"}')
        frames = [ws.recv(timeout=5) for _ in range(3)]

    assert frames == [
        '{"arg":{"channel":"tickers","instId":',
        b"\x00\x01\xfe\xff",
        '{"event":"x"}',
    ]


def test_half_open(still):
    """A half-open connection is silent, and nothing is refused."""
    with open_path(still) as ws, still.faults.half_open():
        ws.send("ping")
        with pytest.raises(TimeoutError):
            ws.recv(timeout=0.2)


def test_half_open_stays_so(still):
    """What comes after a loss is lost too: a client never sees a hole in its bytes."""
    with open_path(still) as ws, open_path(still) as other:
        with still.faults.half_open():
            ws.send("ping")
            with pytest.raises(TimeoutError):
                ws.recv(timeout=0.2)
        ws.send("ping")
        other.send("ping")

        assert other.recv(timeout=5) == "pong"
        with pytest.raises(TimeoutError):
            ws.recv(timeout=0.2)


def test_delayed_ack_by_the_clock(still):
    """An ack that is held back comes when its time has come, after the data."""
    still.faults.delay_acks(0.3)
    with open_path(still) as ws:
        ws.send(request("subscribe", BOOKS))
        first, second = receive(ws), receive(ws)

    assert "data" in first
    assert second["event"] == "subscribe"


def test_faults_of_a_stopped_simulator():
    """Faults of a simulator that does not run hit nothing, and may be armed."""
    simulator = Simulator(speed=0)
    hit = simulator.faults.drop()
    simulator.faults.refuse_connections(1)
    with simulator, pytest.raises(InvalidStatus):
        open_path(simulator)

    assert hit == 0
    assert simulator.faults.armed == ()


def test_nothing_is_printed(capfd, still):
    """The simulator says nothing on stdout or stderr."""
    with open_path(still) as ws:
        ws.send("nonsense")
        receive(ws)
        still.faults.drop()
    still.stop()

    assert capfd.readouterr() == ("", "")
