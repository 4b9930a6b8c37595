"""The simulator on real sockets, read by a client that is not ours."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from okxlab.simulator import Simulator
from tests.simulated.foreign_client import (
    BOOKS,
    START,
    TRADES,
    deaf_client,
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


@pytest.mark.parametrize("path", ["public", "private", "business"])
@pytest.mark.parametrize("query", ["", "?brokerId=9999"])
def test_paths(simulator, path, query):
    """All three paths answer pings, with and without a broker id."""
    with open_path(simulator, path, query) as ws:
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"


def test_any_client(simulator):
    """Neither compression nor Origin nor User-Agent matter."""
    more = {"compression": "deflate", "origin": "http://x.y", "user_agent_header": "Z"}
    with open_path(simulator, **more) as ws:
        ws.send(request("subscribe", BOOKS))
        ack, snapshot = receive(ws), receive(ws)

    assert ack["event"] == "subscribe"
    assert snapshot["action"] == "snapshot"


def test_other_paths(simulator):
    """What is no path of OKX's is not found."""
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{simulator.ws}/ws/v5/other", proxy=None)

    assert refused.value.response.status_code == 404
    assert get(simulator, "/")[0] == 404
    assert get(simulator, "/ws/v5/public")[0] == 426


def test_pong_within_400_ms_while_data_flow(simulator):
    """A ping is answered soon, whatever else is going on."""
    seconds = []
    with open_path(simulator) as ws:
        ids = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "BTC-USDT-SWAP")
        channels = ("trades", "books", "bbo-tbt", "tickers")
        args = [{"channel": c, "instId": i} for c in channels for i in ids]
        ws.send(request("subscribe", *args))
        for _ in range(2 * len(args)):  # acks and first pushes: now it runs
            receive(ws)
        for _ in range(10):
            receive(ws)
            asked = time.monotonic()
            ws.send("ping")
            while ws.recv(timeout=5) != "pong":
                pass
            seconds.append(time.monotonic() - asked)

    # One that was not held up by the machine: the exchange itself does not.
    assert min(seconds) < 0.4


def test_data_flow_by_themselves_at_speed_1(simulator):
    """At speed 1 pushes come without anybody stepping, stamped with the present."""
    with open_path(simulator) as ws:
        ws.send(request("subscribe", BOOKS))
        receive(ws)
        rows, lags = [], []
        for _ in range(5):
            rows.append(receive(ws)["data"][0])
            lags.append(time.time() * 1000 - int(rows[-1]["ts"]))

    assert rows[0]["prevSeqId"] == -1
    # One that was not held up by the machine: the exchange itself does not.
    assert 0 <= min(lags) < 1000


def test_a_faster_market():
    """At a higher speed twenty virtual seconds pass in a moment."""
    with (
        Simulator(speed=60, start=START, instruments=5) as simulator,
        open_path(simulator) as ws,
    ):
        ws.send(request("subscribe", TRADES))
        receive(ws)
        first = int(receive(ws)["data"][0]["ts"])
        while int(receive(ws)["data"][0]["ts"]) < first + 20_000:
            pass

        assert simulator.now.timestamp() * 1000 > START + 20_000


def test_time_stands_still_until_stepped(still):
    """At speed 0 only a step moves time, and all that fell due has come then."""
    with open_path(still) as ws:
        ws.send(request("subscribe", BOOKS))
        receive(ws)
        snapshot = receive(ws)["data"][0]
        before = still.now
        still.step(0.5)
        updates = [receive(ws)["data"][0] for _ in range(5)]

    assert before == dt.datetime.fromtimestamp(START / 1000, dt.UTC)
    assert still.now - before == dt.timedelta(seconds=0.5)
    assert snapshot["ts"] == str(START)
    assert [row["ts"] for row in updates] == [str(START + 100 * n) for n in range(1, 6)]


def test_step_from_another_thread(still):
    """Any thread may step."""
    other = threading.Thread(target=still.step, args=(1.0,))
    other.start()
    other.join()

    assert still.now.timestamp() * 1000 == START + 1000


def test_steps_that_make_no_sense(simulator, still):
    """Time that runs by itself is not stepped, and none runs backwards."""
    with pytest.raises(ValueError, match="speed=1"):
        simulator.step(1)
    with pytest.raises(ValueError, match="forward"):
        still.step(-1)
    with pytest.raises(RuntimeError, match="start"):
        Simulator(speed=0).step(1)


def test_same_bytes_over_sockets():
    """The same seed, start, steps and texts bring the same bytes."""
    sent = []
    for _ in range(2):
        with Simulator(3, start=START, speed=0) as simulator:
            with open_path(simulator) as ws:
                ws.send(request("subscribe", BOOKS, TRADES))
                texts = [ws.recv(timeout=5) for _ in range(4)]
                simulator.step(2.0)
                ws.send("ping")
                while texts[-1] != "pong":
                    texts.append(ws.recv(timeout=5))
            sent.append(texts)

    assert sent[0] == sent[1]
    assert len(sent[0]) > 20


def test_step_waits_for_a_slow_reader(still):
    """A step that a client does not take in time says so."""
    with deaf_client(still):
        still.faults.big_frame(15_000_000)
        still.faults.big_frame(1_000_000)
        with pytest.raises(TimeoutError, match="does not read"):
            still.step(1.0, timeout=0.2)


def test_slow_reader_is_closed_with_4005(still):
    """More than the queue holds ends the connection, and no memory is kept."""
    with deaf_client(still) as raw:
        for _ in range(4):
            still.faults.big_frame(8_000_000)
        got = b""
        while chunk := raw.recv(1 << 20):
            got = got[-1000:] + chunk

    assert got.endswith((4005).to_bytes(2, "big") + b"Buffer full")


def test_rest(simulator):
    """REST is answered on the same port, in OKX's envelope."""
    status, body = get(simulator, "/api/v5/public/time")

    assert status == 200
    assert (body["code"], body["msg"]) == ("0", "")
    assert abs(int(body["data"][0]["ts"]) / 1000 - time.time()) < 5
    assert get(simulator, "/api/v5/no/such/call")[0] == 404
    assert get(simulator, "/api/v5/market/ticker")[0] == 400


def test_a_long_request_line(simulator):
    """It is refused in OKX's envelope like a short one that makes no sense."""
    status, body = get(simulator, f"/api/v5/market/ticker?instId={'A' * 100_000}")

    assert (status, body["code"]) == (200, "51001")


def test_tls():
    """With TLS the certificate of its own is verified on both interfaces."""
    with Simulator(tls=True) as simulator:
        with open_path(simulator) as ws:
            ws.send("ping")
            pong = ws.recv(timeout=5)
        status, _ = get(simulator, "/api/v5/public/time")

        assert simulator.ws.startswith("wss://127.0.0.1:")
        assert simulator.rest.startswith("https://127.0.0.1:")
        assert simulator.environment.ssl_context is simulator.ssl_context
        assert simulator.certificate.startswith("-----BEGIN CERTIFICATE-----")
        assert (pong, status) == ("pong", 200)


def test_environment(simulator):
    """The environment knows all addresses."""
    here = simulator.environment

    assert here.public == f"{simulator.ws}/ws/v5/public"
    assert here.rest == simulator.rest
    assert here.name == "simulator"
    assert simulator.certificate is None
    assert simulator.ssl_context is None
