"""The REST answers: rows, paging and refusals, without a socket."""

from __future__ import annotations

import json

import pytest

from okxlab.simulator.market import Market
from okxlab.simulator.market_calls import answer, prepare

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC
MINUTE = 60_000
SWAP = "BTC-USDT-SWAP"


@pytest.fixture(scope="module")
def market():
    """Run a market for two minutes."""
    running = Market(7, start_ms=START)
    running.advance(START + 2 * MINUTE)
    return running


def _ask(market, call, **params):
    """Return status and envelope."""
    got = answer(market, f"/api/v5/{call}", {k: str(v) for k, v in params.items()})
    return got.status, json.loads(got.body)


def _rows(market, call, **params):
    status, body = _ask(market, call, **params)

    assert (status, body["code"], body["msg"]) == (200, "0", "")
    return body["data"]


def _stamps(rows):
    return [int(row[0]) for row in rows]


def _ids(rows):
    return [int(row["tradeId"]) for row in rows]


def test_time(market):
    """The time is virtual time."""
    assert _rows(market, "public/time") == [{"ts": str(START + 2 * MINUTE)}]


@pytest.mark.parametrize("inst_type", ["SPOT", "SWAP", "FUTURES"])
def test_instruments(market, inst_type):
    """Instruments come by type, each with its steps and its code."""
    rows = _rows(market, "public/instruments", instType=inst_type)

    assert rows
    assert {row["instType"] for row in rows} == {inst_type}
    assert all(row["tickSz"] and row["lotSz"] and row["minSz"] for row in rows)
    assert all(isinstance(row["instIdCode"], int) for row in rows)


def test_one_instrument(market):
    """An instrument can be asked for by its id."""
    rows = _rows(market, "public/instruments", instType="SPOT", instId="BTC-USDT")

    assert [row["instId"] for row in rows] == ["BTC-USDT"]


def test_options_by_family(market):
    """Options are asked for by family; without one the call is refused."""
    (status, body) = _ask(market, "public/instruments", instType="OPTION")
    rows = _rows(market, "public/instruments", instType="OPTION", instFamily="BTC-USD")

    assert (status, body["code"]) == (400, "50015")
    assert rows
    assert {row["instFamily"] for row in rows} == {"BTC-USD"}


def test_tickers(market):
    """All tickers of a type, and one by itself, are the same rows."""
    rows = {
        row["instId"]: row for row in _rows(market, "market/tickers", instType="SWAP")
    }

    assert set(rows) == set(market.inst_ids("SWAP"))
    assert _rows(market, "market/ticker", instId=SWAP) == [rows[SWAP]]


def test_preparing_changes_no_answer():
    """Tickers are made one by one for a server's sake; the answer is the same."""
    path, params = "/api/v5/market/tickers", {"instType": "SPOT"}
    prepared, plain = (Market(7, start_ms=START, instruments=8) for _ in range(2))
    pieces = list(prepare(prepared, path, params))

    assert len(pieces) == len(prepared.inst_ids("SPOT"))
    assert answer(prepared, path, params) == answer(plain, path, params)
    assert list(prepare(plain, "/api/v5/public/time", {})) == []


@pytest.mark.parametrize(
    ("params", "pieces"),
    [
        ({"instId": "BTC-USDT", "bar": "1M", "limit": "3"}, 3),
        ({"instId": "BTC-USDT", "bar": "1m"}, 0),
        ({"instId": "NOPE-USDT", "bar": "1M"}, 0),
        ({"instId": "BTC-USDT", "bar": "1M", "limit": "x"}, 0),
    ],
)
def test_long_bars_are_prepared_one_by_one(market, params, pieces):
    """Months of history are not made at a stretch, in which no ping is answered."""
    path = "/api/v5/market/history-candles"

    assert len(list(prepare(market, path, params))) == pieces
    assert list(prepare(market, "/api/v5/market/sprd-candles", params)) == []


@pytest.mark.parametrize(
    ("size", "levels"),
    [({}, 1), ({"sz": 5}, 5), ({"sz": 400}, 400), ({"sz": 999}, 400)],
)
def test_books(market, size, levels):
    """A book has as many levels as asked for, at most 400, and a seqId."""
    (book,) = _rows(market, "market/books", instId="BTC-USDT", **size)

    assert set(book) == {"asks", "bids", "ts", "seqId"}
    assert (len(book["asks"]), len(book["bids"])) == (levels, levels)
    assert isinstance(book["seqId"], int)
    assert all(len(level) == 4 for level in book["asks"] + book["bids"])


def test_recent_trades(market):
    """Trades come newest first, single, as many as asked for."""
    rows = _rows(market, "market/trades", instId="BTC-USDT", limit=7)
    ids = _ids(rows)

    assert ids == list(range(ids[0], ids[0] - 7, -1))
    assert set(rows[0]) == {"instId", "tradeId", "px", "sz", "side", "source", "ts"}
    assert len(_rows(market, "market/trades", instId="BTC-USDT")) == 100
    assert len(_rows(market, "market/trades", instId="BTC-USDT", limit=900)) == 500


def test_walk_back_through_trades(market):
    """``after`` the oldest id of a page is the next older page, without a hole."""
    first = _rows(market, "market/history-trades", instId="BTC-USDT")
    second = _rows(
        market, "market/history-trades", instId="BTC-USDT", after=_ids(first)[-1]
    )
    ids = _ids(first + second)

    assert len(first) == 100
    assert ids == list(range(ids[0], ids[0] - 200, -1))


def test_trades_before(market):
    """``before`` gives the newest page of what is newer, exclusively."""
    newest = _ids(_rows(market, "market/history-trades", instId="BTC-USDT"))
    some = _ids(
        _rows(market, "market/history-trades", instId="BTC-USDT", before=newest[10])
    )
    many = _ids(
        _rows(
            market, "market/history-trades", instId="BTC-USDT", before=newest[0] - 150
        )
    )

    assert some == newest[:10]
    assert many == newest


def test_trades_by_time(market):
    """With type 2 ``after`` is a time."""
    rows = _rows(
        market, "market/history-trades", instId="BTC-USDT", type=2, after=START
    )

    assert rows
    assert all(int(row["ts"]) < START for row in rows)


def test_trades_by_time_know_no_before(market):
    """With type 2 ``before`` is refused with 50039."""
    query = {"instId": "BTC-USDT", "type": 2, "before": START}

    assert _ask(market, "market/history-trades", **query)[1]["code"] == "50039"


CANDLES = [
    ("market/candles", "BTC-USDT", 300, 9),
    ("market/history-candles", "BTC-USDT", 300, 9),
    ("market/index-candles", "BTC-USDT", 100, 6),
    ("market/history-index-candles", "BTC-USDT", 100, 6),
    ("market/mark-price-candles", SWAP, 100, 6),
    ("market/history-mark-price-candles", SWAP, 100, 6),
]


@pytest.mark.parametrize(("call", "inst_id", "most", "members"), CANDLES)
def test_candles(market, call, inst_id, most, members):
    """Bars come newest first, 100 by default, at most so many; only one is open."""
    rows = _rows(market, call, instId=inst_id)
    longest = _rows(market, call, instId=inst_id, limit=9_999)

    assert _stamps(rows) == [
        (START + 2 * MINUTE) // MINUTE * MINUTE - n * MINUTE for n in range(100)
    ]
    assert {len(row) for row in rows} == {members}
    assert [row[-1] for row in rows] == ["0", *["1"] * 99]
    assert len(longest) == most


@pytest.mark.parametrize(("call", "inst_id", "most", "members"), CANDLES)
def test_candle_paging(market, call, inst_id, most, members):
    """Both bounds are exclusive; ``before`` alone gives the newest page."""
    del most, members
    stamps = _stamps(_rows(market, call, instId=inst_id, limit=20))
    older = _rows(market, call, instId=inst_id, after=stamps[9], limit=10)
    newer = _rows(market, call, instId=inst_id, before=stamps[9], limit=5)
    between = _rows(market, call, instId=inst_id, after=stamps[2], before=stamps[6])

    assert _stamps(older) == stamps[10:]
    assert _stamps(newer) == stamps[:5]
    assert _stamps(between) == stamps[3:6]


def test_recent_bars_end_where_history_goes_on(market):
    """The short call has 1440 bars; the long one walks on for years."""
    stamps, after = [], None
    while page := _rows(
        market,
        "market/candles",
        instId="BTC-USDT",
        limit=300,
        **({} if after is None else {"after": after}),
    ):
        stamps += _stamps(page)
        after = stamps[-1]
    older = _rows(market, "market/history-candles", instId="BTC-USDT", after=after)

    assert len(stamps) == 1440
    assert _stamps(older)[0] == after - MINUTE


@pytest.mark.parametrize("bar", ["1H", "1D", "1Dutc", "1W", "1M", "3Mutc"])
def test_long_bars(market, bar):
    """Long bars go back as well, each before the one that came before it."""
    stamps = _stamps(_rows(market, "market/history-candles", instId=SWAP, bar=bar))

    assert len(stamps) > 10
    assert stamps == sorted(set(stamps), reverse=True)


def test_seconds_are_history_only(market):
    """Bars of a second are served by history-candles alone."""
    rows = _rows(market, "market/history-candles", instId="BTC-USDT", bar="1s")
    _, body = _ask(market, "market/candles", instId="BTC-USDT", bar="1s")

    assert _stamps(rows)[0] - _stamps(rows)[1] == 1000
    assert (body["code"], body["msg"]) == ("51000", "Parameter bar error")


@pytest.mark.parametrize(
    ("call", "bar"),
    [
        ("market/candles", "1h"),
        ("market/candles", "5D"),
        ("market/index-candles", "3D"),
        ("market/mark-price-candles", "2Dutc"),
        ("market/history-index-candles", "3M"),
    ],
)
def test_bars_that_rest_does_not_have(market, call, bar):
    """A bar that does not exist there is refused."""
    inst_id = SWAP if "mark" in call else "BTC-USDT"

    assert _ask(market, call, instId=inst_id, bar=bar)[1]["code"] == "51000"


def test_current_state(market):
    """Mark prices, indices, funding, open interest and limits are answered."""
    (mark,) = _rows(market, "public/mark-price", instType="SWAP", instId=SWAP)
    (index,) = _rows(market, "market/index-tickers", instId="BTC-USDT")
    (funding,) = _rows(market, "public/funding-rate", instId=SWAP)
    (interest,) = _rows(market, "public/open-interest", instType="SWAP", instId=SWAP)
    (limit,) = _rows(market, "public/price-limit", instId=SWAP)

    assert mark in _rows(market, "public/mark-price", instType="SWAP")
    assert index in _rows(market, "market/index-tickers", quoteCcy="USDT")
    assert funding in _rows(market, "public/funding-rate", instId="ANY")
    assert interest in _rows(market, "public/open-interest", instType="SWAP")
    assert float(limit["sellLmt"]) < float(mark["markPx"]) < float(limit["buyLmt"])


def test_open_interest_of_options(market):
    """Open interest of options needs the family."""
    code = _ask(market, "public/open-interest", instType="OPTION")[1]["code"]
    rows = _rows(
        market, "public/open-interest", instType="OPTION", instFamily="BTC-USD"
    )

    assert code == "50015"
    assert {row["instType"] for row in rows} == {"OPTION"}


@pytest.mark.parametrize(
    ("call", "params", "status", "code"),
    [
        ("public/instruments", {}, 400, "50014"),
        ("public/instruments", {"instType": ""}, 400, "50014"),
        ("public/instruments", {"instType": "SOUP"}, 400, "51000"),
        ("public/instruments", {"instType": "SPOT", "instId": "NO-PE"}, 200, "51001"),
        ("public/open-interest", {"instType": "SPOT"}, 400, "51000"),
        ("public/funding-rate", {"instId": "BTC-USDT"}, 200, "51001"),
        ("public/mark-price", {"instType": "SWAP", "instId": "NOPE"}, 200, "51001"),
        ("market/ticker", {}, 400, "50014"),
        ("market/ticker", {"instId": "NOPE-USDT"}, 200, "51001"),
        ("market/candles", {"instId": "NOPE-USDT"}, 200, "51001"),
        ("market/index-candles", {"instId": SWAP}, 200, "51001"),
        ("market/candles", {"instId": "BTC-USDT", "limit": "x"}, 400, "51000"),
        ("market/candles", {"instId": "BTC-USDT", "limit": "0"}, 400, "51000"),
        ("market/candles", {"instId": "BTC-USDT", "after": "-1"}, 400, "51000"),
        ("market/candles", {"instId": "BTC-USDT", "after": "9" * 5000}, 400, "51000"),
        ("market/candles", {"instId": "BTC-USDT", "after": "\u0663"}, 400, "51000"),
        ("market/books", {"instId": "BTC-USDT", "sz": "many"}, 400, "51000"),
        ("market/history-trades", {"instId": "BTC-USDT", "type": "3"}, 400, "51000"),
        ("market/index-tickers", {}, 400, "50015"),
        ("no/such/call", {}, 404, "404"),
    ],
)
def test_refusals(market, call, params, status, code):
    """What cannot be served is refused in OKX's envelope."""
    got, body = _ask(market, call, **params)

    assert (got, body["code"]) == (status, code)
    assert body["msg"]
    assert body["data"] == []


def test_empty_parameters_are_none(market):
    """OKX's own client sends empty parameters; they count as left out."""
    rows = _rows(
        market,
        "market/candles",
        instId="BTC-USDT",
        after="",
        before="",
        bar="",
        limit="",
    )

    assert len(rows) == 100


def test_path_of_another_version(market):
    """A path outside the prefix is no call."""
    assert answer(market, "/public/time", {}).status == 404


def test_books_full(market):
    """Whole books: three members a level, no sequence."""
    (book,) = _rows(market, "market/books-full", instId="BTC-USDT", sz=5000)
    (few,) = _rows(market, "market/books", instId="BTC-USDT", sz=400)

    assert set(book) == {"asks", "bids", "ts"}
    assert len(book["asks"]) > 400
    assert [[px, sz, "0", n] for px, sz, n in book["asks"][:400]] == few["asks"]


def test_books_rpi(market):
    """As books, with two sizes a level."""
    (book,) = _rows(market, "market/books-rpi", instId="BTC-USDT", sz=50)
    (plain,) = _rows(market, "market/books", instId="BTC-USDT", sz=50)

    assert set(book) == {"asks", "bids", "ts", "seqId"}
    assert book["seqId"] == plain["seqId"]
    assert [(level[0], level[2]) for level in book["bids"]] == [
        (level[0], level[1]) for level in plain["bids"]
    ]


def test_funding_rate_history(market):
    """Three months of payments, newest first, paged by the time of payment."""
    rows = _rows(market, "public/funding-rate-history", instId=SWAP)
    times = [int(row["fundingTime"]) for row in rows]
    page = {"after": times[10], "before": times[20]}
    between = _rows(market, "public/funding-rate-history", instId=SWAP, **page)
    few = _rows(market, "public/funding-rate-history", instId=SWAP, limit=3)
    (now,) = _rows(market, "public/funding-rate", instId=SWAP)

    assert len(rows) == 270
    assert times == [times[0] - 8 * 60 * MINUTE * i for i in range(270)]
    assert times[0] <= market.now_ms < times[0] + 8 * 60 * MINUTE
    assert between == rows[11:20]
    assert few == rows[:3]
    assert rows[0]["realizedRate"] == now["settFundingRate"]
    assert set(rows[0]) == {
        "formulaType", "fundingRate", "fundingTime", "instId", "instType", "method",
        "realizedRate",
    }  # fmt: skip


def test_option_calls(market):
    """Greeks and trades of a family; of one expiry, of one kind, of one option."""
    greeks = _rows(market, "public/opt-summary", instFamily="BTC-USD")
    day = greeks[0]["instId"].split("-")[2]
    of_day = _rows(market, "public/opt-summary", instFamily="BTC-USD", expTime=day)
    none = _rows(market, "public/opt-summary", instFamily="BTC-USD", expTime="200101")
    trades = _rows(market, "public/option-trades", instFamily="BTC-USD")
    puts = _rows(market, "public/option-trades", instFamily="BTC-USD", optType="P")
    one = greeks[0]["instId"]
    own = _rows(market, "public/option-trades", instId=one)

    assert greeks == of_day
    assert none == []
    assert len(trades) == 100
    assert [t["ts"] for t in trades] == sorted((t["ts"] for t in trades), reverse=True)
    assert {trade["optType"] for trade in puts} == {"P"}
    assert {trade["instId"] for trade in own} == {one}
    assert _ask(market, "public/option-trades")[1]["code"] == "50015"
    assert _ask(market, "public/opt-summary", instFamily="NOPE")[1]["code"] == "51001"
