"""Tick-by-tick books, against a dict that merges what it is told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.simulator.market import Market

SPAN_MS = 3_000
DEPTHS = {"books-l2-tbt": 400, "books50-l2-tbt": 50}

seeds = st.integers(0, 2**64)
starts = st.integers(1_600_000_000_000, 1_900_000_000_000)
cuts = st.lists(st.integers(1, SPAN_MS - 1), max_size=12, unique=True).map(sorted)


def watching(seed, start):
    """Return a market in which both books of its instruments are watched."""
    market = Market(seed, start_ms=start, instruments=4)
    for inst_id in market.inst_ids():
        for channel in DEPTHS:
            market.watch(channel, inst_id)
    return market


@settings(max_examples=4)
@given(seed=seeds, start=starts, cuts=cuts)
def test_one_step_or_many_tell_the_same(seed, start, cuts):
    """However time is cut, the same is told in the same order."""
    one, many = watching(seed, start), watching(seed, start)
    steps = [change for cut in cuts for change in many.advance(start + cut)]
    steps += many.advance(start + SPAN_MS)

    assert one.advance(start + SPAN_MS) == steps


@settings(max_examples=4)
@given(seed=seeds, start=starts, cuts=cuts)
def test_updates_lead_to_the_book(seed, start, cuts):
    """At every moment what was told, merged, is what a newcomer is told."""
    market = watching(seed, start)
    books = {}
    for inst_id in market.inst_ids():
        for channel in DEPTHS:
            (row,) = market.first(channel, inst_id)
            books[channel, inst_id] = [
                {level[0]: level for level in row[side]} for side in ("asks", "bids")
            ] + [row["seqId"]]
    for cut in [*cuts, SPAN_MS]:
        for change in market.advance(start + cut):
            (row,) = change.rows
            book = books[change.channel, change.key]
            assert change.action == "update"
            assert row["prevSeqId"] == book[2] < row["seqId"]
            book[2] = row["seqId"]
            for side, levels in zip(("asks", "bids"), book[:2], strict=True):
                for level in row[side]:
                    assert level[1] != "0" or level[0] in levels
                    levels[level[0]] = level
                    if level[1] == "0":
                        del levels[level[0]]
        for (channel, inst_id), (asks, bids, seq) in books.items():
            (row,) = market.first(channel, inst_id)
            assert row["seqId"] == seq
            assert sorted(row["asks"]) == sorted(asks.values())
            assert sorted(row["bids"]) == sorted(bids.values())
            assert max(len(asks), len(bids)) <= DEPTHS[channel]
