"""The simulator on real sockets, read by a client that is not ours."""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from okxlab.protocol.asked import ServerSettings
from okxlab.simulator import Simulator

pytestmark = pytest.mark.simulated

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC
TRADES = {"channel": "trades", "instId": "BTC-USDT"}
BOOKS = {"channel": "books", "instId": "BTC-USDT"}


def _request(op, *args):
    return json.dumps({"op": op, "args": args})


def _open_path(simulator, path="public", query="", **more):
    more = {"compression": None, "proxy": None, "ssl": simulator.ssl_context} | more
    return connect(f"{simulator.ws}/ws/v5/{path}{query}", **more)


def _receive(ws):
    return json.loads(ws.recv(timeout=5))


def get(simulator, path):
    """Return status and decoded body of a REST call."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=simulator.ssl_context),
    )
    try:
        with opener.open(simulator.rest + path, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def closing(ws):
    """Read until the connection ends, and return how it ended."""
    try:
        while True:
            ws.recv(timeout=5)
    except ConnectionClosed as ended:
        return ended.rcvd


@pytest.fixture
def still():
    """Run a simulator whose time moves by steps only."""
    with Simulator(7, start=START, speed=0) as running:
        yield running


@pytest.mark.parametrize("path", ["public", "private", "business"])
@pytest.mark.parametrize("query", ["", "?brokerId=9999"])
def test_paths(simulator, path, query):
    """All three paths answer pings, with and without a broker id."""
    with _open_path(simulator, path, query) as ws:
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"


def test_any_client(simulator):
    """Neither compression nor Origin nor User-Agent matter."""
    more = {"compression": "deflate", "origin": "http://x.y", "user_agent_header": "Z"}
    with _open_path(simulator, **more) as ws:
        ws.send(_request("subscribe", BOOKS))
        ack, snapshot = _receive(ws), _receive(ws)

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
    slowest = 0.0
    with _open_path(simulator) as ws:
        ids = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "BTC-USDT-SWAP")
        channels = ("trades", "books", "bbo-tbt", "tickers")
        args = [{"channel": c, "instId": i} for c in channels for i in ids]
        ws.send(_request("subscribe", *args))
        for _ in range(2 * len(args)):  # acks and first pushes: now it runs
            _receive(ws)
        for _ in range(10):
            _receive(ws)
            asked = time.monotonic()
            ws.send("ping")
            while ws.recv(timeout=5) != "pong":
                pass
            slowest = max(slowest, time.monotonic() - asked)

    assert slowest < 0.4


def test_data_flow_by_themselves_at_speed_1(simulator):
    """At speed 1 pushes come without anybody stepping, stamped with the present."""
    with _open_path(simulator) as ws:
        ws.send(_request("subscribe", BOOKS))
        _receive(ws)
        rows = [_receive(ws)["data"][0] for _ in range(5)]
    lag = time.time() * 1000 - int(rows[-1]["ts"])

    assert rows[0]["prevSeqId"] == -1
    assert 0 <= lag < 1000


def test_a_faster_market():
    """At a higher speed twenty virtual seconds pass in a moment."""
    with (
        Simulator(speed=60, start=START, instruments=5) as simulator,
        _open_path(simulator) as ws,
    ):
        ws.send(_request("subscribe", TRADES))
        _receive(ws)
        first = int(_receive(ws)["data"][0]["ts"])
        while int(_receive(ws)["data"][0]["ts"]) < first + 20_000:
            pass

        assert simulator.now.timestamp() * 1000 > START + 20_000


def test_time_stands_still_until_stepped(still):
    """At speed 0 only a step moves time, and all that fell due has come then."""
    with _open_path(still) as ws:
        ws.send(_request("subscribe", BOOKS))
        _receive(ws)
        snapshot = _receive(ws)["data"][0]
        before = still.now
        still.step(0.5)
        updates = [_receive(ws)["data"][0] for _ in range(5)]

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
            with _open_path(simulator) as ws:
                ws.send(_request("subscribe", BOOKS, TRADES))
                texts = [ws.recv(timeout=5) for _ in range(4)]
                simulator.step(2.0)
                ws.send("ping")
                while texts[-1] != "pong":
                    texts.append(ws.recv(timeout=5))
            sent.append(texts)

    assert sent[0] == sent[1]
    assert len(sent[0]) > 20


def deaf_client(simulator):
    """Open a WebSocket on a bare socket, which reads only when it is told to."""
    host, _, port = simulator.ws.removeprefix("ws://").rpartition(":")
    raw = socket.create_connection((host, int(port)), timeout=5)
    raw.sendall(
        f"GET /ws/v5/public HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += raw.recv(1)

    assert answer.startswith(b"HTTP/1.1 101")
    return raw


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


def test_tls():
    """With TLS the certificate of its own is verified on both interfaces."""
    with Simulator(tls=True) as simulator:
        with _open_path(simulator) as ws:
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


# Life


def test_start_and_stop_twice():
    """Starting a running simulator and stopping a stopped one is harmless."""
    simulator = Simulator()
    simulator.stop()
    first = simulator.start()
    address = simulator.ws
    simulator.start()

    assert first is simulator
    assert simulator.ws == address
    assert simulator.is_running
    simulator.stop()
    simulator.stop()
    assert not simulator.is_running


def test_address_before_the_first_start():
    """Without a port there is no address, and the error says what to do."""
    simulator = Simulator()

    with pytest.raises(RuntimeError, match="start"):
        _ = simulator.ws
    assert repr(simulator) == "<Simulator seed=1 speed=1 stopped>"
    assert abs(simulator.now.timestamp() - time.time()) < 5


def test_restart_on_the_same_port():
    """A restarted simulator is found where it was, and its ids go on upward."""
    simulator = Simulator()
    ids = []
    addresses = []
    for _ in range(2):
        with simulator, _open_path(simulator) as ws:
            ws.send(_request("subscribe", TRADES))
            _receive(ws)
            ids.append(int(_receive(ws)["data"][0]["tradeId"]))
            addresses.append(simulator.ws)

    assert addresses[0] == addresses[1]
    assert ids[1] >= ids[0]


def test_restart_in_virtual_time(still):
    """Where time is stepped, a restart goes on where it stood."""
    still.step(3)
    now = still.now
    still.stop()
    stopped_at = still.now
    still.start()

    assert stopped_at == now == still.now


def test_stop_says_goodbye(still):
    """A stop closes with 1001 and is quick, also if clients do not answer."""
    with _open_path(still, max_size=None) as ws, deaf_client(still):
        still.faults.big_frame(12_000_000)
        began = time.monotonic()
        still.stop()
        took = time.monotonic() - began

        assert closing(ws).code == 1001
        assert took < 2.0


def test_port_that_is_taken(simulator):
    """A taken port is an OSError, and nothing is left behind."""
    port = int(simulator.ws.rpartition(":")[2])
    other = Simulator(port=port)

    with pytest.raises(OSError, match=str(port)):
        other.start()
    assert not other.is_running


def test_many_in_one_run():
    """Simulators come and go by the dozen."""
    for seed in range(12):
        with Simulator(seed, instruments=5) as simulator, _open_path(simulator) as ws:
            ws.send("ping")

            assert ws.recv(timeout=5) == "pong"


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": -1},
        {"speed": float("inf")},
        {"speed": float("nan")},
        {"checksum": "md5"},
        {"start": dt.datetime(2026, 1, 1)},  # noqa: DTZ001  # that is what is wrong
    ],
)
def test_wrong_values(wrong):
    """A value that makes no sense is refused at once."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Simulator(**wrong)


def test_start_as_a_datetime():
    """The start may be a datetime with a timezone."""
    start = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

    assert Simulator(start=start, speed=0).now == start


@pytest.mark.parametrize("how", ["pass", "raise SystemExit(0)"])
def test_interpreter_exit_without_stop(how):
    """A simulator that nobody stopped does not disturb the end of Python."""
    code = (
        "from okxlab.simulator import Simulator\n"
        "from websockets.sync.client import connect\n"
        "simulator = Simulator().start()\n"
        "with connect(simulator.ws + '/ws/v5/public', proxy=None) as ws:\n"
        "    ws.send('ping'); assert ws.recv() == 'pong'\n"
        f"{how}\n"
    )
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert time.monotonic() - began < 15


# Faults


def test_drop_is_a_reset(still):
    """A dropped connection ends without a close frame."""
    with _open_path(still) as ws:
        hit = still.faults.drop()

        assert hit == 1
        assert closing(ws) is None


def test_close_with_a_code(still):
    """A close carries its code and reason."""
    with _open_path(still) as ws:
        still.faults.close(4008, "too many channels")
        end = closing(ws)

    assert (end.code, end.reason) == (4008, "too many channels")


def test_silence_is_closed_with_4004():
    """Silence ends the connection; the time can be set."""
    settings = ServerSettings(idle_timeout=0.2)
    with (
        Simulator(speed=0, settings=settings) as simulator,
        _open_path(simulator) as ws,
    ):
        assert closing(ws).code == 4004


@pytest.mark.parametrize("status", [403, 429, 503])
def test_refused_connections(still, status):
    """The first handshakes are refused with a status, the next one is let in."""
    still.faults.refuse_connections(2, status=status)
    got = []
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refused:
            _open_path(still)
        got.append(refused.value.response.status_code)
    with _open_path(still) as ws:
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"
    assert got == [status, status]


def test_slow_handshake(still):
    """A slow handshake makes the client wait."""
    still.faults.slow_handshake(5.0, path="public")
    with pytest.raises(TimeoutError):
        _open_path(still, open_timeout=0.2)

    with _open_path(still, "business") as ws:
        ws.send("ping")

        assert ws.recv(timeout=5) == "pong"


def test_odd_frames(still):
    """Text and binary frames of any content reach the client as they are."""
    with _open_path(still) as ws:
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
    with _open_path(still) as ws, still.faults.half_open():
        ws.send("ping")
        with pytest.raises(TimeoutError):
            ws.recv(timeout=0.2)


def test_delayed_ack_by_the_clock(still):
    """An ack that is held back comes when its time has come, after the data."""
    still.faults.delay_acks(0.3)
    with _open_path(still) as ws:
        ws.send(_request("subscribe", BOOKS))
        first, second = _receive(ws), _receive(ws)

    assert "data" in first
    assert second["event"] == "subscribe"


def test_faults_of_a_stopped_simulator():
    """Faults of a simulator that does not run hit nothing, and may be armed."""
    simulator = Simulator(speed=0)
    hit = simulator.faults.drop()
    simulator.faults.refuse_connections(1)
    with simulator, pytest.raises(InvalidStatus):
        _open_path(simulator)

    assert hit == 0
    assert simulator.faults.armed == ()


def test_nothing_is_printed(capfd, still):
    """The simulator says nothing on stdout or stderr."""
    with _open_path(still) as ws:
        ws.send("nonsense")
        _receive(ws)
        still.faults.drop()
    still.stop()

    assert capfd.readouterr() == ("", "")


def test_out_of_reach_of_nest_asyncio():
    """A kernel that patches its own loop does not touch the simulator's."""
    code = (
        "import asyncio, nest_asyncio\n"
        "from okxlab.simulator import Simulator\n"
        "from okxlab.simulator.serving import _Loop\n"
        "from websockets.asyncio.client import connect\n"
        "names = '_run_once', 'run_forever', 'run_until_complete', '_check_running'\n"
        "before = [getattr(_Loop, name) for name in names]\n"
        "simulator = Simulator().start()\n"
        "nest_asyncio.apply(asyncio.new_event_loop())\n"
        "async def ask():\n"
        "    async with connect(simulator.ws + '/ws/v5/public', proxy=None) as ws:\n"
        "        await ws.send('ping')\n"
        "        assert await ws.recv() == 'pong'\n"
        "asyncio.run(ask())\n"
        "assert before == [getattr(_Loop, name) for name in names]\n"
        "simulator.stop()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
