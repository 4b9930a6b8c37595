"""Each fault of the simulator by itself: all that is lost comes back."""

import pytest

from okxlab.simulator.faults import KINDS
from tests.soak.soak import network_sockets
from tests.soak.stage import Stage

pytestmark = pytest.mark.simulated

OPTIONS = {
    "flap": {"seconds": 0.2, "count": 4},
    "trickle": {"seconds": 0.3, "count": 4},
    "refuse_connections": {"count": 3, "status": 429},
    "slow_handshake": {"seconds": 0.3, "count": 3},
    "refuse_rest": {"count": 3},
    "slow_rest": {"seconds": 0.3, "count": 3},
    "delay_acks": {"seconds": 0.8},
    "withhold_acks": {"count": 3},
    "delay_logins": {"seconds": 0.3},
    "reset_seq": {"inst_id": "BTC-USDT"},
    "notice": {"close_after": 0.2},
    "burst": {"times": 5_000},
    "stop_pushing": {"count": 30},
    "duplicate": {"count": 30},
    "reorder": {"channel": None, "count": 20},
    "replay": {"later": 3, "count": 20},
    "skip_seq": {"count": 3},
}
WHEN_BACK = (
    "flap",
    "refuse_connections",
    "slow_handshake",
    "refuse_rest",
    "slow_rest",
    "delay_acks",
    "withhold_acks",
    "delay_logins",
)
"""Faults that wait for a client which comes again."""


@pytest.fixture(scope="module", autouse=True)
def _leak_check():
    """Look for leaks once: connections come and go while the stage stands."""
    before = network_sockets()
    yield
    assert network_sockets() <= before


@pytest.fixture(scope="module")
def stage():
    """Give a handful of streams, and the market that they are of."""
    with Stage(5, is_small=True) as stage:
        yield stage


def weather(stage, fault, seconds=4.0):
    """Play on while a fault is armed, then get well and compare everything."""
    stage.report.wrong.clear()
    armed = fault()
    for _ in range(int(seconds / 0.2)):
        stage.step()
        stage.look()
        stage.pause.wait(0.01)
    stage.simulator.faults.clear()
    stage.calm("after it")
    stage.compare()
    return armed


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone_is_weathered(stage, kind):
    """Afterwards every trade, bar and book is what the exchange has."""
    faults = stage.simulator.faults
    stage.calm("before it")

    def strike():
        armed = getattr(faults, kind)(**OPTIONS.get(kind, {}))
        if kind in WHEN_BACK:
            faults.drop()
        return armed

    armed = weather(stage, strike)

    assert stage.report.wrong == []
    if isinstance(armed, int):
        assert armed > 0
    elif kind != "mute_pongs":  # data is life enough: nobody may have asked
        assert armed.hits > 0


@pytest.mark.parametrize("code", [1001, 1012, *range(4001, 4010)])
def test_every_close_code_is_come_back_from(stage, code):
    """Whatever the exchange says at the end, nothing is missing afterwards."""
    stage.calm("before it")
    closed = weather(stage, lambda: stage.simulator.faults.close(code, "so it is"), 1.0)

    assert closed > 0
    assert stage.report.wrong == []


def test_faults_upon_faults_are_weathered(stage):
    """Also where several come at once."""
    stage.calm("before it")
    faults = stage.simulator.faults
    day = weather(stage, lambda: faults.bad_day(4, every=0.3, lasting=15.0), 15.0)

    assert day.struck > 20
    assert stage.report.wrong == []
