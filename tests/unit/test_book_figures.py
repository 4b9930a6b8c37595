"""What a book is asked for: figures on hand examples, frames, nothing when torn."""

import math

import numpy as np
import pandas as pd
import pytest

from okxlab.book import OrderBook
from tests.unit.book_rows import book_row

BIDS = [(100, 1, 7), (99, 3, 8)]
ASKS = [(102, 3, 9), (103, 2, 1), (110, 5, 2)]
DEPTH = {
    "bid_px": "float64",
    "bid_sz": "float64",
    "bid_orders": "Int64",
    "ask_px": "float64",
    "ask_sz": "float64",
    "ask_orders": "Int64",
}


@pytest.fixture
def book():
    """Give a small book."""
    book = OrderBook()
    book.apply(book_row(BIDS, ASKS, seq=10, ts=1_700_000_000_000), "snapshot")
    return book


def test_best_prices_are_floats(book):
    """Best prices are plain numbers to compute with."""
    assert book.best_bid == 100.0
    assert book.best_ask == 102.0
    assert isinstance(book.best_bid, float)


def test_figures_of_the_top(book):
    """Mid, spread and microprice of 1 bid at 100 and 3 asked at 102."""
    assert book.mid == 101
    assert book.spread == 2
    assert book.spread_bps == pytest.approx(20_000 / 101)
    assert book.microprice == pytest.approx((100 * 3 + 102 * 1) / 4)


def test_imbalance_of_levels(book):
    """Sizes are summed over the levels that there are."""
    assert book.imbalance() == pytest.approx(-0.5)
    assert book.imbalance(2) == pytest.approx((4 - 5) / 9)
    assert book.imbalance(100) == pytest.approx((4 - 10) / 14)


def test_depth_puts_the_sides_next_to_each_other(book):
    """Best level first; where a side is shorter its values are missing."""
    depth = book.depth(3)

    assert depth.dtypes.astype(str).to_dict() == DEPTH
    assert depth.index.tolist() == [1, 2, 3]
    assert depth.index.name == "level"
    assert depth["ask_px"].tolist() == [102, 103, 110]
    assert depth["bid_orders"].tolist() == [7, 8, pd.NA]
    assert math.isnan(depth.loc[3, "bid_px"])


def test_depth_is_a_copy(book):
    """A frame is never changed by the book, nor the book by a frame."""
    depth = book.depth(1)
    depth.loc[1, "bid_px"] = 5.0
    book.apply(book_row([(101, 1)], seq=11, prev=10), "update")

    assert depth["bid_px"].tolist() == [5.0]
    assert book.best_bid == 101


def test_depth_without_orders():
    """Order counts that OKX did not send are missing, not 0."""
    book = OrderBook()
    book.apply(book_row([(1, 1, "")], [(2, 1, 4)]), "snapshot")

    assert book.depth(1)["bid_orders"].isna().tolist() == [True]
    assert book.depth(1)["ask_orders"].tolist() == [4]


def test_cumulative_sums_from_the_best_level(book):
    """Sizes grow from the best level to the last."""
    found = book.cumulative()

    assert found["ask_sz"].tolist() == [3, 5, 10]
    assert found["bid_sz"].tolist()[:2] == [1, 4]
    assert math.isnan(found["bid_sz"].iloc[2])
    assert found["bid_px"].tolist()[:2] == [100, 99]


def test_vwap_walks_the_other_side(book):
    """A buy order takes asks, a sell order bids, level after level."""
    assert book.vwap("buy", 3) == pytest.approx(102)
    assert book.vwap("buy", 4) == pytest.approx((3 * 102 + 103) / 4)
    assert book.vwap("sell", 2) == pytest.approx((100 + 99) / 2)


def test_vwap_beyond_the_book_is_nan(book):
    """What the book does not hold has no price."""
    assert math.isnan(book.vwap("buy", 11))
    assert math.isnan(book.vwap("sell", 1_000))


@pytest.mark.parametrize(
    ("side", "size"),
    [("bid", 1), ("Buy", 1), ("buy", 0), ("buy", -1), ("buy", math.nan)],
)
def test_vwap_refuses_what_is_no_order(book, side, size):
    """Sides of orders are buy and sell; sizes are above 0."""
    with pytest.raises(ValueError, match=r"'buy'|size"):
        book.vwap(side, size)


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "3", None])
def test_levels_are_counted_in_whole_numbers(book, n):
    """Anything but a whole number above 0 is refused."""
    with pytest.raises(ValueError, match="whole number"):
        book.depth(n)


def test_numpy_integers_count(book):
    """A number out of a frame is as good as one typed."""
    assert len(book.depth(np.int64(2))) == 2


def test_snapshot_is_consistent(book):
    """One copy: both sides, the id and the time of the same book."""
    snapshot = book.snapshot()
    book.tear("over")

    assert snapshot.bids["px"].tolist() == [100, 99]
    assert snapshot.asks["orders"].tolist() == [9, 1, 2]
    assert snapshot.seq_id == 10
    assert snapshot.ts == pd.Timestamp("2023-11-14 22:13:20", tz="UTC")


@pytest.mark.parametrize("torn", [False, True])
def test_nothing_while_not_synced(book, torn):
    """A waiting and a torn book answer None, and frames without rows."""
    if torn:
        book.tear("test")
    else:
        book = OrderBook()
    snapshot = book.snapshot()

    figures = (
        book.best_bid,
        book.best_ask,
        book.mid,
        book.spread,
        book.spread_bps,
        book.microprice,
        book.imbalance(5),
        book.vwap("buy", 1),
        book.seq_id,
        book.top,
        snapshot.seq_id,
    )
    assert figures == (None,) * 11
    assert snapshot.ts is pd.NaT
    assert len(snapshot.bids) == len(snapshot.asks) == 0
    assert len(book.cumulative()) == 0
    assert book.depth(5).dtypes.astype(str).to_dict() == DEPTH
    assert len(book.depth(5)) == 0


def test_empty_book_has_no_figures():
    """A synced book without any level answers None, too."""
    book = OrderBook()
    book.apply(book_row(), "snapshot")

    assert book.is_synced
    assert book.best_bid is book.mid is book.imbalance() is None
    assert book.vwap("buy", 1) is None


def test_relative_spread_of_a_negative_mid():
    """A part of a price of 0 or less means nothing."""
    book = OrderBook()
    book.apply(book_row([(-2, 1)], [(-1, 1)]), "snapshot")

    assert book.spread == 1
    assert book.spread_bps is None
