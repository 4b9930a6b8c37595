"""OKX's limits: kept by the lab, and visible in its status."""

from __future__ import annotations

import math

import pytest

import okxlab
from okxlab.lab import ChannelCount
from okxlab.simulator import Account, Simulator

pytestmark = pytest.mark.simulated

PATIENCE = 60.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
START = 1_767_312_000_000
"""2026-01-02 00:00 UTC."""
KEY = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
MANY = 300
CHANNELS = ("mark-price", "price-limit", "funding-rate")


def environment(simulator, **settings):
    """Return where a simulator is, not held back by OKX's connect rate."""
    return okxlab.Environment(
        simulator.ws, simulator.rest, connects_per_second=100, **settings
    )


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


def is_served(stream):
    """Tell whether every arg of a stream was acknowledged."""
    states = stream._tape._states.values()
    return lambda: all(state in ("waiting", "live") for state in states)


@pytest.fixture
def wide():
    """Give a still exchange with many instruments."""
    with Simulator(7, start=START, speed=0, instruments=800) as running:
        yield running


def test_hundreds_of_instruments_take_few_requests_and_connections(wide):
    """As few connections as the limit of args allows, and a request or two on each."""
    with okxlab.connect(environment(wide, ack_timeout=PATIENCE)) as lab:
        found = lab.instruments("SWAP")
        inst_ids = found.index[:MANY].tolist()
        streams = [lab.stream(inst_ids, channel, window=100) for channel in CHANNELS]
        for stream in streams:
            until(stream, is_served(stream))
        status = lab.status
        errors_then = [stream.stats.errors for stream in streams]
        open_there = wide.faults.unknown_event(path="public")

    total = MANY * len(CHANNELS)
    assert len(inst_ids) == MANY
    assert len(status.connections) == math.ceil(total / 240) == open_there
    assert sum(one.args for one in status.connections) == total
    assert all(one.args <= one.args_limit == 240 for one in status.connections)
    # Each list of instruments is one request on each connection that it touches.
    used = [one.requests_used for one in status.connections]
    assert sum(used) <= len(CHANNELS) + len(status.connections) - 1
    assert errors_then == [0, 0, 0]
    assert all(one.waiting == 0 for one in status.connections)


def test_a_lab_that_makes_connections_slowly_says_how_slowly(simulator):
    """The rate of new connections is a setting, and kept."""
    with okxlab.connect(okxlab.Environment(simulator.ws, connects_per_second=2)) as lab:
        assert lab.status.connects_per_second == 2
        assert lab.status.connections == ()


def test_what_is_used_is_in_the_status():
    """Requests, args and the connections that OKX counts."""
    with (
        Simulator(7, start=START, speed=0) as still,
        okxlab.connect(environment(still), credentials=KEY) as lab,
    ):
        before = lab.status
        orders = lab.stream(channel="orders", inst_type="SPOT")
        account = lab.stream(channel="account")
        until(orders, lambda: orders.status == "live")
        until(account, lambda: not account.df.empty)
        until(account, lambda: len(lab.status.channel_counts) == 2)
        status = lab.status

        (connection,) = status.connections
        assert (before.login, status.login) == ("given", "accepted")
        assert connection.path == "private"
        assert connection.args == 2
        assert 2 <= connection.requests_used <= 3
        assert connection.requests_left == 480 - connection.requests_used
        assert {one.channel for one in status.channel_counts} == {"orders", "account"}
        assert all(one.connections == 1 for one in status.channel_counts)
        assert not any(one.exceeded for one in status.channel_counts)


def test_a_status_shows_itself():
    """As lines and as a table, with nothing left to guess."""
    with (
        Simulator(7, start=START, speed=0) as still,
        okxlab.connect(environment(still), credentials=KEY) as lab,
    ):
        orders = lab.stream(channel="orders", inst_type="SPOT")
        until(orders, lambda: orders.status == "live")
        text, html = repr(lab.status), lab.status._repr_html_()

    assert "streams 1, connections 1 (at most 100 new ones a second)" in text
    assert "login accepted" in text
    assert "1 of 240" in text
    assert "of 480 an hour" in text
    assert "orders: 1 of 30 connections of the account" in text
    assert "orders SPOT: live" in text
    assert "1 of 240" in html
    assert "orders: 1 of 30 connections of the account" in html
    assert "key" not in text + html


def test_a_channel_that_too_many_connections_hold_is_refused_and_counted():
    """OKX's refusal is an error of the stream and stays visible on the lab."""
    with (
        Simulator(7, start=START, speed=0, accounts=[Account()]) as still,
        okxlab.connect(environment(still), credentials=KEY) as lab,
    ):
        account = lab.stream(channel="account")
        until(account, lambda: not account.df.empty)
        still.faults.send(
            '{"event":"channel-conn-count-error","channel":"account",'
            '"connCount":"30","connId":"abcd1234"}'
        )
        until(account, lambda: account.status == "refused")

        assert lab.status.channel_counts == (
            ChannelCount(channel="account", connections=30, limit=30, exceeded=True),
        )
        assert "too many" in repr(lab.status)


def test_many_streams_are_counted_and_not_all_named(simulator):
    """A representation stays short."""
    with okxlab.connect(environment(simulator)) as lab:
        inst_ids = lab.instruments("SPOT").index[:5]
        for channel in ("tickers", "trades", "bbo-tbt"):
            for inst_id in inst_ids:
                lab.stream(inst_id, channel)

        assert "... and 3 more streams" in repr(lab.status)
