"""The calendar of bars, bars made of bars, and what a record keeps."""

from __future__ import annotations

import datetime as dt

import pytest

from okxlab.simulator import record as record_module
from okxlab.simulator.amounts import Amounts
from okxlab.simulator.bars import BARS, Bar, flat, gather, join, joined, span
from okxlab.simulator.candles import page, split_channel
from okxlab.simulator.listing import listing
from okxlab.simulator.marks import PathBars
from okxlab.simulator.past import Past
from okxlab.simulator.paths import HOUR_MS, MINUTE_MS, Path
from okxlab.simulator.pricing import Index, fair_price
from okxlab.simulator.quotes import PathSeries, Quotes, TradeSeries
from okxlab.simulator.record import Record

START = 1_795_000_012_345


def ms(text):
    """Return a UTC time in milliseconds."""
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


@pytest.mark.parametrize(
    ("bar", "opens", "closes"),
    [
        ("1s", "2026-11-18T10:20:30", "2026-11-18T10:20:31"),
        ("1m", "2026-11-18T10:20", "2026-11-18T10:21"),
        ("3m", "2026-11-18T10:18", "2026-11-18T10:21"),
        ("30m", "2026-11-18T10:00", "2026-11-18T10:30"),
        ("2H", "2026-11-18T10:00", "2026-11-18T12:00"),
        ("4H", "2026-11-18T08:00", "2026-11-18T12:00"),
        ("6H", "2026-11-18T10:00", "2026-11-18T16:00"),
        ("6Hutc", "2026-11-18T06:00", "2026-11-18T12:00"),
        ("12H", "2026-11-18T04:00", "2026-11-18T16:00"),
        ("12Hutc", "2026-11-18T00:00", "2026-11-18T12:00"),
        ("1D", "2026-11-17T16:00", "2026-11-18T16:00"),
        ("1Dutc", "2026-11-18T00:00", "2026-11-19T00:00"),
        ("1W", "2026-11-15T16:00", "2026-11-22T16:00"),
        ("1Wutc", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("1M", "2026-10-31T16:00", "2026-11-30T16:00"),
        ("1Mutc", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("3M", "2026-09-30T16:00", "2026-12-31T16:00"),
        ("3Mutc", "2026-10-01T00:00", "2027-01-01T00:00"),
        ("1Yutc", "2026-01-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_bars_open_when_okx_says(bar, opens, closes):
    """Long bars open at 16:00 UTC unless their name ends in utc; weeks on Monday."""
    assert (ms(opens), ms(closes)) == span(bar, ms("2026-11-18T10:20:30.500"))


@pytest.mark.parametrize("bar", [bar for bars in BARS.values() for bar in bars])
def test_every_bar_has_a_place_in_time(bar):
    """The bar of any moment holds it, and the moment it closes is the next's."""
    opens, closes = span(bar, START)

    assert opens <= START < closes
    assert (opens, closes) == span(bar, opens) == span(bar, closes - 1)
    assert span(bar, closes)[0] == closes
    assert span(bar, opens - 1)[1] == opens


def test_an_unknown_bar_is_refused():
    """A name that OKX does not have is a KeyError."""
    with pytest.raises(KeyError):
        span("7m", START)


@pytest.mark.parametrize(
    ("channel", "parts"),
    [
        ("candle1m", ("candle", "1m")),
        ("candle1M", ("candle", "1M")),
        ("mark-price-candle1Yutc", ("mark-price-candle", "1Yutc")),
        ("index-candle3Dutc", ("index-candle", "3Dutc")),
        ("candle1Yutc", None),
        ("index-candle1s", None),
        ("candle", None),
        ("candle1h", None),
        ("tickers", None),
    ],
)
def test_candle_channels_are_told_apart(channel, parts):
    """Names of the reference's table have a family and a bar, others none."""
    assert parts == split_channel(channel)


def test_stretches_without_trades_add_nothing():
    """Only traded prices open, peak and close a bar; without any, it is flat."""
    traded = Bar(5, 9, 4, 6, 10, 100)

    assert traded == join(flat(7), traded) == join(traded, flat(6))
    assert flat(7) == join(flat(7), flat(7))
    assert Bar(5, 12, 3, 11, 12, 103) == joined(
        [traded, flat(6), Bar(8, 12, 3, 11, 2, 3)]
    )


class Minutes:
    """Bars that know how they were asked for."""

    def __init__(self):
        self.asked = []

    def minute(self, minute):
        self.asked.append(("minute", minute))
        return flat(1)

    def hour(self, hour):
        self.asked.append(("hour", hour))
        return flat(1)

    def day(self, day):
        self.asked.append(("day", day))
        return flat(1)


def test_gather_takes_the_longest_parts_that_are_over():
    """Days and hours that fit and are over stand for their minutes."""
    bars = Minutes()
    begin = 10 * 24 * HOUR_MS
    end = begin + 26 * HOUR_MS + 2 * MINUTE_MS
    gather(bars, begin - MINUTE_MS, end, end)
    first = begin // MINUTE_MS

    assert bars.asked == [
        ("minute", first - 1),
        ("day", 10),
        ("hour", 11 * 24),
        ("hour", 11 * 24 + 1),
        ("minute", first + 26 * 60),
        ("minute", first + 26 * 60 + 1),
    ]
    bars.asked.clear()
    gather(bars, begin, begin + HOUR_MS, begin + HOUR_MS - 1)
    assert {kind for kind, _ in bars.asked} == {"minute"}


class _AskedPath(Path):
    """A path that counts how often it is asked for a day."""

    asked = 0

    def hours(self, day):
        self.asked += 1
        return super().hours(day)


@pytest.mark.parametrize("family", ["candle", "mark-price-candle"])
def test_a_whole_history_is_made_once(family):
    """Who asks for all months again gets them without their days being made anew."""
    one = listing(START, lambda each: each.base, many=1)[0]
    path = _AskedPath(3, "BTC", one.asset.base, one.asset.daily)
    if family == "candle":
        quotes = Quotes(one)
        fair = fair_price(3, one, Index(3, "BTC-USDT", one.asset, path))
        past = Past(3, one, path, fair, quotes.amounts, START)
        record = Record(past, path, quotes.amounts, START)
        series = TradeSeries(one, record, quotes)
    else:
        series = PathSeries(PathBars(path, lambda bar, _: bar), one.tick, one.list_ms)
    pages, asked = [], []
    for _ in range(2):
        rows = page(series, "1Mutc", START, after=None, before=None, limit=100)
        pages.append(rows)
        asked.append(path.asked)

    assert len(pages[0]) > 70
    assert pages[1] == pages[0]
    assert asked[1] - asked[0] < 100 < asked[0]


@pytest.fixture
def record():
    """Return a record that has only a past."""
    one = listing(START, lambda each: each.base, many=1)[0]
    path = Path(3, "BTC", one.asset.base, one.asset.daily)
    amounts = Amounts(one)
    fair = fair_price(3, one, Index(3, "BTC-USDT", one.asset, path))
    past = Past(3, one, path, fair, amounts, START)
    return Record(past, path, amounts, START)


def test_a_record_joins_the_past(record):
    """The minute of the start holds trades of both; ids go on without a hole."""
    minute = START // MINUTE_MS
    before = record.minute(minute)
    last = record.last_trade()
    record.add(START + 10, before.high + 5, -3, 17)
    after = record.minute(minute)

    assert last.trade_id + 1 == record.last_trade().trade_id == record.next_id - 1
    assert last.ms < START
    assert after == (
        before.open,
        before.high + 5,
        before.low,
        before.high + 5,
        before.lots + 3,
        before.weight + 17,
    )
    assert record.last_ms == START + 10
    assert [trade.trade_id for trade in record.newest(below_id=last.trade_id)][:1] == [
        last.trade_id - 1
    ]
    assert next(record.newest(below_ms=START)) == last
    assert next(record.newest(below_ms=last.ms)).ms <= last.ms


def test_idle_minutes_are_flat(record):
    """Minutes without a trade repeat the last price; hours are put together."""
    record.add(START + 10, 500_000, 1, 1)
    record.roll(START + 3 * HOUR_MS)
    hour = START // HOUR_MS

    assert record.minute(START // MINUTE_MS + 5) == flat(500_000)
    assert record.hour(hour + 1) == flat(500_000)
    assert record.hour(hour).close == 500_000
    assert record.hour(hour).open == record.minute(hour * 60).open
    assert record.day(hour // 24 - 1).lots > 0


def test_seconds_are_made_of_live_trades(record):
    """A second holds its trades; an empty one has the price before it."""
    second = START // 1000 * 1000
    for offset, tick in ((2_000, 11), (2_500, 14), (2_999, 12), (3_000, 20)):
        record.add(second + offset, tick, 2, 0)

    assert record.short(second + 2_000, second + 3_000)[:5] == (11, 14, 11, 12, 6)
    assert record.short(second + 4_000, second + 5_000) == flat(20)
    assert record.short(second + 1_000, second + 2_000).lots == 0
    begun = record.short(second, second + 1_000)
    assert begun.close == record.short(second + 1_000, second + 2_000).close


def test_old_trades_and_minutes_are_forgotten_in_bounds(record, monkeypatch):
    """A full record lets go of the oldest, and says what it still has."""
    monkeypatch.setattr(record_module, "_MOST_TRADES", 100)
    monkeypatch.setattr(record_module, "_MOST_MINUTES", 60)
    for i in range(300):
        record.add(START + i * MINUTE_MS, 1000 + i, 1, 1)
    kept = list(record.newest())
    last = START + 299 * MINUTE_MS
    minute = START // MINUTE_MS

    assert 75 <= len(kept) <= 100
    assert kept[-1].trade_id == kept[0].trade_id - len(kept) + 1
    assert record.has_trades(last)
    assert record.has_trades(START - 1)
    assert not record.has_trades(START + MINUTE_MS)
    assert record.has_minutes(last - MINUTE_MS, last)
    assert not record.has_minutes(START, START + MINUTE_MS)
    assert record.has_minutes((minute - 5) * MINUTE_MS, (minute - 4) * MINUTE_MS)
    assert record.hour(START // HOUR_MS + 2).lots == 60
    assert record.minute(last // MINUTE_MS - 3).close == 1000 + 296
