"""Make before break: a connection is replaced and nobody notices."""

import pandas as pd
import pytest

import okxlab
from tests.simulated.test_account import KEY, LOW
from tests.simulated.test_healing import (
    PATIENCE,
    QUICK,
    START,
    assert_each_match_once,
    assert_same_bars,
    open_streams,
    until,
    until_heard,
)

pytestmark = pytest.mark.simulated

STEP = 0.5
"""How far the market goes between two looks [s]."""
PAUSE = 0.05
"""How long that look lasts [s]."""


@pytest.fixture
def market():
    """Give a market that moves when it is told to."""
    with okxlab.Simulator(seed=12, start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def lab(market):
    """Give a lab on that market which is logged in."""
    environment = okxlab.Environment(market.ws, market.rest, **QUICK)
    with okxlab.connect(environment, credentials=KEY) as lab:
        yield lab


def renewals(lab):
    """Return how often each connection was replaced."""
    return [one.renewals for one in lab._router_or_none._holdings.connections]


def replace_all(market, lab, stream, meanwhile=lambda: None):
    """Announce an upgrade, let time pass, and wait for the new connections."""
    before = renewals(lab)
    market.faults.notice("64008")

    def are_replaced():
        return all(n > m for n, m in zip(renewals(lab), before, strict=True))

    for _ in range(int(PATIENCE / PAUSE)):
        meanwhile()
        if stream._tape.wait_for(are_replaced, PAUSE):
            return
    raise AssertionError(renewals(lab))


def moves(frame):
    """Leave out levels that are those of the row before.

    A subscription to best levels begins with the levels of that moment, under a
    sequence number of their own.
    """
    if "bid_px_1" not in frame:
        return frame
    levels = frame.select_dtypes("float")
    return frame[(levels != levels.shift()).any(axis=1)]


def test_trades_and_bars_are_whole_across_a_replacement(market, lab):
    """What is traded while both connections talk is there once, without a gap."""
    rolled, single, seconds = streams = open_streams(
        lab,
        market,
        ("BTC-USDT", "trades"),
        (["BTC-USDT", "ETH-USDT"], "trades-all"),
        ("BTC-USDT", "candle1s"),
    )
    replace_all(market, lab, rolled, lambda: market.step(STEP))
    market.step(2.0 - market.now.microsecond / 1e6)
    until_heard(rolled, market, "BTC-USDT")
    until_heard(single, market, "BTC-USDT", "ETH-USDT")

    assert_each_match_once(rolled.df, market, "BTC-USDT")
    for inst_id in ("BTC-USDT", "ETH-USDT"):
        assert_each_match_once(
            single.df[single.df["inst_id"] == inst_id], market, inst_id
        )
    assert_same_bars(seconds, market, "BTC-USDT", "candle", "1s")
    assert all(stream.gaps.empty for stream in streams)
    assert all(stream.stats.reconnects == 0 for stream in streams)
    assert all((stream.df["origin"] == "live").all() for stream in streams)


def test_a_series_is_the_same_as_on_a_connection_that_stayed(market, lab):
    """Tickers and best prices: no row lost and none doubled."""
    names = ("tickers", "mark-price", "bbo-tbt")
    environment = okxlab.Environment(market.ws, market.rest, **QUICK, proof=9)
    with okxlab.connect(environment) as other:
        asked = [("BTC-USDT-SWAP", name) for name in names]
        there = open_streams(other, market, *asked)
        here = open_streams(lab, market, *asked)
        # Notices go to all; only one of the labs is to act on them.
        for connection in other._router_or_none._holdings.connections:
            connection.renew = lambda *_: None
        replace_all(market, lab, here[0], lambda: market.step(STEP))
        market.step(STEP)
        for mine, theirs in zip(here, there, strict=True):
            until(mine, lambda a=mine, b=theirs: a.df.index[-1] == b.df.index[-1])

    for mine, theirs in zip(here, there, strict=True):
        ours, reference = mine.df.drop(columns="recv"), theirs.df.drop(columns="recv")
        # The first row is what the subscription began with, made for it alone.
        since = reference.index > ours.index[0]
        pd.testing.assert_frame_equal(moves(ours.iloc[1:]), moves(reference[since]))
        assert mine.gaps.empty


def test_a_book_goes_over_in_one_step(market, lab):
    """It is synced all the time, and at the end it is the exchange's."""
    book = lab.book("BTC-USDT")
    until(book, lambda: book.is_synced)
    torn = []
    book._tape.listen(lambda _: torn.append(not book.is_synced))
    replace_all(market, lab, book, lambda: market.step(STEP))
    market.step(STEP)
    (wire,) = market._serving.reach(lambda it: [it.market.book("BTC-USDT", 400)])
    until(book, lambda: book.seq_id == wire["seqId"])

    assert not any(torn)
    assert book.events.empty
    assert book.gaps.empty
    bids = book.snapshot().bids
    assert bids["px"].to_list() == [float(level[0]) for level in wire["bids"]]
    assert bids["sz"].to_list() == [float(level[1]) for level in wire["bids"]]


def test_orders_and_positions_are_handed_over_logged_in(market, lab):
    """Each order is told once, also those of the time in between."""
    orders = lab.stream(channel="orders", inst_type="ANY")
    positions = lab.stream(channel="positions", inst_type="ANY")
    until(orders, lambda: orders.status == "live")
    until(positions, lambda: positions.status == "live")
    placed = []
    replace_all(
        market,
        lab,
        orders,
        lambda: placed.append(market.trade("BTC-USDT", "buy", "0.1", LOW)),
    )
    placed.append(market.trade("BTC-USDT", "buy", "0.1", LOW))
    until(orders, lambda: len(orders.df) == len(placed))

    assert orders.updates["ord_id"].is_unique
    assert len(orders.updates) == len(placed)
    assert orders.gaps.empty
    assert positions.gaps.empty


def test_a_replacement_that_is_refused_is_tried_again(market, lab):
    """The old connection serves meanwhile, so that nothing is missing."""
    (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
    refusing = market.faults.refuse_connections(count=2)
    replace_all(market, lab, stream, lambda: market.step(STEP))
    until_heard(stream, market, "BTC-USDT")

    assert refusing.hits == 2
    assert renewals(lab) == [1]
    assert stream.gaps.empty
    assert_each_match_once(stream.df, market, "BTC-USDT")


@pytest.mark.parametrize(
    "hinder",
    [
        lambda faults: faults.refuse_connections(count=None),
        lambda faults: faults.refuse_acks(code="60013", count=1),
        lambda faults: faults.withhold_acks(count=None),
    ],
    ids=["handshake refused", "subscription refused", "no acknowledgement"],
)
def test_a_replacement_that_fails_leaves_the_old_connection_in_use(market, hinder):
    """Until the exchange closes it: then the hole is on record, and healed."""
    timings = QUICK | {"ack_timeout": 0.5, "login_timeout": 0.5}
    environment = okxlab.Environment(market.ws, market.rest, **timings)
    with okxlab.connect(environment) as lab:
        (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
        hindering = hinder(market.faults)
        market.faults.notice("64008")
        until_in_vain(market, lab, stream)
        until_heard(stream, market, "BTC-USDT")

        assert hindering.hits > 0
        assert renewals(lab) == [0]
        assert stream.gaps.empty
        assert stream.stats.errors == 0

        hindering.lift()
        market.faults.close(1001, "service upgrade")
        until(stream, lambda: stream.stats.reconnects == 1 and stream.status == "live")
        market.step(2.0)
        until_heard(stream, market, "BTC-USDT")

        assert len(stream.gaps) == 1
        assert "service upgrade" in stream.gaps["reason"].iloc[0]
        assert_each_match_once(stream.df, market, "BTC-USDT")


def test_a_login_that_is_refused_leaves_the_old_connection_in_use(market, lab):
    """Nobody is told that a key is wrong which serves."""
    orders = lab.stream(channel="orders", inst_type="ANY")
    until(orders, lambda: orders.status == "live")
    refusing = market.faults.refuse_logins(count=None)
    market.faults.notice("64008")
    until_in_vain(market, lab, orders)
    placed = market.trade("BTC-USDT", "buy", "0.1", LOW)
    until(orders, lambda: placed["ordId"] in orders.df.index)

    assert refusing.hits == 1
    assert renewals(lab) == [0]
    assert orders.gaps.empty
    assert orders.stats.errors == 0


def until_in_vain(market, lab, stream):
    """Let time pass until nobody tries to replace the connection any more."""
    (connection,) = lab._router_or_none._holdings.connections

    def is_given_up():
        return stream.stats.notices > 0 and connection._renewing is None

    for _ in range(int(PATIENCE / PAUSE)):
        market.step(STEP)
        if stream._tape.wait_for(is_given_up, PAUSE):
            return
    raise AssertionError(stream)


def test_a_connection_that_has_come_to_its_age_is_replaced(market):
    """Nobody announces it, and nobody notices."""
    environment = okxlab.Environment(
        market.ws, market.rest, **QUICK, connection_age=0.5
    )
    with okxlab.connect(environment, credentials=KEY) as lab:
        (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
        orders = lab.stream(channel="orders", inst_type="ANY")
        for _ in range(int(PATIENCE / PAUSE)):
            market.step(STEP)
            if stream._tape.wait_for(lambda: min(renewals(lab)) > 0, PAUSE):
                break
        until_heard(stream, market, "BTC-USDT")

        assert len(renewals(lab)) == 2
        assert all(count > 0 for count in renewals(lab))
        assert stream.gaps.empty
        assert orders.gaps.empty
        assert stream.stats.notices == stream.stats.reconnects == 0
        assert_each_match_once(stream.df, market, "BTC-USDT")


def test_balances_and_positions_are_those_of_a_connection_that_stayed(market, lab):
    """At the end; and on the way no position is what it was before."""
    environment = okxlab.Environment(market.ws, market.rest, **QUICK, proof=9)
    with okxlab.connect(environment, credentials=KEY) as other:
        there, here = (
            [
                one.stream(channel="account"),
                one.stream(channel="positions", inst_type="ANY"),
            ]
            for one in (other, lab)
        )
        for stream in (*there, *here):
            until(stream, lambda stream=stream: stream.status in ("live", "waiting"))
        for connection in other._router_or_none._holdings.connections:
            connection.renew = lambda *_: None

        def trade():
            market.trade("BTC-USDT-SWAP", "buy", "1")
            market.step(STEP)

        trade()
        replace_all(market, lab, here[0], trade)
        trade()
        for mine, theirs in zip(here, there, strict=True):
            until(mine, lambda a=mine, b=theirs: same(a.df, b.df))

        account, positions = here
        assert account.gaps.empty
        assert positions.gaps.empty
        assert positions.updates["pos"].is_monotonic_increasing


def same(one, other):
    """Tell whether two frames are of the same rows."""
    times = [name for name in one if name in ("recv", "ts")]
    return len(one) > 0 and one.drop(columns=times).equals(other.drop(columns=times))


def test_a_connection_that_breaks_while_it_is_replaced_is_on_record(market, lab):
    """The replacement is given up with it: the ledger tells the truth."""
    (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
    market.faults.delay_acks(5.0, count=1)
    market.faults.notice("64008")
    market.faults.drop()
    until(stream, lambda: stream.stats.reconnects == 1 and stream.status == "live")
    market.step(2.0)
    until_heard(stream, market, "BTC-USDT")

    assert len(stream.gaps) == 1
    assert_each_match_once(stream.df, market, "BTC-USDT")
