"""Formulas: hand examples, frames, units, and the exchange's own candles."""

import importlib
import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from okxlab import metrics
from okxlab.metrics.bars import Grid
from okxlab.protocol.rows import Instrument
from okxlab.simulator.market import Market

START = 1_700_000_040_000
SPOT = {"inst_type": "SPOT", "base_ccy": "BTC", "quote_ccy": "USDT"}
LINEAR = {
    "inst_type": "SWAP",
    "uly": "BTC-USDT",
    "ct_val": 0.01,
    "ct_mult": 1.0,
    "ct_val_ccy": "BTC",
}
INVERSE = {
    "inst_type": "SWAP",
    "uly": "BTC-USD",
    "ct_val": 100.0,
    "ct_mult": math.nan,
    "ct_val_ccy": "USD",
}


def trades_of(*rows):
    """Return a frame of trades: milliseconds after START, price, size, side."""
    ms, px, sz, side = zip(*rows, strict=True)
    index = pd.DatetimeIndex(
        np.array([START + t for t in ms], np.int64).view("M8[ms]"), tz="UTC", name="ts"
    )
    columns = {"px": np.array(px, float), "sz": np.array(sz, float), "side": side}
    return pd.DataFrame(columns, index=index)


TRADES = trades_of(
    (0, 100, 1, "buy"),
    (10_000, 103, 2, "sell"),
    (20_000, 99, 1, "buy"),
    (59_999, 101, 4, "sell"),
    (180_000, 110, 1, "buy"),
)


# The top of a book.


def test_top_formulas_on_numbers():
    """One bid at 100, three asked at 102."""
    assert metrics.mid(100, 102) == 101
    assert metrics.spread(100, 102) == 2
    assert metrics.spread_bps(100, 102) == pytest.approx(198.0198)
    assert metrics.microprice(100, 1, 102, 3) == 100.5
    assert metrics.imbalance(1, 3) == -0.5


def test_top_formulas_on_columns():
    """The same on columns; what is missing stays missing."""
    bid, ask = pd.Series([100.0, math.nan, -2]), pd.Series([102.0, 1, -1])

    assert metrics.mid(bid, ask).tolist()[::2] == [101, -1.5]
    assert metrics.spread(bid, ask).isna().tolist() == [False, True, False]
    assert metrics.spread_bps(bid, ask).isna().tolist() == [False, True, True]


def test_spread_bps_of_nothing():
    """A mid of 0, below 0 or missing has no parts."""
    assert math.isnan(metrics.spread_bps(-1, 1))
    assert math.isnan(metrics.spread_bps(-3, -1))
    assert math.isnan(metrics.spread_bps(math.nan, 1))


def test_fill_price():
    """Levels are taken from the best on; the last one in part."""
    levels = [(100, 1), (101, 2)]

    assert metrics.fill_price(levels, 0.5) == 100
    assert metrics.fill_price(levels, 2) == 100.5
    assert metrics.fill_price(levels, 3) == pytest.approx(302 / 3)
    assert math.isnan(metrics.fill_price(levels, 3.1))
    assert math.isnan(metrics.fill_price([], 1))


# Bars.


def test_ohlcv_by_hand():
    """First, highest, lowest, last, sum; a bar without trades is flat."""
    bars = metrics.ohlcv(TRADES, "1m")

    assert bars.index.tolist() == [
        pd.Timestamp(START + minute * 60_000, unit="ms", tz="UTC")
        for minute in range(4)
    ]
    assert bars.iloc[0].tolist() == [100, 103, 99, 101, 8]
    assert bars.iloc[1].tolist() == bars.iloc[2].tolist() == [101, 101, 101, 101, 0]
    assert bars.iloc[3].tolist() == [110, 110, 110, 110, 1]
    assert bars.index.name == "ts"


def test_ohlcv_of_shuffled_trades():
    """Trades that came by REST in between are put where they belong."""
    shuffled = TRADES.iloc[[3, 0, 4, 2, 1]]

    pd.testing.assert_frame_equal(
        metrics.ohlcv(TRADES, "1m"), metrics.ohlcv(shuffled, "1m")
    )


def test_trades_of_one_millisecond_go_by_their_id():
    """The id decides which of them opens the bar."""
    trades = trades_of((0, 5, 1, "buy"), (0, 6, 1, "buy"), (0, 7, 1, "buy"))
    trades["trade_id"] = [12, 11, 13]
    bar = metrics.ohlcv(trades, "1m").iloc[0]

    assert (bar["open"], bar["close"]) == (6, 7)


def test_ohlcv_says_its_units():
    """Without an instrument nobody knows what a size is; with one it is said."""
    unknown = metrics.ohlcv(TRADES, "1m").attrs["units"]
    spot = metrics.ohlcv(TRADES, "1m", instrument=SPOT).attrs["units"]
    linear = metrics.ohlcv(TRADES, "1m", instrument=LINEAR).attrs["units"]
    inverse = metrics.ohlcv(TRADES, "1m", instrument=INVERSE).attrs["units"]

    assert unknown["vol"] == "base currency (spot) or contracts"
    assert (spot["vol"], spot["vol_ccy"], spot["vol_ccy_quote"]) == (
        "BTC",
        "USDT",
        "USDT",
    )
    assert (linear["vol"], linear["vol_ccy"], linear["vol_ccy_quote"]) == (
        "contracts",
        "BTC",
        "USDT",
    )
    assert (inverse["vol_ccy"], inverse["vol_ccy_quote"]) == ("BTC", "USD")
    assert linear["close"] == "USDT per BTC"


@pytest.mark.parametrize(
    ("instrument", "vol_ccy", "vol_ccy_quote"),
    [(SPOT, 809, 809), (LINEAR, 0.08, 8.09), (INVERSE, 7.9122, 800)],
    ids=["spot", "linear", "inverse"],
)
def test_volumes_go_through_the_contract(instrument, vol_ccy, vol_ccy_quote):
    """Contracts are worth base currency, or quote currency if they are inverse."""
    bar = metrics.ohlcv(TRADES, "1m", instrument=instrument).iloc[0]

    assert bar["vol"] == 8
    assert bar["vol_ccy"] == pytest.approx(vol_ccy, rel=1e-4)
    assert bar["vol_ccy_quote"] == pytest.approx(vol_ccy_quote)


def test_terms_of_a_row_of_the_instruments_frame():
    """A row of a DataFrame, with missing values where OKX sends none, will do."""
    row = pd.Series({**LINEAR, "base_ccy": math.nan, "quote_ccy": pd.NA})
    bars = metrics.ohlcv(TRADES, "1m", instrument=row)

    assert bars["vol_ccy"].iloc[0] == pytest.approx(0.08)


def test_terms_of_a_typed_row():
    """So does a row as the instruments channel has it."""
    row = Instrument(inst_type="SWAP", uly="BTC-USDT", ct_val=0.01, ct_val_ccy="BTC")

    assert metrics.ohlcv(TRADES, instrument=row)["vol_ccy"].iloc[0] == pytest.approx(
        0.08
    )


def test_terms_refuse_what_is_no_instrument():
    """What a contract is worth is never guessed."""
    with pytest.raises(ValueError, match="ct_val"):
        metrics.ohlcv(TRADES, "1m", instrument={"inst_type": "SWAP"})


@pytest.mark.parametrize("name", ["ohlcv", "vwap", "signed_volume"])
def test_frames_that_are_no_trades_are_refused(name):
    """A missing column, a missing time and mixed instruments are said."""
    compute = getattr(metrics, name)
    mixed = TRADES.assign(inst_id=["A", "B", "A", "A", "A"])

    with pytest.raises(ValueError, match="lacks px"):
        compute(TRADES.drop(columns="px"), "1m")
    with pytest.raises(ValueError, match="lacks times"):
        compute(TRADES.reset_index(drop=True), "1m")
    with pytest.raises(ValueError, match="several instruments"):
        compute(mixed, "1m")


@pytest.mark.parametrize("freq", ["1x", "", "5", "m1", "0m", None, 7, "ME"])
def test_bars_that_do_not_exist_are_refused(freq):
    """Neither OKX's nor a fixed frequency of pandas."""
    with pytest.raises(ValueError, match="no bar"):
        metrics.ohlcv(TRADES, freq)


def test_no_trades_make_no_bars():
    """Empty in, empty out, with the same columns and dtypes."""
    bars = metrics.ohlcv(TRADES.iloc[:0], "1m", instrument=SPOT)

    assert len(bars) == 0
    assert list(bars.columns) == list(
        metrics.ohlcv(TRADES, "1m", instrument=SPOT).columns
    )
    assert str(bars.index.dtype) == "datetime64[ms, UTC]"
    assert set(bars.dtypes.astype(str)) == {"float64"}


def test_trades_without_a_price_are_passed_over():
    """NaN never becomes a price."""
    holed = TRADES.copy()
    holed.iloc[0, 0] = math.nan

    assert metrics.ohlcv(holed, "1m")["open"].iloc[0] == 103


@pytest.mark.parametrize(
    ("freq", "moment", "begin"),
    [
        ("1m", "2026-11-22 10:30:59.999", "2026-11-22 10:30"),
        ("90s", "2026-11-22 10:31", "2026-11-22 10:30"),
        ("10min", "2026-11-22 10:39", "2026-11-22 10:30"),
        ("4H", "2026-11-22 15:59", "2026-11-22 12:00"),
        ("6H", "2026-11-22 15:59", "2026-11-22 10:00"),
        ("6Hutc", "2026-11-22 15:59", "2026-11-22 12:00"),
        ("1D", "2026-11-22 15:59", "2026-11-21 16:00"),
        ("1Dutc", "2026-11-22 15:59", "2026-11-22 00:00"),
        ("1Wutc", "2026-11-22 15:59", "2026-11-16 00:00"),
        ("1W", "2026-11-22 16:00", "2026-11-22 16:00"),
        ("1M", "2026-11-30 16:00", "2026-11-30 16:00"),
        ("1Mutc", "2026-11-30 16:00", "2026-11-01 00:00"),
        ("3Mutc", "2026-11-30 16:00", "2026-10-01 00:00"),
        ("1Yutc", "2026-11-30 16:00", "2026-01-01 00:00"),
    ],
)
def test_bars_begin_where_okx_begins_them(freq, moment, begin):
    """From 6 hours on, days are those of Hong Kong unless the name says utc."""
    moment_ms = pd.DatetimeIndex([moment]).as_unit("ms").asi8
    begin_ms = pd.DatetimeIndex([begin]).as_unit("ms").asi8

    assert begin_ms.tolist() == Grid(freq).starts(moment_ms).tolist()


def test_grid_of_months_has_every_month():
    """Months without trades are bars as well."""
    first, last = pd.DatetimeIndex(["2026-01-31 16:00", "2026-04-30 16:00"])
    starts = Grid("1M").between(first.value // 10**6, last.value // 10**6)

    assert len(starts) == 4


@cache
def market():
    """Return a market after ten minutes, and every single trade in them."""
    made = Market(5, start_ms=START, instruments=60)
    inst_ids = ("BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-SWAP")
    for inst_id in inst_ids:
        made.watch("trades-all", inst_id)
    changes = made.advance(START + 600_000)
    found = {inst_id: [] for inst_id in inst_ids}
    for change in changes:
        found[change.key] += change.rows
    return made, found


def frame_of(rows):
    """Return wire rows of trades as the frame that a stream would show."""
    index = pd.DatetimeIndex(
        np.array([int(row["ts"]) for row in rows]).view("M8[ms]"), tz="UTC", name="ts"
    )
    return pd.DataFrame(
        {
            "px": [float(row["px"]) for row in rows],
            "sz": [float(row["sz"]) for row in rows],
            "side": [row["side"] for row in rows],
            "trade_id": [int(row["tradeId"]) for row in rows],
        },
        index=index,
    )


@pytest.mark.parametrize("inst_id", ["BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-SWAP"])
@pytest.mark.parametrize("freq", ["1m", "5m"])
def test_ohlcv_equals_the_exchanges_candles(inst_id, freq):
    """Bars of all trades are the candles of the exchange, in all three volumes."""
    made, trades = market()
    inst_type = "SWAP" if inst_id.endswith("SWAP") else "SPOT"
    (wire,) = made.instruments(inst_type, None, inst_id)
    instrument = {
        "inst_type": inst_type,
        "base_ccy": wire.get("baseCcy", ""),
        "quote_ccy": wire.get("quoteCcy", ""),
        "uly": wire["uly"],
        "ct_val": float(wire["ctVal"] or "nan"),
        "ct_mult": float(wire["ctMult"] or "nan"),
        "ct_val_ccy": wire["ctValCcy"],
    }
    bars = metrics.ohlcv(frame_of(trades[inst_id]), freq, instrument=instrument)
    candles = {
        int(row[0]): [float(value) for value in row[1:8]]
        for row in made.candles(inst_id, freq, limit=20)
        if row[8] == "1"
    }
    # Whole bars only: the trades begin in the middle of one.
    whole = [ts for ts in bars.index.asi8.tolist() if ts in candles and ts >= START]

    assert len(whole) >= (1 if freq == "5m" else 9)
    for ts in whole:
        mine = bars.loc[pd.Timestamp(ts, unit="ms", tz="UTC")].tolist()
        # The exchange cuts the base currency of each inverse contract to 8 digits.
        assert candles[ts] == pytest.approx(mine, rel=2e-6)


# Averages and signs.


def test_vwap_by_hand():
    """Price times size, over size; per bar, and NaN in a bar without trades."""
    per_bar = metrics.vwap(TRADES, "1m")

    assert metrics.vwap(TRADES) == pytest.approx(919 / 9)
    assert per_bar.iloc[0] == pytest.approx(809 / 8)
    assert per_bar.isna().tolist() == [False, True, True, False]
    assert math.isnan(metrics.vwap(TRADES.iloc[:0]))
    assert len(metrics.vwap(TRADES.iloc[:0], "1m")) == 0


def test_vwap_of_inverse_contracts_weighs_base_currency():
    """One contract of 100 USD is more coins at a lower price."""
    trades = trades_of((0, 100, 1, "buy"), (1, 200, 1, "buy"))

    assert metrics.vwap(trades, instrument=INVERSE) == pytest.approx(2 / 0.015)


def test_signed_volume_by_hand():
    """What buyers took is positive; sums per bar; units are said."""
    each = metrics.signed_volume(TRADES)
    per_bar = metrics.signed_volume(TRADES, "1m")
    in_base = metrics.signed_volume(TRADES, "1m", instrument=LINEAR)

    assert each.tolist() == [1, -2, 1, -4, 1]
    assert per_bar.tolist() == [-4, 0, 0, 1]
    assert in_base.tolist() == pytest.approx([-0.04, 0, 0, 0.01])
    assert in_base.attrs["unit"] == "BTC"
    assert each.attrs["unit"] == "base currency (spot) or contracts"


# Returns.


def test_log_returns_by_hand():
    """Last price of each bar, carried on through bars without one."""
    returns = metrics.log_returns(TRADES, "1m")
    raw = metrics.log_returns(TRADES, None)

    assert returns.tolist() == pytest.approx([0, 0, math.log(110 / 101)])
    assert raw.iloc[0] == pytest.approx(math.log(103 / 100))
    assert len(raw) == 4


def test_realised_volatility_by_hand():
    """The root of the sum of squares, and scaled to a year of 365 days."""
    total = metrics.realised_volatility(TRADES, "1m", annualise=False)
    a_year = metrics.realised_volatility(TRADES, "1m")

    assert total == pytest.approx(math.log(110 / 101))
    assert a_year == pytest.approx(total * math.sqrt(365 * 24 * 60 / 3))


@pytest.mark.parametrize("rows", [0, 1])
def test_volatility_of_too_little_is_nan(rows):
    """One price does not vary."""
    assert math.isnan(metrics.realised_volatility(TRADES.iloc[:rows], "1m"))


def test_volatility_of_other_frames():
    """Candles have a close, books a mid; a Series is taken as it is."""
    closes = TRADES["px"].rename("close").to_frame()

    expected = metrics.realised_volatility(TRADES)
    assert expected == metrics.realised_volatility(closes)
    assert expected == metrics.realised_volatility(TRADES["px"])
    with pytest.raises(ValueError, match="no column of prices"):
        metrics.realised_volatility(TRADES[["sz"]])
    with pytest.raises(ValueError, match="indexed by ts"):
        metrics.realised_volatility(pd.Series([1.0, 2.0]))


# The accessor.


def test_accessor_is_the_functions():
    """``df.okx`` has the functions as methods."""
    accessor = TRADES.okx

    pd.testing.assert_frame_equal(metrics.ohlcv(TRADES, "5m"), accessor.ohlcv("5m"))
    assert metrics.vwap(TRADES) == accessor.vwap()
    assert metrics.signed_volume(TRADES).tolist() == accessor.signed_volume().tolist()
    assert len(accessor.log_returns("1m")) == 3
    assert metrics.realised_volatility(TRADES) == accessor.realised_volatility()


@pytest.mark.parametrize(
    "names",
    [
        ("bid", "bid_sz", "ask", "ask_sz"),
        ("bid_px", "bid_sz", "ask_px", "ask_sz"),
        ("bid_px_1", "bid_sz_1", "ask_px_1", "ask_sz_1"),
    ],
    ids=["book", "tickers", "books5"],
)
def test_accessor_finds_the_best_prices(names):
    """Books, tickers and books5 name their best prices differently."""
    frame = pd.DataFrame([[100.0, 1.0, 102.0, 3.0]], columns=list(names))

    assert frame.okx.mid().tolist() == [101]
    assert frame.okx.spread().tolist() == [2]
    assert frame.okx.spread_bps().tolist() == pytest.approx([198.0198])
    assert frame.okx.microprice().tolist() == [100.5]
    assert frame.okx.imbalance().tolist() == [-0.5]


def test_accessor_sums_levels():
    """Imbalance of several levels, as far as the frame has them."""
    frame = pd.DataFrame(
        [[1.0, 2.0, 3.0, math.nan]],
        columns=["bid_sz_1", "bid_sz_2", "ask_sz_1", "ask_sz_2"],
    )

    assert frame.okx.imbalance(2).tolist() == [0]


def test_accessor_says_what_it_misses():
    """A frame of something else is refused with a reason."""
    with pytest.raises(ValueError, match="no column bid"):
        TRADES.okx.mid()


def test_accessor_can_be_registered_again():
    """A reload of the module warns of nothing."""
    importlib.reload(importlib.import_module("okxlab.metrics.accessor"))

    assert pd.DataFrame({"bid": [1.0], "ask": [3.0]}).okx.mid().tolist() == [2]
