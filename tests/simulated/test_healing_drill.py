"""A bad day in short: seeded faults one after the other, and nothing is lost."""

import random

import pytest

import okxlab
from tests.simulated.test_healing import (
    START,
    assert_each_match_once,
    assert_same_bars,
    is_whole,
    open_streams,
    until,
    until_heard,
)

pytestmark = pytest.mark.simulated

ROUNDS = 40
TIMINGS = {
    "backoff_initial": 0.02,
    "backoff_max": 0.1,
    "connects_per_second": 1_000,
    "ack_timeout": 1.0,
    "requests_per_hour": 480,
}
CHANNELS = ("trades", "trades-all", "candle1s")


def faults_of(faults, chance):
    """Return the things that go wrong, each as a function."""
    return (
        faults.drop,
        lambda: faults.drop(path="public"),
        lambda: faults.drop(path="business"),
        lambda: faults.close(1012),
        lambda: faults.notice("64008"),
        faults.malformed,
        faults.binary,
        faults.unknown_event,
        lambda: faults.duplicate(count=chance.randint(1, 9)),
        lambda: faults.stop_pushing(
            channel=chance.choice(CHANNELS), count=chance.randint(1, 9)
        ),
        lambda: faults.refuse_connections(count=2),
        lambda: faults.delay_acks(0.1, count=2),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_bad_day_costs_nothing(seed):
    """Whatever goes wrong in whatever order: all trades once, all bars right."""
    chance = random.Random(seed)
    with okxlab.Simulator(seed=seed, start=START, speed=0) as market:
        environment = okxlab.Environment(market.ws, market.rest, **TIMINGS)
        with okxlab.connect(environment) as lab:
            rolled, single = open_streams(
                lab,
                market,
                ("BTC-USDT", "trades"),
                (["BTC-USDT", "ETH-USDT"], "trades-all"),
            )
            seconds, minutes = open_streams(
                lab, market, ("BTC-USDT", "candle1s"), ("BTC-USDT", "candle1m")
            )
            streams = (rolled, single, seconds, minutes)
            wrong = faults_of(market.faults, chance)
            for _ in range(ROUNDS):
                chance.choice(wrong)()
                market.step(chance.choice((0.5, 2.0, 20.0)))
            market.faults.clear()
            market.faults.drop()
            counts = [stream.stats.frames for stream in streams]
            for stream, count in zip(streams, counts, strict=True):
                until(stream, lambda s=stream: s.status in ("waiting", "live"))
                market.step(2.0)
                until(stream, lambda s=stream, n=count: s.stats.frames > n)
            # Bars are pushed on whole seconds: let none of them lag behind.
            market.step(2.0 - market.now.microsecond / 1e6)
            for stream in streams:
                until(stream, lambda s=stream: is_whole(s))
            until_heard(rolled, market, "BTC-USDT")
            until_heard(single, market, "BTC-USDT", "ETH-USDT")

            assert_each_match_once(rolled.df, market, "BTC-USDT")
            for inst_id in ("BTC-USDT", "ETH-USDT"):
                frame = single.df
                own = frame[frame["inst_id"] == inst_id]
                assert_each_match_once(own, market, inst_id)
            assert_same_bars(seconds, market, "BTC-USDT", "candle", "1s")
            assert_same_bars(minutes, market, "BTC-USDT", "candle", "1m")
            assert all(stream.gaps["healed"].all() for stream in streams)
