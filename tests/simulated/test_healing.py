"""What was lost comes back, shown against the simulator's own record."""

import threading

import pandas as pd
import pytest

import okxlab
from okxlab.errors import ChannelError

pytestmark = pytest.mark.simulated

PATIENCE = 60.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
START = 1_790_000_000_000
"""When the market of the tests begins [Unix ms]."""
QUICK = {"backoff_initial": 0.02, "backoff_max": 0.1, "connects_per_second": 1_000}


@pytest.fixture
def market():
    """Give a market that moves when it is told to."""
    with okxlab.Simulator(seed=11, start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def lab(market):
    """Give a lab on that market which comes back quickly."""
    environment = okxlab.Environment(market.ws, market.rest, **QUICK)
    with okxlab.connect(environment) as lab:
        yield lab


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.gaps)


def open_streams(lab, market, *asked, **more):
    """Open streams and let each of them have a row."""
    streams = [lab.stream(*one, window=100_000, **more) for one in asked]
    for stream in streams:
        until(stream, lambda stream=stream: stream.status in ("waiting", "live"))
    market.step(2.0)
    for stream in streams:
        until(stream, lambda stream=stream: len(stream) > 0)
    return streams


def interrupt(market, streams, seconds):
    """Break every connection, let time pass meanwhile, and come back."""
    before = [stream.stats.reconnects for stream in streams]
    refusing = market.faults.refuse_connections(count=None)
    market.faults.drop()
    for stream, count in zip(streams, before, strict=True):
        until(stream, lambda s=stream, n=count: s.stats.reconnects > n)
    market.step(seconds)
    refusing.lift()
    for stream in streams:
        until(stream, lambda s=stream: s.status in ("waiting", "live"))
    market.step(2.0)


def is_whole(stream):
    """Tell whether nothing is missing of a stream any more."""
    gaps = stream.gaps
    return len(gaps) > 0 and gaps["healed"].all() and gaps["end"].notna().all()


def newest(market, inst_id):
    """Return the id of the simulator's newest trade of an instrument."""
    (row,) = market._serving.reach(lambda exchange: exchange.market.trades(inst_id, 1))
    return int(row["tradeId"])


def until_heard(stream, market, *inst_ids):
    """Wait until the newest trade of each instrument is there."""

    def is_there(inst_id):
        frame = stream.df
        if "inst_id" in frame:
            frame = frame[frame["inst_id"] == inst_id]
        return frame["trade_id"].iloc[-1] == newest(market, inst_id)

    for inst_id in inst_ids:
        until(stream, lambda inst_id=inst_id: is_there(inst_id))


def truth(market, inst_id, first, last):
    """Return the simulator's own trades of some ids, oldest first."""
    rows = market._serving.reach(
        lambda exchange: exchange.market.trades(
            inst_id, last - first + 1, after=last + 1
        )
    )
    return [(int(r["tradeId"]), float(r["px"]), float(r["sz"])) for r in rows[::-1]]


def assert_each_match_once(frame, market, inst_id):
    """Compare rows, rolled up or single, with the simulator's record."""
    counts = frame["count"] if "count" in frame else pd.Series(1, frame.index)
    lows = (frame["trade_id"] - counts + 1).to_list()
    highs = frame["trade_id"].to_list()
    record = truth(market, inst_id, lows[0], highs[-1])
    size, price = ({one[0]: one[i] for one in record} for i in (2, 1))

    assert lows[1:] == [high + 1 for high in highs[:-1]]
    assert len(record) == highs[-1] - lows[0] + 1 == counts.sum()
    assert frame["sz"].to_list() == pytest.approx(
        [
            sum(size[i] for i in range(low, high + 1))
            for low, high in zip(lows, highs, strict=True)
        ]
    )
    assert frame["px"].to_list() == [price[high] for high in highs]


def assert_same_bars(stream, market, inst_id, family, bar):
    """Wait until bars are the simulator's own, the open one included."""

    def rows():
        frame = stream.df
        known = market._serving.reach(
            lambda exchange: exchange.market.candles(
                inst_id, bar, limit=len(frame) + 1, family=family
            )
        )
        known = known[::-1][-len(frame) :]
        if bar == "1s":  # the wire brings seconds only when they are over
            known = [row for row in known if row[-1] == "1"]
        shown = zip(
            ms_of(frame.index),
            frame.iloc[:, :-3].to_numpy().tolist(),
            frame["confirm"].to_list(),
            strict=True,
        )
        return (
            [(ts, row, confirm) for ts, row, confirm in shown][-len(known) :],
            [
                (int(row[0]), [float(one) for one in row[1:-1]], row[-1] == "1")
                for row in known
            ],
        )

    stream._tape.wait_for(lambda: rows()[0] == rows()[1], PATIENCE / 2)

    got, expected = rows()
    assert got == expected
    assert stream.df.index.is_unique


def ms_of(index):
    """Return times as integers."""
    return index.astype("int64").to_list()


def test_a_reconnect_under_load_costs_no_trade(lab, market):
    """Zero trades are missing after healing, however often the connection broke."""
    streams = open_streams(
        lab, market, ("BTC-USDT", "trades"), (["BTC-USDT", "ETH-USDT"], "trades-all")
    )
    handed_out = [(stream.df, stream.df.copy()) for stream in streams]
    for seconds in (1.0, 8.0, 30.0):
        interrupt(market, streams, seconds)
        market.step(1.0)
    for stream in streams:
        until(stream, lambda stream=stream: is_whole(stream))
    until_heard(streams[0], market, "BTC-USDT")
    until_heard(streams[1], market, "BTC-USDT", "ETH-USDT")
    rolled, single = (stream.df for stream in streams)

    assert_each_match_once(rolled, market, "BTC-USDT")
    for inst_id in ("BTC-USDT", "ETH-USDT"):
        own = single[single["inst_id"] == inst_id]
        assert_each_match_once(own, market, inst_id)
    for stream in streams:
        gaps = stream.gaps
        assert len(gaps) == 3
        assert gaps["missing"].sum() == (stream.df["origin"] == "history").sum() > 100
        assert "refilled from REST" in set(gaps["how"])
    for frame, copy in handed_out:
        pd.testing.assert_frame_equal(frame, copy)


@pytest.mark.parametrize(
    ("inst_id", "family", "bar"),
    [
        ("BTC-USDT", "candle", "1s"),
        ("BTC-USDT", "candle", "1m"),
        ("BTC-USDT", "index-candle", "1m"),
        ("BTC-USDT-SWAP", "mark-price-candle", "1m"),
        ("BTC-USDT", "candle", "1Dutc"),
    ],
)
def test_bars_are_the_exchanges_after_reconnects(lab, market, inst_id, family, bar):
    """Bars that ended while nobody listened are there, closed and right."""
    (stream,) = open_streams(lab, market, (inst_id, family + bar))
    for seconds in (50.0, 200.0):
        interrupt(market, [stream], seconds)
    until(stream, lambda: is_whole(stream))

    assert_same_bars(stream, market, inst_id, family, bar)
    assert len(stream.gaps) == 2, stream.gaps.to_string()


def test_messages_that_never_came_are_noticed_and_refilled(lab, market):
    """A hole in the ids without any loss of the connection."""
    trades, bars = open_streams(
        lab, market, ("BTC-USDT", "trades"), ("BTC-USDT", "candle1s")
    )
    holding_back = market.faults.stop_pushing(channel="trades")
    holding_bars = market.faults.stop_pushing(channel="candle1s")
    market.step(5.0)
    holding_back.lift()
    holding_bars.lift()
    market.step(3.0)
    for stream in (trades, bars):
        until(stream, lambda stream=stream: is_whole(stream))

    until_heard(trades, market, "BTC-USDT")

    assert_each_match_once(trades.df, market, "BTC-USDT")
    assert_same_bars(bars, market, "BTC-USDT", "candle", "1s")
    assert set(trades.gaps["reason"]) == {"trade ids do not follow"}
    assert set(bars.gaps["reason"]) == {"bars do not follow one another"}
    assert trades.stats.reconnects == 0


def test_messages_that_come_twice_are_written_once(lab, market):
    """Doubles are no news and no gap."""
    (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
    market.faults.duplicate(channel="trades", count=20)
    market.step(5.0)
    until_heard(stream, market, "BTC-USDT")

    assert_each_match_once(stream.df, market, "BTC-USDT")
    assert len(stream.gaps) == 0


def test_callbacks_get_each_row_once(lab, market):
    """A callback hears of refilled rows as of any others."""
    (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
    heard, lock = [], threading.Lock()
    start = stream.df["trade_id"].iloc[-1]

    @stream.on_update
    def remember(rows):
        with lock:
            heard.extend(rows["trade_id"])

    interrupt(market, [stream], 10.0)
    until(stream, lambda: is_whole(stream))
    until(stream, lambda: len(heard) >= (stream.df["trade_id"] > start).sum())
    remember.stop()
    wanted = stream.df["trade_id"]
    wanted = wanted[(start < wanted) & (wanted <= max(heard))].to_list()

    assert sorted(heard) == wanted
    assert remember.skipped == 0


def test_history_comes_first(lab, market):
    """One frame, the past and the present, joined exactly."""
    trades, bars, both = open_streams(
        lab,
        market,
        ("BTC-USDT", "trades"),
        ("BTC-USDT", "candle1m"),
        (["BTC-USDT", "ETH-USDT"], "trades-all"),
        history=400,
    )
    market.step(130.0)
    for stream in (trades, bars, both):
        until(stream, lambda stream=stream: not stream._tape.asked)
        until(
            stream,
            lambda stream=stream: not any(map(stream._tape.missing, stream._tape.args)),
        )
    until_heard(trades, market, "BTC-USDT")
    until_heard(both, market, "BTC-USDT", "ETH-USDT")

    assert_each_match_once(trades.df, market, "BTC-USDT")
    assert_same_bars(bars, market, "BTC-USDT", "candle", "1m")
    for inst_id in ("BTC-USDT", "ETH-USDT"):
        own = both.df[both.df["inst_id"] == inst_id]
        assert_each_match_once(own, market, inst_id)
        assert (own["origin"] == "history").sum() >= 300
    frame = bars.df
    assert len(frame) == 402
    assert frame["origin"].to_list() == ["history"] * 399 + ["live"] * 3
    assert (trades.df["origin"] == "history").sum() >= 300
    assert all(stream.gaps["healed"].all() for stream in (trades, bars, both))


def test_a_quiet_market_shows_its_past_at_once(lab, market):
    """The past does not wait for the first live row; a second asking adds nothing."""
    stream = lab.stream("BTC-USDT", "candle1H", history="2D")
    until(stream, lambda: len(stream) >= 48)
    again = lab.stream("BTC-USDT", "candle1H", history="2D")

    assert again is stream
    assert len(stream.df) == 48
    assert_same_bars(stream, market, "BTC-USDT", "candle", "1H")


def test_more_past_may_be_asked_for_later(lab, market):
    """A stream that runs already reaches back further, its window with it."""
    (stream,) = open_streams(lab, market, ("BTC-USDT", "candle1m"))
    lab.stream("BTC-USDT", "candle1m", history=50)
    until(stream, lambda: len(stream) >= 50)
    lab.stream("BTC-USDT", "candle1m", history=500)
    until(stream, lambda: len(stream) >= 500)

    assert_same_bars(stream, market, "BTC-USDT", "candle", "1m")
    assert len(stream.gaps) == 0


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("BTC-USDT", "tickers", 100), "no history of channel"),
        (("BTC-USDT", "candle5D", 100), "no history"),
        (("BTC-USDT-SWAP", "funding-rate", 100), "no past"),
        (("BTC-USDT", "trades", "2026-01-01"), "is a time"),
        (("BTC-USDT", "trades", 0), "no start"),
    ],
)
def test_a_past_that_cannot_be_had_is_refused(lab, asked, says):
    """Before anything is subscribed to."""
    inst_id, channel, history = asked

    with pytest.raises(ChannelError, match=says):
        lab.stream(inst_id, channel, history=history)

    assert lab.streams == ()


def test_without_rest_the_hole_stays_on_record(market):
    """What was lost is counted even where nothing can bring it back."""
    environment = okxlab.Environment(market.ws, **QUICK)
    with okxlab.connect(environment) as lab:
        (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
        interrupt(market, [stream], 5.0)
        until(stream, lambda: stream.gaps["how"].notna().all())
        frame, gaps = stream.df, stream.gaps

    span = frame["trade_id"].iloc[-1] - frame["trade_id"].iloc[0]
    lost = span + frame["count"].iloc[0] - frame["count"].sum()
    assert gaps["missing"].to_list() == [lost]
    assert gaps["healed"].to_list() == [False]
    assert gaps["how"].to_list() == ["the environment has no REST address"]


def test_the_gaps_of_a_lab_are_those_of_its_streams(lab, market):
    """One frame over all streams, in order of time."""
    streams = open_streams(lab, market, ("BTC-USDT", "trades"), ("BTC-USDT", "tickers"))
    interrupt(market, streams, 2.0)
    until(streams[0], lambda: is_whole(streams[0]))
    gaps = lab.gaps

    assert sorted(gaps["stream"]) == ["tickers BTC-USDT", "trades BTC-USDT"]
    assert gaps["start"].is_monotonic_increasing
    assert list(gaps.columns) == ["stream", *streams[0].gaps.columns]
    assert gaps.set_index("stream")["healed"].to_dict() == {
        "tickers BTC-USDT": False,
        "trades BTC-USDT": True,
    }


class Slept:
    """A watch that tells once that the machine slept."""

    def __init__(self):
        self._naps = [600.0]

    def slept(self, now, wall_us):
        del now, wall_us
        return self._naps.pop() if self._naps else 0.0


def test_a_laptop_that_slept_recovers_by_itself(lab, market):
    """Its connections are made anew at once, and the hole is on record and filled."""
    (stream,) = open_streams(lab, market, ("BTC-USDT", "trades"))
    lab._router_or_none._pulse.watch = Slept()
    until(stream, lambda: stream.stats.reconnects == 1)
    until(stream, lambda: stream.status in ("waiting", "live"))
    market.step(3.0)
    until(stream, lambda: is_whole(stream))
    until_heard(stream, market, "BTC-USDT")

    assert_each_match_once(stream.df, market, "BTC-USDT")
    assert "slept for 600 s" in stream.gaps["reason"].iloc[0]


def test_lag_is_reckoned_by_the_clock_of_the_exchange(lab):
    """How far that is from this machine's is asked for by REST."""
    stream = lab.stream("BTC-USDT")
    tape = stream._tape
    until(stream, lambda: tape.offset is not None and tape.offset.us != 0)
    here_us = lab._runtime.call(lab._runtime.clock.recv_us)

    assert tape.offset.us == pytest.approx(START * 1_000 - here_us, abs=60e6)
    assert tape.offset.error_us < 30e6


PAYMENT = 1_790_006_400_000
"""A time at which funding is paid [Unix ms]: every eight hours."""


def test_funding_that_was_paid_meanwhile_comes_back():
    """Payments are refilled; the forecasts of the gap are lost, and it says so."""
    with okxlab.Simulator(seed=4, start=PAYMENT - 100_000, speed=0) as market:
        environment = okxlab.Environment(market.ws, market.rest, **QUICK)
        with okxlab.connect(environment) as lab:
            (stream,) = open_streams(lab, market, ("BTC-USDT-SWAP", "funding-rate"))
            interrupt(market, [stream], 5.0)
            until(stream, lambda: stream.gaps["how"].notna().all())
            quiet = stream.gaps["how"].to_list()
            interrupt(market, [stream], 150.0)
            until(stream, lambda: "history" in set(stream.df["origin"]))
            frame, gaps = stream.df, stream.gaps
            past = lab.history("BTC-USDT-SWAP", "funding-rate", 1, progress=False)

    paid = frame[frame["origin"] == "history"]
    assert quiet == ["no payment was missed, forecasts between are lost"]
    assert ms_of(paid.index) == [PAYMENT] == ms_of(past.index)
    assert paid["sett_funding_rate"].to_list() == past["sett_funding_rate"].to_list()
    assert frame.index.is_monotonic_increasing
    assert gaps["how"].iloc[1].startswith("payments refilled from REST: 1")
    assert not gaps["healed"].any()
