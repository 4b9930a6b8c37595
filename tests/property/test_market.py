"""What must hold in the simulated market, whatever seed, start and steps."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.simulator.market import Market

START = 1_795_000_012_345
SPAN_MS = 3_000
INSTRUMENT_CHANNELS = (
    "trades",
    "trades-all",
    "tickers",
    "books",
    "books5",
    "bbo-tbt",
    "candle1s",
    "candle1m",
    "candle1Dutc",
    "mark-price",
    "mark-price-candle5m",
    "price-limit",
    "open-interest",
    "funding-rate",
    "books-rpi",
    "option-trades",
)
INDEX_CHANNELS = ("index-tickers", "index-candle1m")

seeds = st.integers(0, 2**64)
starts = st.integers(1_600_000_000_000, 1_900_000_000_000)
cuts = st.lists(st.integers(1, SPAN_MS - 1), max_size=12, unique=True).map(sorted)


def every_topic(market):
    """Return every channel of every instrument of a market."""
    topics = [(c, i) for i in market.inst_ids() for c in INSTRUMENT_CHANNELS]
    topics += [(c, i) for i in market.index_ids() for c in INDEX_CHANNELS]
    topics += [("instruments", "SPOT"), ("liquidation-orders", "SWAP")]
    topics += [(c, "BTC-USD") for c in ("option-trades", "opt-summary")]
    return [topic for topic in topics if market.knows(*topic)]


def watched(seed, start, *, instruments=7, topics=None, **options):
    """Return a market in which some topics, or all, are watched."""
    market = Market(seed, start_ms=start, instruments=instruments, **options)
    for topic in every_topic(market) if topics is None else topics:
        market.watch(*topic)
    return market


def encoded(changes):
    """Return changes as bytes."""
    return [msgspec.json.encode(change) for change in changes]


@settings(max_examples=3)
@given(seed=seeds, start=starts)
def test_same_seed_and_start_give_the_same_bytes(seed, start):
    """Two markets of one seed and start tell the same, first pushes included."""
    first, second = watched(seed, start), watched(seed, start)

    assert encoded(first.advance(start + SPAN_MS)) == encoded(
        second.advance(start + SPAN_MS)
    )
    for topic in every_topic(first):
        assert first.first(*topic) == second.first(*topic)


@settings(max_examples=4)
@given(seed=seeds, start=starts, cuts=cuts)
def test_one_step_or_many_give_the_same_bytes(seed, start, cuts):
    """However time is cut, the same is told in the same order."""
    one, many = watched(seed, start), watched(seed, start)
    steps = [change for cut in cuts for change in many.advance(start + cut)]
    steps += many.advance(start + SPAN_MS)

    assert encoded(one.advance(start + SPAN_MS)) == encoded(steps)


@settings(max_examples=5)
@given(seed=seeds, start=starts, joins=st.integers(0, SPAN_MS), data=st.data())
def test_a_watcher_sees_the_same_whoever_else_watches(seed, start, joins, data):
    """Who comes late and alone is told what one who watched all along is told."""
    crowd = watched(seed, start)
    lone = watched(seed, start, topics=[])
    topics = data.draw(st.lists(st.sampled_from(every_topic(crowd)), unique=True))
    lone.advance(start + joins)
    for topic in topics:
        lone.watch(*topic)
    told = [c for c in crowd.advance(start + joins + SPAN_MS) if c.ts > start + joins]
    expected = defaultdict(list)
    for change in told:
        keys = (change.key, *change.wider)
        if any((change.channel, key) in topics for key in keys):
            expected[change.channel, change.key].append(change)

    actual = defaultdict(list)
    for change in lone.advance(start + joins + SPAN_MS):
        actual[change.channel, change.key].append(change)

    assert expected == actual


@settings(max_examples=3)
@given(
    seed=seeds,
    start=starts,
    visits=st.lists(
        st.tuples(st.integers(0, 150), st.integers(1, 150)), min_size=40, max_size=40
    ),
)
def test_coming_and_going_changes_nothing(seed, start, visits):
    """Who looks in for a moment, at any millisecond, is told what all are told."""
    crowd, guest = (watched(seed, start, instruments=4, topics=[]) for _ in range(2))
    topics = [(c, "BTC-USDT-SWAP") for c in INSTRUMENT_CHANNELS]
    topics += [("index-tickers", "BTC-USDT"), ("liquidation-orders", "SWAP")]
    topics = [topic for topic in topics if crowd.knows(*topic)]
    for topic in topics:
        crowd.watch(*topic)
    now = start
    for wait, stay in visits:
        crowd.advance(now + wait)
        guest.advance(now + wait)
        for topic in topics:
            guest.watch(*topic)
        now += wait + stay

        assert crowd.advance(now) == guest.advance(now)
        for topic in topics:
            guest.unwatch(*topic)


def apply_level(side, level):
    """Apply one level of a delta to a plain dict."""
    px, sz, dead, orders = level
    assert dead == "0"
    if sz == "0":
        assert orders == "0"
        side.pop(Decimal(px), None)
    else:
        side[Decimal(px)] = level


def best_first(side, *, falling):
    """Return the levels of a plain dict as a snapshot has them."""
    return [side[px] for px in sorted(side, reverse=falling)]


@settings(max_examples=8)
@given(seed=seeds, start=starts, joins=st.lists(st.integers(1, 1000), max_size=6))
def test_deltas_lead_from_any_snapshot_to_every_later_one(seed, start, joins):
    """A plain dict that applies deltas equals the snapshot at each grid point."""
    market = Market(seed, start_ms=start, instruments=5)
    books = {}
    for inst_id in market.inst_ids():
        market.watch("books", inst_id)
        (snapshot,) = market.first("books", inst_id)
        books[inst_id] = (
            {Decimal(level[0]): level for level in snapshot["bids"]},
            {Decimal(level[0]): level for level in snapshot["asks"]},
            snapshot["seqId"],
        )
    now = start
    for step in [*joins, 1500]:
        now += step
        for change in market.advance(now):
            (row,) = change.rows
            bids, asks, seq = books[change.key]
            assert row["prevSeqId"] == seq
            assert row["seqId"] > seq
            for level in row["bids"]:
                apply_level(bids, level)
            for level in row["asks"]:
                apply_level(asks, level)
            assert max(bids) < min(asks)
            assert len(bids) <= 400
            assert len(asks) <= 400
            books[change.key] = bids, asks, row["seqId"]
        for inst_id, (bids, asks, seq) in books.items():
            snapshot = market.book(inst_id)

            assert snapshot["seqId"] == seq
            assert snapshot["prevSeqId"] == -1
            assert snapshot["bids"] == best_first(bids, falling=True)
            assert snapshot["asks"] == best_first(asks, falling=False)


@settings(max_examples=3)
@given(seed=seeds, start=starts)
def test_trades_chain_and_fill_the_candles(seed, start):
    """Ids follow one another, and each bar is the sum of its trades."""
    begin = start // 60_000 * 60_000
    market = watched(
        seed,
        begin,
        topics=[
            (channel, inst_id)
            for inst_id in Market(seed, start_ms=begin, instruments=7).inst_ids()
            for channel in ("trades", "trades-all", "candle1m", "tickers")
        ],
        instruments=7,
    )
    told = defaultdict(list)
    for change in market.advance(begin + 60_000):
        told[change.channel, change.key] += change.rows

    for inst_id in market.inst_ids():
        singles, rolled = told["trades-all", inst_id], told["trades", inst_id]
        ids = [int(row["tradeId"]) for row in singles]
        assert all(b == a + 1 for a, b in pairwise(ids))
        last = ids[0] - 1 if ids else 0
        for row in rolled:
            assert int(row["tradeId"]) - int(row["count"]) == last
            last = int(row["tradeId"])
            upto = last - ids[0] + 1
            parts = singles[upto - int(row["count"]) : upto]
            assert {part["px"] for part in parts} == {row["px"]}
            assert sum(Decimal(part["sz"]) for part in parts) == Decimal(row["sz"])
        *_, closed = told["candle1m", inst_id]
        inside = [row for row in singles if int(row["ts"]) < begin + 60_000]
        prices = [Decimal(row["px"]) for row in inside]
        assert closed[0] == str(begin)
        assert closed[8] == "1"
        if prices:
            ends = [prices[0], max(prices), min(prices), prices[-1]]
            assert list(map(Decimal, closed[1:5])) == ends
        else:
            assert len(set(closed[1:5])) == 1
        assert Decimal(closed[5]) == sum(Decimal(row["sz"]) for row in inside)


@settings(max_examples=3)
@given(seed=seeds, start=starts)
def test_prices_and_sizes_are_multiples(seed, start):
    """Prices count ticks, sizes count lots and are no smaller than the least."""
    market = Market(seed, start_ms=start, instruments=40)
    for kind in ("SPOT", "SWAP", "FUTURES", "OPTION"):
        for row in market.instruments(kind):
            tick, lot = Decimal(row["tickSz"]), Decimal(row["lotSz"])
            trades = market.trades(row["instId"], 20)
            book = market.book(row["instId"])

            assert all(Decimal(trade["px"]) % tick == 0 for trade in trades)
            for size in [trade["sz"] for trade in trades]:
                assert Decimal(size) % lot == 0
            for level in book["asks"] + book["bids"]:
                assert Decimal(level[0]) % tick == 0
                assert Decimal(level[1]) % lot == 0
                assert Decimal(level[1]) >= Decimal(row["minSz"])


@settings(max_examples=4)
@given(seed=seeds, start=starts, later=st.integers(1000, 3 * 86_400_000))
def test_a_later_start_goes_on_upward(seed, start, later):
    """Ids of a market that runs on stay below those of one started later."""
    early, late = (
        Market(seed, start_ms=t, instruments=5) for t in (start, start + later)
    )
    early.advance(start + min(later, 20_000))

    for inst_id in early.inst_ids():
        (before,) = early.trades(inst_id, 1)
        assert early.book(inst_id)["seqId"] <= late.book(inst_id)["seqId"]
        if int(before["ts"]) > start:
            assert int(before["tradeId"]) < int(late.trades(inst_id, 1)[0]["tradeId"])
