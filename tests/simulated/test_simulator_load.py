"""The simulator as a load: a set rate, nothing missing, and what it refuses."""

from __future__ import annotations

import pytest

import okxlab
from okxlab.simulator.load import Load

PATIENCE = 30
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
