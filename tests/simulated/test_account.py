"""An account seen from the client: open orders, what becomes of them, and logins."""

from __future__ import annotations

import pytest

import okxlab
from okxlab.simulator import Simulator

pytestmark = pytest.mark.simulated

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
KEY = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
START = 1_767_312_000_000
"""2026-01-02 00:00 UTC."""
LOW = "1000"
"""A bid that nobody meets [quote per base]."""


def environment(simulator, **settings):
    """Return where a simulator is, with pauses that suit a test."""
    given = {"backoff_initial": 0.05, "backoff_max": 0.2, "connects_per_second": 100}
    return okxlab.Environment(simulator.ws, simulator.rest, **given, **settings)


@pytest.fixture
def still():
    """Give an exchange whose market stands still."""
    with Simulator(7, start=START, speed=0) as running:
        yield running


@pytest.fixture
def lab(still):
    """Give a lab that is logged in to it."""
    with okxlab.connect(environment(still), credentials=KEY) as lab:
        yield lab


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


def is_loaded(stream):
    """Tell whether the open orders have come."""
    return lambda: stream.status == "live"


def test_orders_that_were_open_before_are_there(still, lab):
    """The wire begins with nothing; the list of open orders comes by REST."""
    first = still.trade("BTC-USDT", "buy", "0.1", LOW)
    second = still.trade("ETH-USDT", "buy", "1", LOW)

    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    assert orders.df.index.tolist() == [first["ordId"], second["ordId"]]
    assert orders.df["state"].tolist() == ["live", "live"]
    assert orders.updates["origin"].tolist() == ["history", "history"]
    assert orders.stats.errors == 0


def test_the_arg_narrows_the_list_down(still, lab):
    """Only orders of what was subscribed to are loaded."""
    wanted = still.trade("BTC-USDT", "buy", "0.1", LOW)
    still.trade("ETH-USDT", "buy", "1", LOW)

    one = lab.stream("BTC-USDT", "orders", inst_type="SPOT")
    swaps = lab.stream(channel="orders", inst_type="SWAP")
    both = lab.stream(channel="orders", inst_type="ANY")
    for stream in (one, swaps, both):
        until(stream, is_loaded(stream))

    assert one.df.index.tolist() == [wanted["ordId"]]
    assert swaps.df.empty
    assert len(both.df) == 2


def test_more_orders_than_a_page_holds(still, lab):
    """The list is asked for page by page."""
    placed = [still.trade("BTC-USDT", "buy", "0.001", LOW) for _ in range(230)]

    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    assert orders.df.index.tolist() == [order["ordId"] for order in placed]


def test_what_happened_while_away_is_seen_after_it(still, lab):
    """An order that ended during a disconnect vanishes, a new one appears."""
    ends = still.trade("BTC-USDT", "buy", "0.1", LOW)
    stays = still.trade("BTC-USDT", "buy", "0.2", LOW)
    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    with still.faults.refuse_connections(None, path="private"):
        still.faults.drop(path="private")
        until(orders, lambda: orders.status == "reconnecting")
        still.cancel(ends["ordId"])
        new = still.trade("BTC-USDT", "buy", "0.3", LOW)
    until(orders, lambda: new["ordId"] in orders.df.index)

    assert orders.df.index.tolist() == [stays["ordId"], new["ordId"]]
    assert orders.stats.reconnects == 1
    assert orders.gaps["end"].notna().all()


def test_a_lesson_s_order_from_live_to_filled(still, lab):
    """Every change of an order is an update; at its end it is current no more."""
    orders = lab.stream(channel="orders", inst_type="SPOT")
    account = lab.stream(channel="account")
    until(orders, is_loaded(orders))
    until(account, lambda: "USDT" in account.df.index)
    before = account.df.loc["BTC", "cash_bal"]

    order = still.trade("BTC-USDT", "buy", "0.5")
    until(orders, lambda: "filled" in orders.updates["state"].tolist())
    until(account, lambda: account.df.loc["BTC", "cash_bal"] > before)

    updates = orders.updates.set_index("ord_id").loc[[order["ordId"]]]
    assert updates["state"].tolist()[0] == "live"
    assert updates["state"].tolist()[-1] == "filled"
    assert (updates["origin"] == "live").all()
    assert orders.df.empty


def test_a_second_stream_of_the_same_orders_begins_where_the_first_is(still, lab):
    """Streams that share a subscription share what was loaded."""
    still.trade("BTC-USDT", "buy", "0.1", LOW)
    one = lab.stream("BTC-USDT", "orders", inst_type="SPOT")
    until(one, is_loaded(one))

    two = lab.stream(["BTC-USDT", "ETH-USDT"], "orders", inst_type="SPOT")
    until(two, is_loaded(two))

    assert len(one.df) == 1
    assert two.df.index.tolist() == one.df.index.tolist()


def test_without_rest_the_stream_says_what_it_cannot_know(still):
    """An environment without REST has no open orders, and says so."""
    place = okxlab.Environment(still.ws, connects_per_second=100)
    with okxlab.connect(place, credentials=KEY) as lab:
        orders = lab.stream(channel="orders", inst_type="SPOT")
        until(orders, lambda: orders.stats.errors)

        assert "no REST" in orders.stats.last_error
        assert orders.status == "waiting"
