"""The simulator as a load: a set rate, nothing missing, and what it refuses."""

from __future__ import annotations

import json

import pytest

import okxlab
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.load import Load

PATIENCE = 30
START_MS = 1_790_000_000_000
OPENING = (
    '{"arg":{"channel":"trades","instId":"A"},"data":[{"instId":"A","tradeId":"7",'
    '"px":"1%","sz":"1","side":"buy","ts":"5","count":"2","seqId":11}]}'
)


def load(rate):
    """Return a load that one connection has a subscription to, and that."""
    made, link = Load(rate, lambda: 9), object()
    made.join(link, "trades A", OPENING)
    return made, link


def test_ids_go_on_and_times_are_the_present():
    """A message is the one before with the next ids."""
    made, link = load("max")

    frames = made.more(link).split(b"\x81\x7e")[1:3]

    assert '"tradeId":"9","px":"1%"' in frames[0].decode("latin-1")
    assert '"tradeId":"11"' in frames[1].decode("latin-1")
    assert '"seqId":13}' in frames[1].decode("latin-1")
    assert '"ts":"9"' in frames[1].decode("latin-1")


def test_a_rate_is_kept_to_the_message():
    """What is due follows from the time that has passed, also in small steps."""
    made, link = load(1_000)
    made.due(0.0)

    count = sum(
        made.due(step / 512).get(link, b"").count(b"\x81\x7e") for step in range(1, 513)
    )

    assert count == 1_000
    assert made.sent == 1_000


def test_subscriptions_take_turns():
    """Whoever comes and goes, none is passed over."""
    made, link = load(4)
    other = object()
    made.join(other, "trades B", OPENING)
    made.join(other, "trades C", OPENING)
    made.due(0.0)
    counts = [
        {one: frames.count(b"\x81\x7e") for one, frames in made.due(now).items()}
        for now in (1.0, 2.0)
    ]
    made.leave(other, "trades B")
    made.due(3.0)

    assert counts == [{link: 2, other: 2}, {link: 1, other: 3}]
    assert set(made.due(4.0)) == {link, other}
    made.leave(other, "trades C")
    assert set(made.due(5.0)) == {link}


def test_a_debt_is_a_second_at_most():
    """A client that did not read for long is not buried afterwards."""
    made, _ = load(100)
    made.due(0.0)

    made.due(60.0)

    assert made.sent == 100


def test_nothing_is_due_without_a_subscription():
    """Time in which nobody listens does not count."""
    made, link = load(100)
    made.leave(link, "trades A")
    made.due(0.0)

    assert made.due(1.0) == {}
    assert made.more(link) == b""


def opened(exchange, channel, inst_id):
    """Return what a subscription to a load begins with."""
    link = exchange.connect("business" if "candle" in channel else "public", 0.0)
    arg = {"channel": channel, "instId": inst_id}
    exchange.receive(link, json.dumps({"op": "subscribe", "args": [arg]}), 0.0)
    ack, push = map(json.loads, link.frames_to_send())
    assert ack["event"] == "subscribe"
    return push


@pytest.mark.parametrize(
    "channel", ["tickers", "trades", "books", "books5", "candle1m"]
)
def test_instruments_of_a_type_begin_alike(channel):
    """Each under its own name, and only the first of them is made at all."""
    exchange = Exchange(1, start_ms=START_MS, instruments=200, load=Load(1, lambda: 9))
    names = [name for name in exchange.market.inst_ids("SPOT") if name != "BTC-USDT"]

    pushes = [opened(exchange, channel, name) for name in ["BTC-USDT", *names]]

    assert [push["arg"]["instId"] for push in pushes] == ["BTC-USDT", *names]
    assert all(
        row.get("instId", name) == name
        for name, push in zip(names, pushes[1:], strict=True)
        for row in push["data"]
        if isinstance(row, dict)
    )
    assert list(exchange.market.floor._pits) == ["BTC-USDT"]
    assert opened(exchange, channel, "ETH-USDT-SWAP")["arg"]["channel"] == channel
    assert len(exchange.market.floor._pits) == 2


@pytest.mark.parametrize("checksum", ["zero", "legacy"])
def test_other_channels_of_a_load_begin_as_always(checksum):
    """What is no instrument's own is asked of the market each time."""
    made = Exchange(1, start_ms=START_MS, checksum=checksum, load=Load(1, lambda: 9))
    market = Exchange(1, start_ms=START_MS, checksum=checksum)

    for channel, name in (("books", "BTC-USDT"), ("index-tickers", "BTC-USD")):
        assert opened(made, channel, name) == opened(market, channel, name)
    assert not made.market._watched


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0},
        {"rate": -1.0},
        {"rate": "fast"},
        {"rate": True},
        {"rate": float("nan")},
        {"rate": 10, "speed": 2},
        {"rate": "max", "trader": "BTC-USDT"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    """The refusal names the value."""
    with pytest.raises(ValueError, match="rate="):
        okxlab.Simulator(**wrong)


@pytest.mark.simulated
@pytest.mark.parametrize("rate", [2_000, "max"])
def test_nothing_is_missing_in_a_load(rate):
    """Trades follow one another, a book stays whole, and the counts agree."""
    with (
        okxlab.Simulator(seed=7, rate=rate) as simulator,
        okxlab.connect(simulator) as lab,
    ):
        streams = [
            lab.stream("BTC-USDT", name) for name in ("trades", "tickers", "candle1m")
        ]
        book = lab.book("BTC-USDT")
        streams[0].wait(3_000, timeout=PATIENCE)
        book.wait(100, timeout=PATIENCE)
        simulator.load.rate = 0
        opened = len(streams) + 1
        stands = streams[0]._tape.wait_for(
            lambda: (
                sum(one.stats.frames for one in (*streams, book))
                == simulator.load.sent + opened
            ),
            PATIENCE,
        )
        trades = streams[0].df

        assert stands
        assert (trades.trade_id.diff().dropna() == trades["count"].iloc[1:]).all()
        assert book.is_synced
        assert book.stats.resyncs == 0
        assert all(one.gaps.empty for one in streams)
