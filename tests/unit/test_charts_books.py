"""Charts of order books: depth, heat map, spread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from okxlab import metrics
from okxlab.book import OrderBook
from okxlab.views.charts import CHARTS, Subject
from okxlab.views.charts.heatmap import grid_of
from tests.unit.book_rows import book_row
from tests.unit.chart_rows import START_MS, received, times, trace

BIDS = [(100, 1, 7), (99, 3, 8)]
ASKS = [(102, 3, 9), (103, 2, 1)]


def of_book(bids, asks, frame=None, history=None):
    """Return a subject of a book that holds some levels."""
    book = OrderBook()
    book.apply(book_row(bids, asks, seq=10, ts=START_MS), "snapshot")
    levels = book.read()
    empty = pd.DataFrame({"bid": [], "ask": []}, index=times())
    return Subject(
        channel="books",
        kind="book",
        frame=empty if frame is None else frame,
        inst_ids=("BTC-USDT",),
        bids=levels.bids,
        asks=levels.asks,
        history=history,
    )


def levels(*moments, seconds=None):
    """Return a frame of levels over time: each moment (bids, asks) of (px, sz)."""
    rows = []
    for bids, asks in moments:
        row = {}
        for side, held in (("bid", bids), ("ask", asks)):
            for n, (px, sz) in enumerate(held, 1):
                row |= {f"{side}_px_{n}": float(px), f"{side}_sz_{n}": float(sz)}
        rows.append(row)
    seconds = range(len(moments)) if seconds is None else seconds
    frame = pd.DataFrame(rows, index=times(*seconds))
    return frame.assign(recv=received(*seconds))


MOMENT = ([(100, 1), (99, 3)], [(102, 3), (103, 2)])


def test_depth_adds_up():
    """Sizes are summed from the best level on, by price."""
    figure = CHARTS["depth"].figure(of_book(BIDS, ASKS))

    bids, asks = trace(figure, "bids"), trace(figure, "asks")
    assert (bids.x.tolist(), bids.y.tolist()) == ([100, 99], [1, 4])
    assert (asks.x.tolist(), asks.y.tolist()) == ([102, 103], [3, 5])


def test_depth_of_levels_in_rows():
    """Of books5 the newest row is drawn."""
    older = ([(90, 1), (89, 1)], [(91, 1), (92, 1)])
    subject = Subject(channel="books5", kind="series", frame=levels(older, MOMENT))

    figure = CHARTS["depth"].figure(subject)

    assert trace(figure, "bids").x.tolist() == [100, 99]
    assert trace(figure, "asks").y.tolist() == [3, 5]


def test_depth_is_seen_from_the_middle():
    """As far to either side as both sides reach, with the mid in the middle."""
    figure = CHARTS["depth"].figure(of_book(BIDS, [*ASKS, (150, 1, 1)]))

    assert figure.layout.xaxis.range == (99, 103)
    assert figure.layout.shapes[0].x0 == metrics.mid(100, 102)


def test_depth_heading_is_of_the_metrics():
    """Best prices, spread in price and basis points, imbalance of what is drawn."""
    said = CHARTS["depth"].figure(of_book(BIDS, ASKS)).layout.title.subtitle.text

    assert f"spread 2 ({metrics.spread_bps(100, 102):.2f} bp)" in said
    assert "imbalance \N{MINUS SIGN}0.11 over 2 levels" in said


@pytest.mark.parametrize(("bids", "asks"), [(BIDS, []), ([], ASKS), ([], [])])
def test_a_side_may_be_empty(bids, asks):
    """Then there is no middle, and no failure."""
    figure = CHARTS["depth"].figure(of_book(bids, asks))

    assert len(trace(figure, "bids").x) == len(bids)
    assert len(trace(figure, "asks").x) == len(asks)
    assert len(figure.layout.shapes) == 0


def test_heat_map_is_sizes_by_price_and_time():
    """Bids count up, asks down, each at its price."""
    grid = grid_of(levels(MOMENT, MOMENT), 1.0)

    assert grid.y.tolist() == [99, 100, 101, 102, 103]
    assert grid.x.tolist() == [START_MS, START_MS + 1_000]
    assert grid.size[:, 0].tolist() == [3, 1, 0, -3, -2]


def test_heat_map_puts_prices_together():
    """A wide book has few steps, and nothing of it is lost."""
    wide = ([(100 - n, 1) for n in range(300)], [(101 + n, 2) for n in range(300)])

    grid = grid_of(levels(wide), 1.0)

    assert len(grid.y) <= 121
    assert grid.size[grid.size > 0].sum() + grid.size[grid.size < 0].sum() == (
        pytest.approx(300 - 600)
    )


def test_heat_map_leaves_holes():
    """Where nothing was recorded for a while nothing is painted."""
    frame = levels(*[MOMENT] * 6, seconds=[0, 1, 2, 60, 61, 62])

    grid = grid_of(frame, 1.0)

    assert np.isnan(grid.size).all(axis=0).tolist() == [
        *[False] * 3,
        True,
        True,
        *[False] * 3,
    ]
    assert (np.diff(grid.x) > 0).all()


def test_heat_map_has_the_mid():
    """As okxlab.metrics reckons it."""
    subject = of_book(BIDS, ASKS, history=levels(MOMENT, MOMENT))

    figure = CHARTS["heatmap"].figure(subject)

    assert trace(figure, "mid").y.tolist() == [101, 101]
    assert trace(figure, "book").customdata[:, 0].tolist() == [3, 1, 0, -3, -2]
    assert trace(figure, "book").zmin == -trace(figure, "book").zmax


def test_spread_is_that_of_the_metrics():
    """Mid, microprice, spread and imbalance of every row."""
    frame = pd.DataFrame(
        {
            "bid": [100.0, 101],
            "bid_sz": [1.0, 3],
            "ask": [102.0, 102],
            "ask_sz": [3.0, 1],
            "recv": received(0, 1),
        },
        index=times(0, 1),
    )

    figure = CHARTS["spread"].figure(of_book(BIDS, ASKS, frame=frame))

    assert trace(figure, "mid").y.tolist() == frame.okx.mid().tolist()
    assert trace(figure, "microprice").y.tolist() == frame.okx.microprice().tolist()
    assert trace(figure, "spread").y.tolist() == frame.okx.spread_bps().tolist()
    assert trace(figure, "more bid").y.tolist() == [0, 0.5]
    assert trace(figure, "more asked").y.tolist() == [-0.5, 0]


def test_imbalance_of_several_levels():
    """Of books5 the sizes of all its levels count."""
    frame = levels(MOMENT)

    figure = CHARTS["spread"].figure(
        Subject(channel="books5", kind="series", frame=frame)
    )

    assert trace(figure, "more asked").y.tolist() == [(4 - 5) / 9]


def test_many_imbalances_are_averaged():
    """What jumps with every order is shown as the mean of a few."""
    n = 1_000
    frame = pd.DataFrame(
        {
            "bid": np.full(n, 100.0),
            "bid_sz": np.tile([3.0, 1.0], n // 2),
            "ask": np.full(n, 101.0),
            "ask_sz": np.tile([1.0, 1.0], n // 2),
            "recv": received(*range(n)),
        },
        index=times(*range(n)),
    )

    figure = CHARTS["spread"].figure(of_book(BIDS, ASKS, frame=frame))

    found = trace(figure, "more bid").y
    assert len(found) == 334
    assert found[0] == pytest.approx((0.5 + 0 + 0.5) / 3)
