"""Bad days: a plan that a seed makes, lived through in virtual time."""

import doctest

import pytest

import okxlab
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.faults import KINDS

START = 1_790_000_000_000


def lived(seed, steps_ms, **options):
    """Return all that one subscriber of an exchange hears of a bad day."""
    exchange = Exchange(3, start_ms=START, instruments=4)
    day = exchange.faults.bad_day(seed, **options)
    link = exchange.connect("public", 0.0)
    exchange.receive(
        link,
        '{"op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"},'
        '{"channel":"books","instId":"BTC-USDT"}]}',
        0.0,
    )
    heard = []
    for step_ms in steps_ms:
        exchange.advance(exchange.market.now_ms + step_ms, 0.0)
        heard += link.frames_to_send()
    return heard, day


QUIET = [kind for kind in KINDS if kind not in ("drop", "cut", "close", "big_frame")]


def test_the_same_seed_is_the_same_day():
    """Byte by byte, and however time is cut into steps."""
    once, day = lived(5, [100] * 300, every=0.5, lasting=25, kinds=QUIET)
    again, _ = lived(5, [3_000] * 10, every=0.5, lasting=25, kinds=QUIET)
    other, _ = lived(6, [3_000] * 10, every=0.5, lasting=25, kinds=QUIET)

    assert day.struck == len(day.plan) > 30
    assert once == again
    assert once != other


def test_every_kind_happens_on_a_long_day():
    """Nothing of the list is left out, and days of other seeds are others."""
    faults = okxlab.Simulator(speed=0).faults
    day = faults.bad_day(1, every=5.0)
    other = faults.bad_day(2, every=5.0)

    assert {strike.switch for strike in day.plan} == set(KINDS)
    assert [one.at for one in day.plan] == sorted(one.at for one in day.plan)
    assert day.plan != other.plan
    assert repr(day) == f"<BadDay seed=1: 0 of {len(day.plan)} faults>"


def test_a_day_ends_when_it_is_lifted():
    """What it had armed is lifted too, and nothing more happens."""
    exchange = Exchange(3, start_ms=START, instruments=4)
    with exchange.faults.bad_day(5, every=1.0, kinds=["half_open"]) as day:
        exchange.advance(START + 10_000, 0.0)
        armed = len(exchange.faults.armed)
    struck = day.struck
    exchange.advance(START + 60_000, 0.0)

    assert armed > 0
    assert exchange.faults.armed == ()
    assert day.is_over
    assert day.struck == struck > 0


def test_what_a_day_arms_ends_by_itself():
    """So that the next one begins with a healthy exchange."""
    exchange = Exchange(3, start_ms=START, instruments=4)
    day = exchange.faults.bad_day(5, every=5.0, lasting=30.0)
    exchange.advance(START + 120_000, 0.0)

    assert day.is_over
    assert exchange.faults.armed == ()


def test_the_example_of_the_documentation_is_right():
    """What it prints is what comes."""
    from okxlab.simulator import faults

    done = doctest.testmod(faults)

    assert (done.failed, done.attempted) == (0, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0},
        {"lasting": -1},
        {"kinds": []},
        {"kinds": ["rain"]},
        {"inst_ids": []},
    ],
)
def test_days_that_cannot_be_are_refused(wrong):
    """The error names what is wrong."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        okxlab.Simulator(speed=0).faults.bad_day(**wrong)
