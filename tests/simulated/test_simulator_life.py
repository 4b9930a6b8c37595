"""How a simulator starts, restarts and ends."""

from __future__ import annotations

import datetime as dt
import doctest
import subprocess
import sys
import time

import pytest

from okxlab.simulator import Simulator
from okxlab.simulator import simulator as simulator_module
from tests.simulated.foreign_client import (
    START,
    TRADES,
    closing,
    deaf_client,
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
        with simulator, open_path(simulator) as ws:
            ws.send(request("subscribe", TRADES))
            receive(ws)
            ids.append(int(receive(ws)["data"][0]["tradeId"]))
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
    with open_path(still, max_size=None) as ws, deaf_client(still):
        still.faults.big_frame(12_000_000)
        began = time.monotonic()
        still.stop()
        took = time.monotonic() - began

        assert closing(ws).code == 1001
        assert took < 2.0


def test_a_failure_ends_the_connection(still):
    """A client whose request broke the exchange is let go of and does not hang."""

    def break_down(*_):
        raise ZeroDivisionError

    with open_path(still) as ws, open_path(still) as other:
        still._serving.reach(lambda exchange: setattr(exchange, "decide", break_down))
        ws.send(request("subscribe", TRADES))

        assert closing(ws).code == 1011
        still._serving.reach(lambda exchange: delattr(exchange, "decide"))
        other.send(request("subscribe", TRADES))
        assert receive(other)["event"] == "subscribe"


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
        with Simulator(seed, instruments=5) as simulator, open_path(simulator) as ws:
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
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert time.monotonic() - began < 15


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


def test_example():
    """The example of the documentation does what it shows."""
    failed, tried = doctest.testmod(simulator_module)

    assert (failed, tried) == (0, 3)
