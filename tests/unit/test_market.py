"""The face of the simulated market: what it knows, tells and refuses."""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import msgspec
import pytest

from okxlab.simulator.candles import split_channel
from okxlab.simulator.derived import Derived, State
from okxlab.simulator.interest import Funding, OpenInterest
from okxlab.simulator.listing import asset, listing
from okxlab.simulator.market import Market
from okxlab.simulator.marks import IndexPrice
from okxlab.simulator.paths import HOUR_MS, Path
from okxlab.simulator.pit import Pit
from okxlab.simulator.pricing import Index, Premium
from okxlab.simulator.wire import Step

START = 1_795_000_012_345
LEVEL = ["px", "sz", "dead", "orders"]
MEMBERS = {
    "tickers": "instType instId last lastSz askPx askSz bidPx bidSz open24h high24h "
    "low24h volCcy24h vol24h sodUtc0 sodUtc8 ts",
    "trades": "instId tradeId px sz side ts count source seqId",
    "trades-all": "instId tradeId px sz side source ts",
    "books": "asks bids ts checksum prevSeqId seqId",
    "books5": "asks bids instId ts seqId",
    "bbo-tbt": "asks bids ts seqId",
    "open-interest": "instType instId oi oiCcy oiUsd ts",
    "funding-rate": "instType instId method formulaType fundingRate nextFundingRate "
    "fundingTime nextFundingTime minFundingRate maxFundingRate interestRate "
    "impactValue settState settFundingRate premium ts",
    "price-limit": "instType instId buyLmt sellLmt ts enabled",
    "mark-price": "instType instId markPx ts",
    "index-tickers": "instId idxPx open24h high24h low24h sodUtc0 sodUtc8 ts",
}
NUMBERS = {"seqId", "prevSeqId", "checksum"}


@pytest.fixture(scope="module")
def market():
    """A market that has run for some seconds."""
    made = Market(1, start_ms=START)
    made.advance(START + 3_000)
    return made


def texts(value):
    """Yield every member of a row that OKX sends as text."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name not in NUMBERS and not isinstance(member, bool):
                yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    else:
        yield value


@pytest.mark.parametrize("channel", MEMBERS)
def test_first_rows_have_every_member_of_the_reference(market, channel):
    """All is text but sequence numbers, the checksum and ``enabled``."""
    key = "BTC-USDT" if channel == "index-tickers" else "BTC-USDT-SWAP"
    (row,) = market.first(channel, key)

    assert {*MEMBERS[channel].split()} == {*row}
    assert all(isinstance(text, str) for text in texts(row))
    assert all(isinstance(row[name], int) for name in NUMBERS & {*row})
    for side in ("asks", "bids"):
        assert all(len(level) == len(LEVEL) for level in row.get(side, []))


def test_changes_look_like_first_rows():
    """What is pushed later has the members of what was pushed first."""
    market = Market(1, start_ms=START, instruments=4)
    for channel in MEMBERS:
        key = "BTC-USDT" if channel == "index-tickers" else "BTC-USDT-SWAP"
        market.watch(channel, key)
    seen = {}
    for change in market.advance(START + 61_000):
        for row in change.rows:
            seen.setdefault(change.channel, set()).add(tuple(row))
            assert change.action == ("update" if change.channel == "books" else "")
            assert START < change.ts <= START + 61_000
            assert change.text == ""

    assert {name: {*members.split()} for name, members in MEMBERS.items()} == {
        name: set(*rows) for name, rows in seen.items()
    }


def test_a_snapshot_has_four_hundred_levels(market):
    """Deep books show 400 levels a side; REST may ask for fewer."""
    snapshot = market.book("BTC-USDT")

    assert (len(snapshot["asks"]), len(snapshot["bids"])) == (400, 400)
    assert snapshot["prevSeqId"] == -1
    assert snapshot["checksum"] == 0
    few = market.book("BTC-USDT", 7)
    assert few["asks"] == snapshot["asks"][:7]
    assert few["bids"] == snapshot["bids"][:7]


def test_the_checked_text_is_that_of_the_snapshot():
    """Twenty-five levels, bid and ask in turn; after each change as well."""
    market = Market(1, start_ms=START, instruments=3, book_text=True)
    market.watch("books", "BTC-USDT")

    def text_of(book):
        pairs = zip(book["bids"][:25], book["asks"][:25], strict=True)
        return ":".join(":".join([*bid[:2], *ask[:2]]) for bid, ask in pairs)

    assert market.book_text("BTC-USDT") == text_of(market.book("BTC-USDT"))
    now = START
    while not (changes := market.advance(now := now + 50)):
        continue
    assert changes[-1].text == text_of(market.book("BTC-USDT"))


def test_the_same_market_on_every_platform_and_in_every_version():
    """The first second of a market is pinned to the byte."""
    market = Market(7, start_ms=START, instruments=7)
    for inst_id in market.inst_ids():
        for channel in ("books", "tickers", "trades", "candle1s", "mark-price"):
            market.watch(channel, inst_id)
    told = [
        (change.ts, change.channel, change.key, change.rows)
        for change in market.advance(START + 1_000)
    ]
    digest = blake2b(msgspec.json.encode(told), digest_size=8).hexdigest()

    assert digest == "c5c06f90102fbdc7"


@pytest.mark.parametrize(
    ("channel", "key", "known"),
    [
        ("trades", "BTC-USDT", True),
        ("trades", "btc-usdt", False),
        ("trades", "NOPE-USDT", False),
        ("nonsense", "BTC-USDT", False),
        ("candle1m", "BTC-USDT", True),
        ("candle1h", "BTC-USDT", False),
        ("funding-rate", "BTC-USDT", False),
        ("funding-rate", "BTC-USDT-SWAP", True),
        ("open-interest", "BTC-USDT", False),
        ("open-interest", "BTC-USDT-SWAP", True),
        ("index-tickers", "BTC-USDT-SWAP", False),
        ("index-candle1H", "BTC-USD", True),
        ("mark-price", "BTC-USDT", True),
        ("price-limit", "BTC-USDT", True),
        ("instruments", "SPOT", True),
        ("instruments", "BTC-USDT", False),
        ("liquidation-orders", "SWAP", True),
        ("liquidation-orders", "SPOT", False),
    ],
)
def test_the_market_knows_what_it_has(market, channel, key, known):
    """Channels, instruments and combinations that OKX lacks are refused."""
    assert known is market.knows(channel, key)
    if not known:
        for ask in (market.watch, market.first):
            with pytest.raises(KeyError):
                ask(channel, key)


def test_wrong_questions_are_refused(market):
    """Time does not run back; ids, bars and empty markets do not exist."""
    with pytest.raises(ValueError, match="runs forward"):
        market.advance(market.now_ms - 1)
    with pytest.raises(ValueError, match="instrument"):
        Market(1, start_ms=START, instruments=0)
    with pytest.raises(ValueError, match="2020"):
        Market(1, start_ms=1_500_000_000_000)
    for ask in (market.ticker, market.book, market.trades, market.candles):
        with pytest.raises(KeyError):
            ask("NOPE-USDT")
    with pytest.raises(KeyError):
        market.candles("BTC-USDT", "7m")
    with pytest.raises(KeyError):
        market.candles("BTC-USDT", "1s", family="mark-price-candle")


def test_watching_is_counted():
    """As many unwatches as watches end it; one more does no harm."""
    market = Market(1, start_ms=START, instruments=2)
    topics = [
        ("books", "BTC-USDT"),
        ("mark-price", "BTC-USDT"),
        ("candle1s", "BTC-USDT"),
    ]
    topics += [("index-candle1m", "BTC-USDT"), ("instruments", "SPOT")]
    now = START
    for ends in (1, 2, 3):
        for topic in topics:
            market.watch(*topic)
        if ends > 1:
            for topic in topics:
                market.unwatch(*topic)
        assert market.advance(now := now + 2_000)
    for topic in topics * 2:
        market.unwatch(*topic)

    assert market.advance(now + 2_000) == []


def test_trades_come_in_pages(market):
    """By id and by time, older than one thing and newer than another."""
    trades = market.trades("BTC-USDT", 50)
    ids = [int(trade["tradeId"]) for trade in trades]

    assert market.trades("BTC-USDT", 10, after=ids[9]) == trades[10:20]
    assert market.trades("BTC-USDT", 50, before=ids[9]) == trades[:9]
    ts = int(trades[9]["ts"])
    by_time = market.trades("BTC-USDT", 10, after=ts, by="ts")
    assert (
        by_time == [t for t in market.trades("BTC-USDT", 99) if int(t["ts"]) < ts][:10]
    )
    assert market.trades("BTC-USDT", 10, after=1) == []
    assert len(market.trades("BTC-USDT", 10_000)) > 2_000


def test_candles_come_in_pages(market):
    """Newest first, before and after a moment, as many as asked for."""
    rows = market.candles("BTC-USDT", "1m", limit=30)
    opens = [int(row[0]) for row in rows]

    assert market.candles("BTC-USDT", "1m", after=opens[4], limit=5) == rows[5:10]
    assert market.candles("BTC-USDT", "1m", before=opens[4]) == rows[:4]
    assert market.candle("BTC-USDT") == rows[0]
    assert market.candles("BTC-USDT", "1m", after=0) == []
    assert len(market.candles("BTC-USDT", "1Dutc", limit=300)) == 300


def test_rest_lists_agree_with_single_rows(market):
    """Lists by type and family hold the rows of their members."""
    swaps = market.inst_ids("SWAP")

    assert [row["instId"] for row in market.tickers("SWAP")] == swaps
    assert market.tickers("SWAP", "BTC-USD") == [market.ticker("BTC-USD-SWAP")]
    assert [row["instId"] for row in market.mark_prices("SWAP")] == swaps
    assert {row["instType"] for row in market.mark_prices("MARGIN")} == {"MARGIN"}
    assert [row["instId"] for row in market.open_interests("SWAP")] == swaps
    assert market.index_ticker("BTC-USD") in market.index_tickers("USD")
    (row,) = market.instruments("SWAP", inst_id="BTC-USDT-SWAP")
    assert row in market.instruments("SWAP", "BTC-USDT")
    margin = market.instruments("MARGIN")
    assert {row["instType"] for row in margin} == {"MARGIN"}
    assert market.instruments("EVENTS") == []


def test_swap_and_spot_trade_close_to_their_index(market):
    """Last prices of one underlying are some basis points apart at most."""
    index = float(market.index_ticker("BTC-USDT")["idxPx"])
    for inst_id in ("BTC-USDT", "BTC-USDT-SWAP"):
        ticker, mark = market.ticker(inst_id), market.mark_price(inst_id)

        assert abs(float(ticker["last"]) / index - 1) < 0.003
        assert abs(float(mark["markPx"]) / index - 1) < 0.001
        assert float(ticker["bidPx"]) < float(ticker["askPx"])


def test_instruments_are_told_when_they_change():
    """Every minute some rows change in what OKX says may change."""
    market = Market(1, start_ms=START, instruments=3)
    market.watch("instruments", "SPOT")
    before = {row["instId"]: row for row in market.first("instruments", "SPOT")}
    changes = market.advance(START + 900_000)

    assert changes
    for change in changes:
        assert change.ts % 60_000 == 0
        for row in change.rows:
            assert row["maxMktSz"] != before[row["instId"]]["maxMktSz"]
            before[row["instId"]] = row
    assert before == {row["instId"]: row for row in market.instruments("SPOT")}


def pit_of(**changes):
    """Return the pit of a future with some terms changed."""
    path = Path(1, "BTC", asset(0).base, asset(0).daily)
    one = listing(START, lambda _: path.at(START), many=6)[5]
    one = msgspec.structs.replace(one, **changes)
    index = Index(1, one.index_id, one.asset, path)
    return Pit(1, one, index, START, book_text=True)


def test_a_quiet_book_is_told_again_every_minute():
    """Sixty seconds after the last change comes an update with equal ids."""
    pit = pit_of(exp_ms=START + 2_000)
    for channel in ("books", "books5", "bbo-tbt"):
        pit.watch(channel, START)
    changes = []
    pit.run(START + 200_000, changes)
    (last, *repeats) = [
        change
        for change in changes
        if change.channel == "books" and change.ts > START + 1_500
    ][-4:]
    seq = last.rows[0]["seqId"]

    assert [change.ts for change in repeats] == [
        last.ts + minutes * 60_000 for minutes in (1, 2, 3)
    ]
    for change in repeats:
        (row,) = change.rows
        assert (row["asks"], row["bids"]) == ([], [])
        assert (row["prevSeqId"], row["seqId"]) == (seq, seq)
        told = [c.channel for c in changes if c.ts == change.ts]
        assert told == ["books", "bbo-tbt", "books5"]


@pytest.mark.parametrize("channel", ["books-l2-tbt", "books50-l2-tbt", "books-rpi"])
def test_other_quiet_books_are_told_again_as_well(channel):
    """Sixty seconds after the last change, and every sixty seconds from then on."""
    pit = pit_of(exp_ms=START + 2_000)
    pit.watch(channel, START)
    changes = []
    pit.run(START + 200_000, changes)
    repeats = [c for c in changes if not (c.rows[0]["asks"] or c.rows[0]["bids"])]
    last = changes[-len(repeats) - 1]
    seq = last.rows[0]["seqId"]

    assert [change.ts for change in repeats] == [
        last.ts + minutes * 60_000 for minutes in (1, 2, 3)
    ]
    assert {c.rows[0]["seqId"] for c in repeats} == {seq}
    assert {c.rows[0]["prevSeqId"] for c in repeats} == {seq}


def test_a_late_watcher_of_a_quiet_book_is_told_in_step():
    """The repeats keep to the minutes since the last change, whoever comes when."""
    pit = pit_of(exp_ms=START + 2_000)
    pit.run(START + 130_000, [])
    last = pit.window.ts
    pit.watch("books", START + 130_000)
    changes = []
    pit.run(START + 300_000, changes)

    assert [last + minutes * 60_000 for minutes in (3, 4)] == [c.ts for c in changes]


def test_pushed_bars_are_what_rest_says():
    """At every second the newest push of each bar is the bar as REST has it."""
    market = Market(3, start_ms=START // 180_000 * 180_000 - 5_500, instruments=4)
    topics = [
        (f"{family}{bar}", "BTC-USDT-SWAP" if family == "candle" else "BTC-USDT")
        for family in ("candle", "mark-price-candle", "index-candle")
        for bar in ("1m", "3m", "1H", "1Dutc")
    ]
    for topic in topics:
        market.watch(*topic)
    pushed = {topic: market.first(*topic) for topic in topics}
    closed = []
    for _ in range(380):
        for change in market.advance(market.now_ms + 1_000 - market.now_ms % 1_000):
            pushed[change.channel, change.key] = change.rows
            closed += [change for row in change.rows if row[-1] == "1"]
        for (channel, key), (row,) in pushed.items():
            family, bar = split_channel(channel)
            after = int(row[0]) + 1
            (expected,) = market.candles(key, bar, after=after, limit=1, family=family)
            assert expected == row

    assert [c.ts % 60_000 for c in closed] == [0] * len(closed)
    assert len([c for c in closed if c.channel.endswith("3m")]) == 9
    assert len([c for c in closed if c.channel.endswith("1m")]) == 21


def test_a_price_that_stands_still_is_told_now_and_then():
    """Unchanged rows come again at their own pace, changed ones on the grid."""
    path = Path(1, "BTC", asset(0).base, asset(0).daily)
    bars = IndexPrice(Index(1, "BTC-USDT", asset(0), path)).bars
    states = {
        "still": State(lambda _: 1, lambda ms: {"ts": ms}, 200, 10_000),
        "steps": State(lambda ms: ms // 3_000, lambda ms: {"ts": ms}, 200, 60_000),
    }
    derived = Derived("BTC-USDT", bars, Step(1, 1), 0, states)
    for channel in states:
        derived.watch(channel, 0)
    changes = []
    derived.run(0, 30_000, changes)

    times = {name: [c.ts for c in changes if c.channel == name] for name in states}
    assert times == {
        "still": [10_000, 20_000, 30_000],
        "steps": list(range(3_000, 30_001, 3_000)),
    }


def test_an_expired_instrument_is_told_and_gone():
    """The row says expired once; then lists and channels lack the instrument."""
    market = Market(1, start_ms=START, instruments=6)
    inst_id = market.inst_ids("FUTURES")[0]
    market.watch("instruments", "FUTURES")
    one = market._floor.listed[inst_id]
    end = START // 60_000 * 60_000 + 120_000
    market._floor.listed[inst_id] = msgspec.structs.replace(one, exp_ms=end)
    market.advance(end - 1)
    assert market.knows("trades", inst_id)
    changes = market.advance(end + 120_000)

    rows = [row for change in changes for row in change.rows]
    assert [row["state"] for row in rows] == ["expired"]
    assert market.inst_ids("FUTURES") == []
    assert market.instruments("FUTURES") == []
    assert not market.knows("trades", inst_id)


def test_liquidations_are_forced_trades():
    """Each tells side and size of a taker that is among the trades."""
    market = Market(2, start_ms=START, instruments=5)
    market.watch("liquidation-orders", "SWAP")
    for inst_id in market.inst_ids("SWAP"):
        market.watch("trades-all", inst_id)
    changes = market.advance(START + 120_000)
    trades = {}
    for change in changes:
        if change.channel == "trades-all":
            (row,) = change.rows
            key = row["instId"], row["ts"], row["side"]
            trades[key] = trades.get(key, 0) + round(float(row["sz"]) * 100)

    told = [change for change in changes if change.channel == "liquidation-orders"]
    assert told
    for change in told:
        (row,) = change.rows
        (detail,) = row["details"]
        assert change.key == row["instType"] == "SWAP"
        assert detail["posSide"] == ("short" if detail["side"] == "buy" else "long")
        key = row["instId"], detail["ts"], detail["side"]
        assert trades[key] == round(float(detail["sz"]) * 100)


def test_funding_follows_the_premium():
    """The rate leans towards the premium, stays in bounds and is settled in time."""
    one = listing(START, lambda each: each.base, many=4)[3]
    funding = Funding(one, Premium(1, "p", centre=0, width=1), START)
    for minute in range(2_000):
        funding.sample(START + minute * 60_000, 1_002, 1_000)
    funding.sample(START + 2_000 * 60_000, 1_001, 1_000)
    row = funding.row(START + 2_000 * 60_000)

    assert 0.0018 < float(row["premium"]) <= 0.002
    assert 0.0017 < float(row["fundingRate"]) < float(row["premium"])
    assert row["settFundingRate"] != row["fundingRate"]
    assert int(row["nextFundingTime"]) - int(row["fundingTime"]) == 8 * HOUR_MS
    later = funding.row(START + 2_000 * 60_000 + 8 * HOUR_MS)
    assert later["settFundingRate"] == row["fundingRate"]
    for minute in range(2_000):
        funding.sample(START + minute * 60_000, 2_000, 1_000)
    extreme = funding.row(START)
    assert extreme["fundingRate"] == extreme["maxFundingRate"]


def test_open_interest_stays_believable():
    """Trades open and close positions, within half and some times the usual."""
    pit = pit_of()
    interest = OpenInterest(1, pit.instrument, pit._quotes.amounts, START)
    usual = interest._usual
    for seq in range(5_000):
        interest.trade(usual // 50, seq * 17, forced=seq % 9 == 0)
        assert usual // 2 <= interest._lots <= 3 * usual


def test_what_nobody_asks_for_is_made_late():
    """An instrument is made before it owes too much, and one after another."""
    market = Market(1, start_ms=START, instruments=40)
    made = []
    for second in range(0, 120, 2):
        market.advance(START + second * 1000)
        made.append(set(market.floor._pits))

    assert made[5] == set()
    assert "BTC-USDT" in made[-1]
    assert len(made[-1]) < 40
    assert max(len(b - a) for a, b in pairwise(made)) <= 4
