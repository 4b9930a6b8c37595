"""The demo market end to end: its hosts, its header, its keys."""

from __future__ import annotations

import contextlib

import pytest

import okxlab
from okxlab import errors
from okxlab.lab.doctor import examine
from okxlab.runtime import current_runtime
from okxlab.simulator import Simulator
from tests.simulated.gatehouse import Gatehouse

pytestmark = pytest.mark.simulated

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
START = 1_767_312_000_000
"""2026-01-02 00:00 UTC."""
KEY = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
HEADER = "x-simulated-trading"


@pytest.fixture
def still():
    """Give an exchange whose market stands still."""
    with Simulator(7, start=START, speed=0) as running:
        yield running


@pytest.fixture
def gatehouse(still):
    """Give the exchange's REST address, seen from outside."""
    with contextlib.closing(Gatehouse(still.rest)) as found:
        yield found


def demo(still, gatehouse):
    """Return the exchange as a demo market."""
    return okxlab.Environment(
        still.ws,
        gatehouse.address,
        simulated=True,
        name="demo",
        connects_per_second=100,
    )


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


@pytest.mark.parametrize(
    ("site", "ws", "rest"),
    [
        ("global", "wss://wspap.okx.com", "https://openapi.okx.com"),
        ("eea", "wss://wseeapap.okx.com", "https://eea.okx.com"),
        ("us", "wss://wsuspap.okx.com", "https://us.okx.com"),
    ],
)
def test_demo_has_hosts_of_its_own_and_a_header(site, ws, rest):
    """Nothing is connected yet: the first stream does that."""
    with okxlab.connect("demo", site=site, credentials=KEY) as lab:
        environment = lab.environment

    assert environment.simulated
    assert environment.private == f"{ws}/ws/v5/private"
    assert environment.public == f"{ws}/ws/v5/public"
    assert environment.business == f"{ws}/ws/v5/business"
    assert environment.rest == rest
    assert not okxlab.Environment.named("live", site).simulated


def test_every_request_of_a_demo_lab_says_that_it_means_the_demo_market(
    still, gatehouse
):
    """Lists, clock, open orders and the doctor's: signed or not."""
    still.trade("BTC-USDT", "buy", "0.1", "1000")
    environment = demo(still, gatehouse)
    with okxlab.connect(environment, credentials=KEY) as lab:
        lab.instruments("SPOT")
        orders = lab.stream(channel="orders", inst_type="SPOT")
        account = lab.stream(channel="account")
        until(orders, lambda: orders.status == "live")
        until(account, lambda: not account.df.empty)
        report = examine(environment, current_runtime(), KEY, timeout=PATIENCE)
    seen = {path.partition("?")[0] for path, _ in gatehouse.requests}
    signed = {path for path, got in gatehouse.requests if "OK-ACCESS-SIGN" in got}

    assert len(orders.df) == 1
    assert report.is_well, str(report)
    assert seen >= {
        "/api/v5/public/time",
        "/api/v5/public/instruments",
        "/api/v5/trade/orders-pending",
        "/api/v5/account/config",
    }
    assert {got.get(HEADER) for _, got in gatehouse.requests} == {"1"}
    assert all("/trade/" in path or "/account/" in path for path in signed)
    assert "header of the demo market" in str(report)


def test_a_live_lab_does_not_say_so(still, gatehouse):
    """With the header a live key would be refused."""
    environment = okxlab.Environment(
        still.ws, gatehouse.address, connects_per_second=100
    )
    with okxlab.connect(environment, credentials=KEY) as lab:
        orders = lab.stream(channel="orders", inst_type="SPOT")
        until(orders, lambda: orders.status == "live")

    assert gatehouse.requests
    assert not any(HEADER in got for _, got in gatehouse.requests)


def test_a_live_key_on_demo_is_explained_in_one_sentence(still, gatehouse):
    """By the error where the user stands, and by the doctor."""
    environment = demo(still, gatehouse)
    words = "APIKey does not match current environment."
    still.faults.refuse_logins("50101", words, count=None)
    with okxlab.connect(environment, credentials=KEY) as lab:
        with pytest.raises(errors.LoginError) as raised:
            lab.login(KEY, timeout=PATIENCE)
        with pytest.raises(errors.LoginError):
            lab.stream(channel="account").wait(timeout=PATIENCE)
    report = examine(environment, current_runtime(), KEY, timeout=PATIENCE)

    sentence = (
        "this is a live key, which works with okxlab.connect('live', ...) only, and "
        "'demo' takes demo keys"
    )
    assert str(raised.value).endswith(sentence)
    assert sentence in str(report)
