"""Spreads: nothing depends on how time is cut or on who watches."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.simulator.exchange import Exchange

START_MS = 1_790_000_000_000
SPAN_MS = 20_000
CHANNELS = (
    "sprd-bbo-tbt",
    "sprd-books-l2-tbt",
    "sprd-books5",
    "sprd-tickers",
    "sprd-public-trades",
    "sprd-candle1m",
)


def board_of(seed):
    """Return the spreads of a small market."""
    return Exchange(seed, start_ms=START_MS, instruments=8).spreads


def told(board, cuts, channels):
    """Return what is told when time is cut like this."""
    sprd_id = next(iter(board.listed))
    for name in channels:
        board.watch(name, sprd_id)
    changes = []
    for ms in sorted({*cuts, SPAN_MS}):
        changes += board.advance(START_MS + ms)
    return changes


@given(
    seed=st.integers(1, 50),
    cuts=st.lists(st.integers(1, SPAN_MS), max_size=8),
    channels=st.sets(st.sampled_from(CHANNELS), min_size=1),
)
@settings(deadline=None, max_examples=25)
def test_rows_follow_from_seed_and_time_alone(seed, cuts, channels):
    """One channel beside others, in one step or in many: the same rows."""
    whole = told(board_of(seed), [], CHANNELS)
    cut = told(board_of(seed), cuts, sorted(channels))

    assert cut == [change for change in whole if change.channel in channels]


@given(seed=st.integers(1, 1000), ms=st.integers(0, SPAN_MS))
@settings(deadline=None, max_examples=25)
def test_a_book_is_sorted_and_never_crossed(seed, ms):
    """Best first on both sides, a price once, sizes above 0."""
    board = board_of(seed)
    board.advance(START_MS + ms)
    for sprd_id in board.listed:
        book = board.book(sprd_id)
        bids = [Decimal(px) for px, _, _ in book["bids"]]
        asks = [Decimal(px) for px, _, _ in book["asks"]]

        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert bids[0] < asks[0]
        assert all(
            Decimal(sz) > 0 and int(n) > 0
            for side in ("bids", "asks")
            for _, sz, n in book[side]
        )
