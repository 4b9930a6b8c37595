"""Charts of prices and trades: what they show is what the frame has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from okxlab import metrics
from okxlab.views.charts import CHARTS, Subject
from okxlab.views.charts.candles import coarser
from okxlab.views.charts.trades import Tape
from tests.unit.chart_rows import START_MS, candles, received, times, trace, trades

BARS = candles(
    [[100, 110, 90, 105, 7], [105, 106, 101, 102, 3], [102, 108, 102, 107, 1]]
)
TRADES = trades([100.5, 101, 99.5, 100], [1, 4, 2, 0.5], ["buy", "buy", "sell", "sell"])


def of_bars(frame, **parts):
    """Return a subject of candles."""
    return Subject(
        channel="candle1m", kind="bars", frame=frame, inst_ids=("BTC-USDT",), **parts
    )


def of_trades(frame, **parts):
    """Return a subject of trades."""
    return Subject(
        channel="trades", kind="log", frame=frame, inst_ids=("BTC-USDT",), **parts
    )


# Candles.


def test_candles_are_the_bars():
    """Open, high, low, close and volume of each bar at its time."""
    figure = CHARTS["candles"].figure(of_bars(BARS))

    bars = trace(figure, "candles")
    for name in ("open", "high", "low", "close"):
        assert BARS[name].tolist() == getattr(bars, name).tolist()
    assert bars.x.tolist() == [START_MS + 60_000 * n for n in range(3)]
    assert BARS["vol"].tolist() == trace(figure, "volume").y.tolist()


def test_an_unfinished_candle_is_an_outline():
    """The bar that is not confirmed is drawn apart, hardly filled, its volume pale."""
    frame = BARS.assign(confirm=pd.array([True, True, False], dtype="boolean"))

    figure = CHARTS["candles"].figure(of_bars(frame))

    closed, forming = trace(figure, "candles"), trace(figure, "forming")
    assert len(closed.x) == 2
    assert forming.close.tolist() == [107]
    assert closed.increasing.fillcolor.endswith("0.92)")
    assert forming.increasing.fillcolor.endswith("0.1)")
    opacity = trace(figure, "volume").marker.opacity
    assert opacity[2] < opacity[1] == opacity[0]


def test_averages_are_those_of_the_metrics():
    """Both averages and the VWAP of the day come from okxlab.metrics."""
    frame = candles([[100 + n, 102 + n, 99 + n, 101 + n, 1 + n % 3] for n in range(60)])

    figure = CHARTS["candles"].figure(of_bars(frame))

    for n in (20, 50):
        expected = metrics.moving_average(frame["close"], n)
        np.testing.assert_array_equal(expected, trace(figure, f"average-of-{n}").y)
    expected = metrics.running_vwap(frame, daily=True)
    np.testing.assert_array_equal(expected, trace(figure, "VWAP-of-the-day").y)


def test_candles_without_volume():
    """Mark and index prices have no volume: no panel, no VWAP, no failure."""
    figure = CHARTS["candles"].figure(of_bars(BARS.drop(columns="vol")))

    assert len(trace(figure, "volume").x) == 0
    assert not figure.layout.yaxis2.visible
    assert [one.uid for one in figure.data if "VWAP" in one.uid] == []


def test_candles_of_trades():
    """Trades are put together by okxlab.metrics; the newest bar is unfinished."""
    figure = CHARTS["candles"].figure(of_trades(TRADES))

    expected = metrics.ohlcv(TRADES, "1s")
    assert expected["high"].tolist()[:-1] == trace(figure, "candles").high.tolist()
    assert expected["close"].tolist()[-1:] == trace(figure, "forming").close.tolist()


def test_many_candles_are_drawn_in_longer_ones():
    """Four bars in one: first open, last close, every extreme, all the volume."""
    frame = candles([[n, n + 2, n - 2, n + 1, 1] for n in range(10)])

    few, together = coarser(frame, most=3)

    assert together == 4
    assert few["open"].tolist() == [0, 4, 8]
    assert few["close"].tolist() == [4, 8, 10]
    assert few["high"].tolist() == [5, 9, 11]
    assert few["low"].tolist() == [-2, 2, 6]
    assert few["vol"].tolist() == [4, 4, 2]
    assert few.index.tolist() == frame.index[[0, 4, 8]].tolist()


def test_the_heading_says_the_newest_prices():
    """Instrument, channel, price with its unit, change, and the newest bar."""
    figure = CHARTS["candles"].figure(of_bars(BARS, tick=0.01))

    assert figure.layout.title.text == "<b>BTC-USDT</b>  candle1m"
    said = figure.layout.title.subtitle.text
    assert "<b>107.00</b> USDT" in said
    assert "+7.00 %" in said
    assert "O 102.00  H 108.00  L 102.00  C 107.00" in said


def test_the_last_price_has_a_line_and_a_tag():
    """They come first among shapes and annotations: that is where it moves."""
    figure = CHARTS["candles"].figure(of_bars(BARS, tick=0.1))

    assert (figure.layout.shapes[0].name, figure.layout.shapes[0].y0) == ("last", 107)
    assert figure.layout.annotations[0].text == "107.0"


# Precision.


@pytest.mark.parametrize(
    ("px", "tick", "expected"),
    [
        ([100, 101], None, ",.0f"),
        ([100.5, 101], None, ",.1f"),
        ([100.5, 101], 0.01, ",.2f"),
        ([0.00001234, 0.00002], None, ",.8f"),
        ([100.5, 101], 0.5, ",.1f"),
        ([100.5, 101], 1e-7, ",.7f"),
    ],
)
def test_prices_have_the_precision_of_the_tick(px, tick, expected):
    """Read from the prices, or as it is told."""
    frame = trades(px, [1, 1], ["buy", "sell"])

    figure = CHARTS["trades"].figure(of_trades(frame, tick=tick))

    assert figure.layout.yaxis.tickformat == expected
    assert figure.layout.yaxis.hoverformat == expected


# Trades.


def test_trades_are_markers_by_side_and_size():
    """Buys and sells at their prices, their area as large as their amount."""
    figure = CHARTS["trades"].figure(of_trades(TRADES))

    buys, sells = trace(figure, "buys"), trace(figure, "sells")
    assert buys.y.tolist() == [100.5, 101]
    assert sells.y.tolist() == [99.5, 100]
    assert buys.marker.size.tolist() == [1, 4]
    assert buys.marker.sizemode == "area"
    assert buys.marker.sizeref == sells.marker.sizeref


def test_the_vwap_is_that_of_the_metrics():
    """At the newest trade it is the VWAP of all."""
    figure = CHARTS["trades"].figure(of_trades(TRADES))

    found = trace(figure, "VWAP").y
    assert found[-1] == pytest.approx(metrics.vwap(TRADES))
    assert found[0] == 100.5


def test_of_many_trades_the_largest_are_drawn():
    """The graphics card draws them, and the heading says what is left out."""
    n = 8_000
    frame = trades(np.full(n, 100.0), np.arange(n), ["buy"] * n)

    figure = CHARTS["trades"].figure(of_trades(frame))

    buys = trace(figure, "buys")
    assert buys.type == "scattergl"
    assert buys.customdata.min() == n - len(buys.x)
    assert f"{n - len(buys.x):,} smaller trades not drawn" in (
        figure.layout.title.subtitle.text
    )


def test_own_fills_are_trades_too():
    """Their columns have other names."""
    names = {"px": "fill_px", "sz": "fill_sz"}

    figure = CHARTS["trades"].figure(of_trades(TRADES.rename(columns=names)))

    assert trace(figure, "buys").y.tolist() == [100.5, 101]


def test_rows_out_of_order_are_drawn_in_order():
    """History may arrive late: it is drawn where it belongs."""
    frame = TRADES.iloc[[2, 3, 0, 1]]

    figure = CHARTS["trades"].figure(of_trades(frame))

    assert trace(figure, "price").y.tolist() == TRADES["px"].tolist()


def test_missing_prices_are_holes():
    """A missing price is NaN in the picture as in the frame, never 0."""
    frame = TRADES.assign(px=[100.0, np.nan, 99.0, 98.0])

    figure = CHARTS["trades"].figure(of_trades(frame))

    assert np.isnan(trace(figure, "price").y).tolist() == [False, True, False, False]


# The tape.


def test_the_tape_has_the_newest_on_top():
    """Time, side, price and size of the newest trades."""
    figure = CHARTS["tape"].figure(of_trades(TRADES))

    cells = [list(column) for column in trace(figure, "tape").cells["values"]]
    assert cells[0][0] == "09:00:03.000"
    assert cells[1] == ["sell", "sell", "buy", "buy"]
    assert cells[2] == ["100.0", "99.5", "101.0", "100.5"]


def test_volume_by_price():
    """What was bought and sold adds up at each price."""
    frame = trades([10, 11, 11, 12], [1, 2, 4, 8], ["buy", "buy", "sell", "sell"])

    figure = CHARTS["tape"].figure(of_trades(frame, tick=1))

    assert trace(figure, "bought").y.tolist() == [10, 11, 12]
    assert trace(figure, "bought").x.tolist() == [1, 2, 0]
    assert trace(figure, "sold").x.tolist() == [0, 4, 8]
    assert figure.layout.shapes[0].y0 == pytest.approx(metrics.vwap(frame))


def test_volume_by_price_is_complete():
    """However wide the range, every trade is in one of the bars."""
    rng = np.random.default_rng(3)
    px = np.round(rng.uniform(1, 1_000, 500), 1)
    frame = trades(px, np.ones(500), ["buy", "sell"] * 250)

    figure = CHARTS["tape"].figure(of_trades(frame))

    bought, sold = trace(figure, "bought").x, trace(figure, "sold").x
    assert (bought.sum(), sold.sum()) == (250, 250)
    assert len(bought) <= 41


def test_a_trade_without_a_side():
    """It is in the line and in no colour."""
    frame = trades([1, 2], [1, 1], ["buy", None])

    tape = Tape.of(frame)

    assert tape.bought.tolist() == [True, False]
    assert tape.sold.tolist() == [False, False]


# Prices.


def of_prices(frame, channel="tickers"):
    """Return a subject of a series of prices."""
    return Subject(channel=channel, kind="series", frame=frame, inst_ids=("BTC-USDT",))


def test_tickers_have_the_best_prices_around():
    """Last price, best bid and best ask."""
    frame = pd.DataFrame(
        {"last": [10.0, 11], "ask_px": [12.0, 12], "bid_px": [9.0, 9.5]},
        index=times(0, 1),
    )

    figure = CHARTS["price"].figure(of_prices(frame))

    assert trace(figure, "last").y.tolist() == [10, 11]
    assert trace(figure, "best bid").y.tolist() == [9, 9.5]
    assert trace(figure, "best ask").y.tolist() == [12, 12]


def test_limits_have_no_price_between():
    """A channel of limits shows just those."""
    frame = pd.DataFrame({"buy_lmt": [12.0], "sell_lmt": [9.0]}, index=times(0))

    figure = CHARTS["price"].figure(of_prices(frame, "price-limit"))

    assert [one.uid for one in figure.data] == ["lowest sell", "highest buy"]
    assert len(figure.layout.annotations) == 0


def test_a_price_that_is_not_there_yet():
    """Rows without a price draw nothing and raise nothing."""
    frame = pd.DataFrame({"eq_px": [np.nan, np.nan]}, index=times(0, 1))

    figure = CHARTS["price"].figure(of_prices(frame, "call-auction-details"))

    assert np.isnan(trace(figure, "eq_px").y).all()


# Several instruments.


def test_instruments_begin_at_100():
    """Each is divided by its own first price, as okxlab.metrics does."""
    frame = pd.DataFrame(
        {
            "inst_id": pd.array(["A-B", "C-D", "A-B", "C-D"], dtype="str"),
            "last": [10.0, 200.0, 11.0, 190.0],
            "recv": received(0, 0, 1, 1),
        },
        index=times(0, 0, 1, 1),
    )
    many = Subject(
        channel="tickers", kind="series", frame=frame, inst_ids=("A-B", "C-D")
    )

    figure = CHARTS["rebased"].figure(many)

    assert trace(figure, "A-B").y.tolist() == pytest.approx([100, 110])
    assert trace(figure, "C-D").y.tolist() == pytest.approx([100, 95])
    assert [one.text for one in figure.layout.annotations] == ["110.00", "95.00"]


def test_rebased():
    """The first price that is there counts; what begins at 0 or below has no scale."""
    assert metrics.rebased(pd.Series([np.nan, 4.0, 5.0])).tolist()[1:] == [100, 125]
    assert metrics.rebased(pd.Series([-1.0, 2.0])).isna().all()
    assert metrics.rebased(pd.Series([], dtype=float)).empty


def test_running_vwap():
    """Sums from the first row, or of each day, over trades and over candles."""
    frame = trades([10, 20, 30], [1, 1, 2], ["buy"] * 3, seconds=[0, 1, 86_400])

    assert metrics.running_vwap(frame).tolist() == [10, 15, 22.5]
    assert metrics.running_vwap(frame, daily=True).tolist() == [10, 15, 30]
    assert metrics.running_vwap(BARS).iloc[0] == pytest.approx((110 + 90 + 105) / 3)
    with pytest.raises(ValueError, match="needs trades"):
        metrics.running_vwap(BARS[["open"]])


def test_moving_average():
    """NaN until there are enough values; of none there is no mean."""
    found = metrics.moving_average(pd.Series([1.0, 2, 3, 4]), 3)

    assert found.tolist()[2:] == [2, 3]
    assert found.isna().tolist() == [True, True, False, False]
    with pytest.raises(ValueError, match="1 value or more"):
        metrics.moving_average(pd.Series([1.0]), 0)


def test_annual_rate():
    """0.01 % every eight hours is 10.95 % a year."""
    assert metrics.annual_rate(0.0001, 8 * 3_600) == pytest.approx(0.1095)
    with pytest.raises(ValueError, match="above 0"):
        metrics.annual_rate(0.0001, 0)
