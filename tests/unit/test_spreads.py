"""Spreads of the simulated market: what is listed, priced, traded and told."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest

from okxlab.protocol.channels import channel
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.market_calls import answer
from okxlab.simulator.paths import HOUR_MS
from okxlab.simulator.pricing import FINE
from okxlab.simulator.spreads.pricing import ZERO

START_MS = 1_790_000_000_000
BTC = "BTC-USDT_BTC-USDT-SWAP"
ETH = "ETH-USDT_ETH-USDT-SWAP"
CHANNELS = (
    "sprd-bbo-tbt",
    "sprd-books-l2-tbt",
    "sprd-books5",
    "sprd-tickers",
    "sprd-public-trades",
    "sprd-candle1m",
)


@pytest.fixture
def exchange():
    """Give an exchange that stands at its start."""
    return Exchange(3, start_ms=START_MS, instruments=20)


def watched(exchange, seconds=30, step_ms=None, sprd_id=BTC):
    """Watch every channel of a spread; return openings and changes."""
    board = exchange.spreads
    for name in CHANNELS:
        board.watch(name, sprd_id)
    openings = [board.opening(name, sprd_id) for name in CHANNELS]
    step_ms = step_ms or seconds * 1000
    changes = []
    for ms in range(START_MS + step_ms, START_MS + seconds * 1000 + 1, step_ms):
        changes += board.advance(ms)
    return openings, changes


def call(exchange, path, **params):
    """Return code and rows of a REST call."""
    got = answer(exchange.market, f"/api/v5/{path}", params, exchange.calls)
    body = json.loads(got.body)
    return body["code"], body["data"]


def test_spreads_pair_the_instruments_of_a_family(exchange):
    """Each against the next one in time, and the second leg is the bought one."""
    code, rows = call(exchange, "sprd/spreads")
    legs = [[leg["instId"] for leg in row["legs"]] for row in rows]
    live = set(exchange.market.inst_ids())

    assert code == "0"
    assert rows[0]["sprdId"] == BTC
    assert all(
        row["sprdId"] == "_".join(two) for row, two in zip(rows, legs, strict=True)
    )
    assert all(set(two) <= live for two in legs)
    assert {tuple(leg["side"] for leg in row["legs"]) for row in rows} == {
        ("sell", "buy")
    }
    assert rows[0]["expTime"] == ""
    assert any(row["expTime"] for row in rows)


def test_spreads_can_be_asked_for_by_what_they_are(exchange):
    """By currency, leg, id and state."""
    ether = call(exchange, "sprd/spreads", baseCcy="ETH")[1]
    legs = call(exchange, "sprd/spreads", instId="BTC-USDT")[1]
    one = call(exchange, "sprd/spreads", sprdId=ETH)[1]
    gone = call(exchange, "sprd/spreads", state="expired")

    assert {row["baseCcy"] for row in ether} == {"ETH"}
    assert [row["sprdId"] for row in legs] == [BTC]
    assert [row["sprdId"] for row in one] == [ETH]
    assert gone == ("0", [])
    assert call(exchange, "sprd/spreads", state="new")[0] == "51000"


def test_the_price_is_that_of_the_second_leg_less_the_first(exchange):
    """Within a hundredth of what the market moved in the hour."""
    board, floor = exchange.spreads, exchange.market.floor
    for spread in board.listed.values():
        pit = board.pit(spread.sprd_id)
        first, second = (floor.linear_fair(leg) for leg in spread.legs)
        path = floor.indices[spread.legs[0].index_id].path
        for hour in range(START_MS // HOUR_MS, START_MS // HOUR_MS + 48):
            bar = path.hours(hour // 24)[hour % 24]
            moved = (first.at(bar.high, hour) - first.at(bar.low, hour)) // 100 + 2
            for price in bar:
                legs = second.at(price, hour) - first.at(price, hour)
                own = pit.flow._fair.at(price, hour) - ZERO * FINE

                assert abs(own - legs) <= moved


def test_prices_may_be_negative(exchange):
    """Bid, ask, trades and candles of some spreads lie below 0."""
    board = exchange.spreads
    lows = [
        Decimal(row[3])
        for sprd_id in board.listed
        for row in board.candles(sprd_id, "1H", limit=48)
    ]
    book = board.book("DOGE-USDT_DOGE-USDT-SWAP")

    assert min(lows) < 0 < max(lows)
    assert Decimal(book["bids"][0][0]) < 0
    assert Decimal(book["asks"][0][0]) > Decimal(book["bids"][0][0])


def test_a_book_of_changes_is_the_book(exchange):
    """Snapshot and changes lead to what a new snapshot has, in a chain of ids."""
    openings, changes = watched(exchange, seconds=60)
    (snapshot,) = openings[1].rows
    sides = {
        side: {px: (sz, n) for px, sz, n in snapshot[side]} for side in ("asks", "bids")
    }
    updates = [c for c in changes if c.channel == "sprd-books-l2-tbt"]
    for change in updates:
        (row,) = change.rows
        for side, levels in sides.items():
            for px, sz, n in row[side]:
                levels[px] = (sz, n)
                if sz == "0":
                    del levels[px]
    chain = [snapshot, *(change.rows[0] for change in updates)]
    now = exchange.spreads.book(BTC)

    assert openings[1].action == "snapshot"
    assert snapshot["prevSeqId"] == -1
    assert snapshot["seqId"] > 2**53
    assert {change.action for change in updates} == {"update"}
    assert all(b["prevSeqId"] == a["seqId"] for a, b in pairwise(chain))
    assert all(change.ts % 10 == 0 for change in updates)
    assert len(updates) > 30
    for side in ("asks", "bids"):
        best = sorted(sides[side], key=Decimal, reverse=side == "bids")
        assert [[px, *sides[side][px]] for px in best] == now[side]


def test_rows_fit_their_channels(exchange):
    """Each channel's rows decode, and say what the registry knows."""
    import msgspec

    openings, changes = watched(exchange, seconds=90)
    told = {c.channel for c in changes}
    for change in (*openings, *changes):
        rows = msgspec.convert(
            change.rows, list[channel(change.channel).row], strict=False
        )

        assert rows
    assert told == set(CHANNELS)


def test_whole_books_are_the_top_of_the_book(exchange):
    """Five levels, one level, and the ticker's best agree with the book."""
    exchange.spreads.advance(START_MS + 10_000)
    board = exchange.spreads
    book = board.book(BTC)
    for name, depth in (("sprd-books5", 5), ("sprd-bbo-tbt", 1)):
        (row,) = board.opening(name, BTC).rows

        assert row["asks"] == book["asks"][:depth]
        assert row["bids"] == book["bids"][:depth]
    ticker = board.ticker(BTC)

    assert [ticker["askPx"], ticker["askSz"]] == book["asks"][0][:2]
    assert [ticker["bidPx"], ticker["bidSz"]] == book["bids"][0][:2]


def test_order_on_one_moment_is_okx_s(exchange):
    """Best prices first, then the changes, then the best five."""
    order = {"sprd-bbo-tbt": 0, "sprd-books-l2-tbt": 1, "sprd-books5": 2}
    _, changes = watched(exchange, seconds=60)
    books = [(c.ts, order[c.channel]) for c in changes if c.channel in order]

    assert books == sorted(books)


def test_candles_add_up_to_the_trades(exchange):
    """A closed minute has the high, low, close and volume of its trades."""
    _, changes = watched(exchange, seconds=180)
    trades = [c.rows[0] for c in changes if c.channel == "sprd-public-trades"]
    closed = [
        c.rows[0]
        for c in changes
        if c.channel == "sprd-candle1m" and c.rows[0][-1] == "1"
    ]
    ts, _, high, low, close, vol, _ = closed[1]
    within = [t for t in trades if 0 <= int(t["ts"]) - int(ts) < 60_000]
    prices = [Decimal(t["px"]) for t in within]

    assert len(closed) == 3
    assert within
    assert Decimal(high) == max(prices)
    assert Decimal(low) == min(prices)
    assert Decimal(close) == prices[-1]
    assert Decimal(vol) == sum(Decimal(t["sz"]) for t in within)
    assert call(exchange, "market/sprd-candles", sprdId=BTC)[1][1] == closed[-1]


def test_rest_has_what_the_channels_have(exchange):
    """Book, ticker, trades, candles, each as documented; no seqId in the book."""
    _, (book,) = call(exchange, "sprd/books", sprdId=BTC)
    _, trades = call(exchange, "sprd/public-trades", sprdId=BTC)
    _, of_all = call(exchange, "sprd/public-trades")
    _, (ticker,) = call(exchange, "market/sprd-ticker", sprdId=BTC)
    _, candles = call(exchange, "market/sprd-candles", sprdId=BTC, bar="1H", limit="3")
    older = call(
        exchange,
        "market/sprd-history-candles",
        sprdId=BTC,
        bar="1H",
        after=candles[-1][0],
    )[1]

    assert set(book) == {"asks", "bids", "ts"}
    assert len(book["asks"]) == len(book["bids"]) == 5
    assert len(call(exchange, "sprd/books", sprdId=BTC, sz="20")[1][0]["bids"]) == 20
    assert len(trades) == len(of_all) == 500
    assert len({len(t["tradeId"]) for t in trades} | {19}) == 1
    assert len({t["sprdId"] for t in of_all}) > 1
    assert ticker["last"] == trades[0]["px"]
    assert [len(row) for row in candles] == [7, 7, 7]
    assert len(older) == 100
    assert int(older[0][0]) == int(candles[-1][0]) - HOUR_MS


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("sprd/books", {}, "50014"),
        ("sprd/books", {"sprdId": "BTC-USDT"}, "51001"),
        ("market/sprd-ticker", {"sprdId": "A_B"}, "51001"),
        ("market/sprd-candles", {"sprdId": BTC, "bar": "1s"}, "51000"),
        ("sprd/nothing", {}, "404"),
    ],
)
def test_calls_that_cannot_be_served_are_refused(exchange, path, params, code):
    """With OKX's own codes."""
    assert call(exchange, path, **params)[0] == code


def test_without_spreads_there_are_no_such_calls(exchange):
    """A market by itself does not know them."""
    assert answer(exchange.market, "/api/v5/sprd/spreads", {}).status == 404


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sprd-tickers", "BTC-USDT"),
        ("sprd-candle1s", BTC),
        ("sprd-candle", BTC),
        ("tickers", BTC),
        ("sprd-orders", BTC),
    ],
)
def test_what_there_is_not_is_not_known(exchange, name, key):
    """Neither an instrument as a spread nor a bar of a second."""
    assert not exchange.spreads.knows(name, key)
    assert not exchange.market.knows(name, key)
    with pytest.raises(KeyError):
        exchange.spreads.watch(name, key)
    with pytest.raises(KeyError):
        exchange.spreads.opening(name, key)


def test_a_spread_ends_with_its_first_leg_to_expire(exchange):
    """After that it is listed as expired and cannot be subscribed to."""
    board = exchange.spreads
    spread = next(one for one in board.listed.values() if one.terms.exp_ms)
    board.now_ms = spread.terms.exp_ms

    assert spread.terms.exp_ms == min(leg.exp_ms for leg in spread.legs if leg.exp_ms)
    assert not board.knows("sprd-tickers", spread.sprd_id)
    assert spread.sprd_id not in board.live()
    assert board.rows(sprd_id=spread.sprd_id)[0]["state"] == "expired"


def test_watching_is_counted(exchange):
    """As many ends as beginnings, and one too many does no harm."""
    board = exchange.spreads
    board.watch("sprd-tickers", BTC)
    board.watch("sprd-tickers", BTC)
    board.unwatch("sprd-tickers", BTC)
    first = board.advance(START_MS + 20_000)
    board.unwatch("sprd-tickers", BTC)
    board.unwatch("sprd-tickers", BTC)

    assert first
    assert board.advance(START_MS + 40_000) == []


def test_a_quiet_book_says_so_once_a_minute(exchange):
    """Equal ids and no levels; whole books come again as they are."""
    board = exchange.spreads
    pit = board.pit(BTC)
    pit.flow._next_us = 1 << 62
    _, changes = watched(exchange, seconds=130)
    told = [c.channel for c in changes if "candle" not in c.channel]
    (row,) = next(c.rows for c in changes if c.action)

    assert told == ["sprd-bbo-tbt", "sprd-books-l2-tbt", "sprd-books5"] * 2
    assert row["seqId"] == row["prevSeqId"] == pit.window.seq
    assert row["asks"] == row["bids"] == []


def test_books_have_a_checksum_where_that_is_asked_for():
    """Of the first 25 levels as sent, negative prices and all."""
    from okxlab.simulator.checksum import book_checksum

    old = Exchange(3, start_ms=START_MS, checksum="legacy")
    opening = old.spreads
    opening.watch("sprd-books-l2-tbt", BTC)
    change = opening.opening("sprd-books-l2-tbt", BTC)
    (row,) = change.rows
    pairs = zip(row["bids"][:25], row["asks"][:25], strict=True)
    text = ":".join(f"{b[0]}:{b[1]}:{a[0]}:{a[1]}" for b, a in pairs)

    assert change.text == text
    assert book_checksum(change.text) != 0
