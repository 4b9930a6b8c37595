"""What must hold of history: the one made up and the one lived through."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.simulator.bars import BARS, span
from okxlab.simulator.market import Market

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

seeds = st.integers(0, 2**64)
starts = st.integers(1_600_000_000_000, 1_900_000_000_000)
families = st.sampled_from(["candle", "mark-price-candle", "index-candle"])
IDS = ("BTC-USDT", "BTC-USDT-SWAP", "ETH-USDT", "OPTION", "FUTURES")


def some_id(market, which, family):
    if family == "index-candle":
        return market.index_ids()[len(which) % len(market.index_ids())]
    return (market.inst_ids(which) or [which])[0]


def numbers(row):
    return [int(row[0]), *map(Decimal, row[1:-1])]


def together(rows):
    """Put rows, oldest first, together to one, as an exchange does."""
    rows = [numbers(row) for row in rows]
    traded = [row for row in rows if len(row) < 6 or row[5]] or rows[:1]
    sums = [sum(column) for column in zip(*(row[5:] for row in rows), strict=True)]
    return [
        rows[0][0],
        traded[0][1],
        max(row[2] for row in traded),
        min(row[3] for row in traded),
        traded[-1][4],
        *sums,
    ]


def between(market, inst_id, bar, family, opens, closes):
    rows = market.candles(
        inst_id, bar, after=closes, before=opens - 1, limit=2000, family=family
    )
    return rows[::-1]


@settings(max_examples=12)
@given(
    seed=seeds,
    start=starts,
    which=st.sampled_from(IDS),
    family=families,
    ago=st.integers(0, 1_400),
    lived=st.sampled_from([0, 0, 70_000]),
    parts=st.sampled_from([("1m", "5m"), ("1m", "1H"), ("1m", "4H"), ("1H", "1D")]),
)
def test_longer_bars_are_made_of_shorter_ones(
    seed, start, which, family, ago, lived, parts
):
    """Price and volume of every bar are those of the bars within it."""
    market = Market(seed, start_ms=start, instruments=7)
    market.advance(start + lived)
    inst_id = some_id(market, which, family)
    short, long = parts
    opens, closes = span(long, market.now_ms - ago * MINUTE_MS)
    rows = between(market, inst_id, short, family, opens, closes)
    (whole,) = between(market, inst_id, long, family, opens, closes)

    expected = together(rows)
    assert expected[:6] == numbers(whole)[:6]
    assert whole[-1] == ("1" if closes <= market.now_ms else "0")
    if family == "candle" and start - opens < 40 * HOUR_MS:
        assert expected == numbers(whole)


@settings(max_examples=8)
@given(
    seed=seeds, start=starts, which=st.sampled_from(IDS), lived=st.integers(0, 90_000)
)
def test_minutes_and_seconds_are_made_of_trades(seed, start, which, lived):
    """Trades asked for one by one fill the bars of seconds and minutes exactly."""
    market = Market(seed, start_ms=start, instruments=7)
    market.advance(start + lived)
    inst_id = some_id(market, which, "candle")
    trades = market.trades(inst_id, 100_000)[::-1]
    ids = [int(trade["tradeId"]) for trade in trades]
    assert all(b == a + 1 for a, b in pairwise(ids))
    assert all(int(a["ts"]) <= int(b["ts"]) for a, b in pairwise(trades))
    for bar, length in (("1m", MINUTE_MS), ("1s", 1000)):
        rows = market.candles(inst_id, bar, limit=20)
        assert [int(row[0]) for row in rows[1:]] == [
            int(row[0]) - length for row in rows[:-1]
        ]
        for row, earlier in pairwise(rows):
            opens = int(row[0])
            if opens <= int(trades[0]["ts"]):
                break
            inside = [t for t in trades if opens <= int(t["ts"]) < opens + length]
            prices = [Decimal(trade["px"]) for trade in inside]
            prices = prices or [Decimal(earlier[4])]

            assert list(map(Decimal, row[1:5])) == [
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
            ]
            assert Decimal(row[5]) == sum(Decimal(trade["sz"]) for trade in inside)


@settings(max_examples=6)
@given(
    seed=seeds, start=starts, which=st.sampled_from(IDS), lived=st.integers(0, 90_000)
)
def test_tickers_tell_what_the_candles_of_a_day_tell(seed, start, which, lived):
    """Twenty-four hours are the last 1440 minute bars; days open as their bars do."""
    market = Market(seed, start_ms=start, instruments=7)
    market.advance(start + lived)
    inst_id = some_id(market, which, "candle")
    ticker = market.ticker(inst_id)
    day = together(market.candles(inst_id, "1m", limit=1440)[::-1])
    last, *_ = market.trades(inst_id, 1)

    names = ("open24h", "high24h", "low24h", "last", "vol24h")
    assert [Decimal(ticker[name]) for name in names] == day[1:6]
    spot = ticker["instType"] == "SPOT"
    assert Decimal(ticker["volCcy24h"]) == day[7 if spot else 6]
    assert (ticker["last"], ticker["lastSz"]) == (last["px"], last["sz"])
    assert ticker["sodUtc0"] == market.candle(inst_id, "1Dutc")[1]
    assert ticker["sodUtc8"] == market.candle(inst_id, "1D")[1]


@settings(max_examples=5)
@given(seed=seeds, start=starts, later=st.integers(0, 3 * DAY_MS), family=families)
def test_history_of_prices_does_not_depend_on_the_start(seed, start, later, family):
    """A market started later finds the same bars before the earlier start."""
    early, late = (
        Market(seed, start_ms=t, instruments=5) for t in (start, start + later)
    )
    inst_id = "BTC-USDT"
    end = start // HOUR_MS * HOUR_MS

    for bar in ("1m", "1H", "1Dutc"):
        expected, actual = (
            [
                row[:5]
                for row in market.candles(
                    inst_id, bar, after=end, limit=50, family=family
                )
                if span(bar, int(row[0]))[1] <= end
            ]
            for market in (early, late)
        )
        assert expected == actual


@settings(max_examples=6)
@given(seed=seeds, start=starts, family=families, data=st.data())
def test_every_bar_of_the_reference_has_history(seed, start, family, data):
    """Rows follow one another without a hole, each opening where the last closed."""
    market = Market(seed, start_ms=start, instruments=5)
    bar = data.draw(st.sampled_from(BARS[family]))
    rows = market.candles("BTC-USDT", bar, limit=8, family=family)

    assert len(rows) > (0 if bar[:2] in {"3M", "1Y"} else 1)
    assert [row[-1] for row in rows] == ["0"] + ["1"] * (len(rows) - 1)
    assert {len(row) for row in rows} == {9 if family == "candle" else 6}
    for later, earlier in pairwise(rows):
        assert span(bar, int(earlier[0]))[1] == int(later[0])
    for row in rows:
        o, high, low, c = map(Decimal, row[1:5])
        assert low <= min(o, c) <= max(o, c) <= high
