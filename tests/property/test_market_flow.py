"""What must hold of matching and order flow, event by event."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.simulator.flow import Flow
from okxlab.simulator.listing import asset, listing
from okxlab.simulator.matching import DEEP, FIVE, TOP, TRADE, WINDOW, Side
from okxlab.simulator.paths import Path
from okxlab.simulator.pricing import Index, fair_price

orders = st.lists(
    st.tuples(
        st.sampled_from(["add", "cancel", "clear", "take", "settle"]),
        st.integers(1, 12),
        st.integers(1, 9),
    ),
    max_size=60,
)


def total(queues):
    """Return size and number of orders by level."""
    return {key: (sum(queue), len(queue)) for key, queue in queues.items() if queue}


def take(queues, lots, limit):
    """Match in the plainest way there is."""
    matched = []
    for key in sorted(queues, reverse=True):
        while lots and queues[key] and key >= limit:
            part = min(lots, queues[key][0])
            matched.append((key, part))
            lots -= part
            queues[key][0] -= part
            queues[key] = [size for size in queues[key] if size]
    return matched, lots


@settings(max_examples=200)
@given(orders=orders, sign=st.sampled_from([1, -1]))
def test_a_side_equals_plain_queues(orders, sign):
    """Any orders leave what the plainest matching leaves, and undo to the settled."""
    side, queues, settled = Side(sign), {}, {}
    for what, level, lots in orders:
        key = sign * level
        if what == "add":
            side.add(key, lots)
            queues.setdefault(key, []).append(lots)
        elif what == "take":
            fills, left = side.take(lots, key)
            flat = [(fill.tick * sign, part) for fill in fills for part in fill.lots]
            assert take(queues, lots, key) == (flat, left)
        elif what == "settle":
            side.settle()
            settled = total(queues)
        elif queues.get(key):
            if what == "clear":
                side.clear(key)
                queues[key] = []
            else:
                place = lots % len(queues[key])
                side.cancel(key, place)
                del queues[key][place]

    assert total(queues) == {key: side.level(key) for key in side.keys}
    assert sorted(total(queues)) == side.keys
    assert sum(map(len, queues.values())) == side.orders
    assert [
        (key * sign, *settled[key]) for key in sorted(settled, reverse=True)
    ] == side.settled(depth=100)


def test_reach_tells_the_rank():
    """The best level is the top, then come the best five, the window, the deep."""
    side = Side(-1)
    for tick in range(1, 421):
        side.add(-tick, 1)
    ranks = {rank: side.reach(-rank) for rank in (1, 2, 5, 6, 400, 401, 420)}

    assert ranks == {
        1: TOP,
        2: FIVE,
        5: FIVE,
        6: WINDOW,
        400: WINDOW,
        401: DEEP,
        420: DEEP,
    }


def flow_of(place, seed, start):
    """Return the flow of the instrument at a place of the listing."""

    def path(one):
        return Path(seed, one.name, one.base, one.daily)

    listed = listing(start, lambda one: path(one).at(start), many=place + 1)
    instrument = listed[place]
    along = path(instrument.asset)
    index = Index(seed, instrument.index_id, instrument.asset, along)
    fair = fair_price(seed, instrument, index)
    return Flow(seed, instrument, along, fair, start), instrument


@settings(max_examples=25)
@given(
    place=st.sampled_from([0, 2, 5, 6, 9, 15, 19, 23]),
    seed=st.integers(0, 2**32),
    start=st.integers(1_600_000_000_000, 1_900_000_000_000),
)
def test_every_trade_was_in_the_book_that_never_crosses(place, seed, start):
    """A taker gets what rested at that price, best first; best bid < best ask."""
    flow, instrument = flow_of(place, seed, start)
    last_ms, last_seq = start, flow.seq
    for _ in range(400):
        ms = flow.next_ms
        before = {
            side.sign: {k * side.sign: list(q) for k, q in side.queues.items()}
            for side in (flow.bids, flow.asks)
        }
        reach = flow.event(ms)

        assert last_ms <= ms
        assert flow.seq > last_seq
        last_ms, last_seq = ms, flow.seq
        assert flow.bids.keys[-1] < -flow.asks.keys[-1]
        if reach & TRADE:
            resting = before[-flow.side]
            best = sorted(resting, reverse=flow.side < 0)[: len(flow.fills)]
            assert [fill.tick for fill in flow.fills] == best
            for fill in flow.fills:
                *whole, part = fill.lots
                assert whole == resting[fill.tick][: len(whole)]
                assert 0 < part <= resting[fill.tick][len(whole)]
    for side in (flow.bids, flow.asks):
        assert all(size > 0 for queue in side.queues.values() for size in queue)
        assert all(key * side.sign > 0 for key in side.keys)
        assert len(side.keys) <= instrument.temper.levels + 61


def test_nothing_happens_after_expiry():
    """The last event of a future comes before its expiry; then its book stands."""
    start = 1_795_000_000_000
    one = asset(0)
    path = Path(1, one.name, one.base, one.daily)
    listed = listing(start, lambda _: path.at(start), many=6)
    future = msgspec.structs.replace(listed[5], exp_ms=start + 3_000)
    index = Index(1, future.index_id, one, path)
    flow = Flow(1, future, path, fair_price(1, future, index), start)
    seen = []
    while flow.next_ms < start + 60_000:
        seen.append(flow.next_ms)
        flow.event(flow.next_ms)

    assert seen
    assert max(seen) < start + 3_000
