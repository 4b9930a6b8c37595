"""Scripts are functions of seed and virtual time: no history, no audience."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.protocol.arg import Arg
from okxlab.simulator.market import Market
from okxlab.simulator.timetable import make_timetable

SPAN_MS = 10 * 60_000
ARGS = (
    Arg("status"),
    Arg("economic-calendar"),
    Arg("adl-warning", instType="SWAP"),
    Arg("adl-warning", instType="SWAP", instFamily="BTC-USDT"),
    Arg("call-auction-details", instId="BTC-USDT"),
    Arg("call-auction-details", instId="BTC-USDT-SWAP"),
    Arg("public-struc-block-trades"),
    Arg("public-block-trades", instId="BTC-USDT-SWAP"),
    Arg("block-tickers", instId="BTC-USDT"),
    Arg("event-contract-markets", instType="EVENTS"),
    Arg("instruments", instType="EVENTS"),
    Arg("estimated-price", instType="EVENTS", instFamily="BTC-USDT"),
    Arg("estimated-price", instType="FUTURES", instFamily="BTC-USDT"),
)

seeds = st.integers(0, 2**64)
# About eight in the morning, when the price of futures forms.
starts = st.integers(1_600_000_000_000, 1_900_000_000_000).map(
    lambda ms: ms // 86_400_000 * 86_400_000 + 27_600_000 + ms % 2_400_000
)
cuts = st.lists(st.integers(1, SPAN_MS - 1), max_size=30, unique=True).map(sorted)


def watched(seed, start, args=ARGS):
    """Return a timetable of which some args are watched."""
    made = make_timetable(seed, Market(seed, start_ms=start, instruments=8))
    for arg in args:
        made.watch(arg.channel, made.find(arg))
    return made


@settings(max_examples=5)
@given(seed=seeds, start=starts, cuts=cuts)
def test_one_step_or_many_tell_the_same(seed, start, cuts):
    """However time is cut, the same is told in the same order."""
    one, many = watched(seed, start), watched(seed, start)
    steps = [change for cut in cuts for change in many.advance(start + cut)]
    steps += many.advance(start + SPAN_MS)
    whole = one.advance(start + SPAN_MS)

    assert whole == steps
    assert [change.ts for change in whole] == sorted(change.ts for change in whole)
    assert all(start < change.ts <= start + SPAN_MS for change in whole)


@settings(max_examples=5)
@given(
    seed=seeds,
    start=starts,
    joins=st.integers(0, SPAN_MS),
    args=st.lists(st.sampled_from(ARGS), unique=True),
)
def test_a_watcher_is_told_the_same_whoever_else_watches(seed, start, joins, args):
    """Who comes late and alone is told what one who watched all along is told."""
    crowd, lone = watched(seed, start), watched(seed, start, ())
    crowd.advance(start + joins)
    lone.advance(start + joins)
    keys = {(arg.channel, lone.find(arg)) for arg in args}
    for channel, key in keys:
        lone.watch(channel, key)
        assert lone.opening(channel, key) == crowd.opening(channel, key)
    told = [
        crowd.advance(start + joins + SPAN_MS),
        lone.advance(start + joins + SPAN_MS),
    ]
    expected, actual = (defaultdict(list), defaultdict(list))
    for changes, found in zip(told, (expected, actual), strict=True):
        for change in changes:
            for key in (change.key, *change.wider):
                if (change.channel, key) in keys:
                    found[change.channel, key].append(change)

    assert expected == actual


@settings(max_examples=4)
@given(seed=seeds, start=starts, ahead=st.integers(1, SPAN_MS))
def test_a_later_start_joins_in(seed, start, ahead):
    """A timetable that begins later tells what one that began earlier tells."""
    args = [arg for arg in ARGS if arg.channel in {"status", "economic-calendar"}]
    early, late = watched(seed, start, args), watched(seed, start + ahead, args)
    early.advance(start + ahead)

    assert early.opening("status", "") == late.opening("status", "")
    assert early.advance(start + ahead + SPAN_MS) == late.advance(
        start + ahead + SPAN_MS
    )
