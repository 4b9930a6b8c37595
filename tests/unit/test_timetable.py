"""What the scripts tell: whole rows, in an order that makes sense."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from okxlab.protocol.arg import Arg
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.market import Market
from okxlab.simulator.market_calls import answer
from okxlab.simulator.timetable import make_timetable
from okxlab.simulator.timetable.events import Events
from okxlab.simulator.timetable.settlement import Settlement

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC
MINUTE = 60_000
HOUR = 60 * MINUTE
SWAP = "BTC-USDT-SWAP"

MEMBERS = {
    "status": "title state begin end preOpenBegin href serviceType system scheDesc "
    "maintType env ts",
    "economic-calendar": "calendarId date region category event refDate actual "
    "previous forecast importance prevInitial ccy unit ts",
    "adl-warning": "instType instFamily state bal ccy maxBal maxBalTs adlType adlBal "
    "adlRecBal ts decRate adlRate adlRecRate",
    "call-auction-details": "instId unmatchedSz eqPx matchedSz state auctionEndTime ts",
    "public-struc-block-trades": "cTime blockTdId groupId legs",
    "public-block-trades": "fillVol fwdPx groupId idxPx instId markPx px side sz "
    "tradeId ts",
    "block-tickers": "instType instId volCcy24h vol24h ts",
    "event-contract-markets": "seriesId eventId instId listTime fixTime expTime state "
    "outcome floorStrike capStrike settleValue disputed hitDir",
    "estimated-price": "instId instType settlePx settleType ts",
}
ARGS = {
    "status": {},
    "economic-calendar": {},
    "adl-warning": {"instType": "SWAP"},
    "call-auction-details": {"instId": "BTC-USDT"},
    "public-struc-block-trades": {},
    "public-block-trades": {"instId": SWAP},
    "block-tickers": {"instId": SWAP},
    "event-contract-markets": {"instType": "EVENTS"},
    "estimated-price": {"instType": "EVENTS", "instFamily": "BTC-USDT"},
}


def told(channel, span_ms=HOUR, start=START, **params):
    """Return the market, and the changes of a channel in a span of time."""
    market = Market(7, start_ms=start)
    made = make_timetable(7, market)
    key = made.find(Arg(channel, **(params or ARGS[channel])))
    made.watch(channel, key)
    return market, made.advance(start + span_ms)


def rows_of(channel, span_ms=HOUR, start=START, **params):
    """Return the rows of a channel in a span of time."""
    changes = told(channel, span_ms, start, **params)[1]
    return [row for change in changes for row in change.rows]


@pytest.mark.parametrize("channel", MEMBERS)
def test_rows_are_whole(channel):
    """Each has the members that OKX documents, as text where OKX sends text."""
    rows = rows_of(channel)

    assert rows
    for row in rows:
        assert set(row) == set(MEMBERS[channel].split())
        assert all(
            isinstance(value, str)
            for name, value in row.items()
            if name not in {"legs", "disputed"}
        )


def test_a_maintenance_runs_its_course():
    """Announced before it begins, then called off, or ended as it was begun."""
    courses = {}
    for row in rows_of("status", 6 * HOUR):
        courses.setdefault(row["begin"], []).append(row)
    whole = list(courses.values())[1:-1]
    states = {tuple(row["state"] for row in rows) for rows in whole}

    assert states == {
        ("scheduled", "canceled"),
        ("scheduled", "ongoing", "completed"),
        ("scheduled", "ongoing", "pre_open", "completed"),
    }
    for rows in whole:
        assert int(rows[0]["ts"]) < int(rows[0]["begin"]) < int(rows[0]["end"])
        for row in rows:
            at = {"ongoing": "begin", "pre_open": "preOpenBegin", "completed": "end"}
            if row["state"] in at:
                assert 0 <= int(row["ts"]) - int(row[at[row["state"]]]) < MINUTE


def test_a_status_begins_with_the_latest_change():
    """Whenever one comes: what was told last, which may be long over."""
    for start in range(START, START + HOUR, 7 * MINUTE):
        made = make_timetable(7, Market(7, start_ms=start))
        (row,) = made.opening("status", "").rows
        later = [int(r["ts"]) for r in rows_of("status", 2 * HOUR, START - HOUR)]

        assert int(row["ts"]) == max(ts for ts in later if ts <= start)


def test_figures_are_expected_released_and_revised():
    """A figure has no value before its release, and keeps its id."""
    figures = {}
    for row in rows_of("economic-calendar", 2 * HOUR):
        figures.setdefault(row["calendarId"], []).append(row)
    whole = list(figures.values())[1:-1]

    assert {len(rows) for rows in whole} == {2, 3}
    for forecast, release, *revision in whole:
        assert forecast["actual"] == "" != release["actual"]
        assert int(forecast["ts"]) < int(release["date"]) <= int(release["ts"])
        for row in revision:
            assert row["prevInitial"] == release["previous"]
            assert row["actual"] == release["actual"]


def test_a_family_warns_every_second_while_it_must():
    """Warnings come in stretches of seconds; who closes positions warned before."""
    stretches = []
    params = {"instType": "SWAP", "instFamily": "BTC-USDT"}
    for row in rows_of("adl-warning", 6 * HOUR, **params):
        if not stretches or int(row["ts"]) != int(stretches[-1][-1]["ts"]) + 1000:
            stretches.append([])
        stretches[-1].append(row)
    states = {tuple(dict.fromkeys(row["state"] for row in rows)) for rows in stretches}
    funds = [[Decimal(row["bal"]) for row in rows] for rows in stretches]

    assert len(stretches) > 5
    assert states == {("warning",), ("warning", "adl")}
    assert all(bal == sorted(bal, reverse=True) for bal in funds)


def test_nothing_is_said_while_all_is_normal():
    """A family that is in no trouble begins with nothing."""
    market = Market(7, start_ms=START)
    made = make_timetable(7, market)
    warned = made.opening("adl-warning", "SWAP")
    families = {row["instFamily"] for row in warned.rows}
    calm = made.opening("adl-warning", "SWAP/BTC-USDT")

    assert "BTC-USDT" not in families
    assert calm is None


def test_an_auction_ends_with_its_outcome():
    """Second by second with a growing match, then a last message, then silence."""
    rows = rows_of("call-auction-details", HOUR)
    ended = [row for row in rows if row["state"] == "continuous_trading"]

    assert {row["auctionEndTime"] for row in rows} == {
        row["auctionEndTime"] for row in ended
    }
    assert all(row["ts"] == row["auctionEndTime"] for row in ended)
    assert all(
        int(row["ts"]) < int(row["auctionEndTime"])
        for row in rows
        if row["state"] == "call_auction"
    )
    whole = [row for row in rows if row["auctionEndTime"] == ended[0]["auctionEndTime"]]
    matched = [Decimal(row["matchedSz"]) for row in whole]
    assert matched == sorted(matched)


def test_blocks_become_public_late_and_agree():
    """Fifteen minutes later, each leg by itself and all legs together."""
    legs = {}
    for change in told("public-struc-block-trades")[1]:
        (block,) = change.rows
        assert change.ts - int(block["cTime"]) == 15 * MINUTE
        assert (block["blockTdId"] == "") == (block["groupId"] != "")
        for leg in block["legs"]:
            assert (leg["tradeId"] == "") == (block["groupId"] != "")
            legs[leg["tradeId"]] = leg
    changes = told("public-block-trades")[1]

    assert changes
    for change in changes:
        (row,) = change.rows
        assert change.ts - int(row["ts"]) == 15 * MINUTE
        assert row["instId"] == SWAP
        assert Decimal(row["idxPx"]) > 0 < Decimal(row["markPx"])
        leg = legs.get(row["tradeId"])
        if leg is not None:
            assert leg == {name: row[name] for name in leg}


def test_a_block_ticker_sums_up_a_day():
    """What was told of blocks in 24 hours is in the ticker."""
    day = 24 * HOUR
    trades = rows_of("public-block-trades", day)
    (row,) = (
        make_timetable(7, Market(7, start_ms=START + day))
        .opening("block-tickers", SWAP)
        .rows
    )

    assert Decimal(row["vol24h"]) == sum(Decimal(trade["sz"]) for trade in trades)
    assert Decimal(row["volCcy24h"]) == Decimal(row["vol24h"]) / 100


def test_block_trades_of_options_tell_volatility():
    """Options have volatility and forward, spot pairs have no reference prices."""
    market = Market(7, start_ms=START)
    option = market.inst_ids("OPTION")[0]
    made = make_timetable(7, market)
    for inst_id in (option, "BTC-USDT"):
        made.watch("public-block-trades", inst_id)
    rows = [c.rows[0] for c in made.advance(START + 2 * HOUR)]
    known = ("fillVol", "fwdPx", "idxPx", "markPx")

    assert {row["instId"] for row in rows} == {option, "BTC-USDT"}
    for row in rows:
        assert all(bool(row[name]) == (row["instId"] == option) for name in known)


def test_an_event_runs_its_course():
    """Listed, traded, fixed, ended and settled; yes if the index says so."""
    markets = {}
    for row in rows_of("event-contract-markets", 2 * HOUR):
        markets.setdefault(row["instId"], []).append(row)
    whole = [rows for rows in markets.values() if len(rows) == 5]

    assert whole
    for rows in whole:
        states = [row["state"] for row in rows]
        strikes = [row["floorStrike"] for row in rows]
        last = rows[-1]
        is_yes = Decimal(last["settleValue"]) >= Decimal(last["floorStrike"])
        assert states == ["preopen", "live", "live", "settling", "expired"]
        assert strikes[:2] == ["", ""]
        assert len(set(strikes[2:])) == 1
        assert [row["outcome"] for row in rows] == [*"0000", "1" if is_yes else "2"]
        assert {row["settleValue"] for row in rows[:-1]} == {""}
        assert len({row["seriesId"] for row in rows}) == 1
        assert all(row["instId"].startswith(row["eventId"]) for row in rows)


def test_daily_events_ask_about_round_strikes():
    """Five strikes around the index, known from the beginning."""
    made = make_timetable(7, Market(7, start_ms=START))
    rows = made.opening("instruments", "EVENTS").rows
    ids = [row["instId"] for row in rows]
    codes = [row["instIdCode"] for row in rows]
    daily = [row for row in rows if row["seriesId"] == "BTC-ABOVE-DAILY"]

    assert len(set(ids)) == len(ids)
    assert len(set(codes)) == len(codes)
    assert len(daily) == 10
    assert all(int(row["stk"]) % 1000 == 0 for row in daily)
    assert {row["instType"] for row in rows} == {"EVENTS"}


@pytest.mark.parametrize(
    ("kind", "what"), [("FUTURES", "settlement"), ("SWAP", None), ("OPTION", None)]
)
def test_the_estimate_forms_in_the_half_hour_before(kind, what):
    """Nothing before 07:30 UTC, then five a second until eight, following the index."""
    eight = START // (24 * HOUR) * 24 * HOUR + 8 * HOUR
    start = eight - 40 * MINUTE
    family = "BTC-USD" if kind == "OPTION" else "BTC-USDT"
    params = {"instType": kind, "instFamily": family}
    rows = rows_of("estimated-price", HOUR, start, **params)
    stamps = sorted({int(row["ts"]) for row in rows})

    if what is None:
        assert rows == []
        return
    assert stamps == list(range(eight - 30 * MINUTE + 200, eight + 1, 200))
    assert {row["settleType"] for row in rows} == {what}
    index = Market(7, start_ms=start).price_text("index-tickers", "BTC-USDT", eight)
    last = Decimal(rows[-1]["settlePx"])
    assert abs(last / Decimal(index) - 1) < Decimal("0.02")


def test_what_ends_is_delivered_or_exercised():
    """On the day of expiry it is that, and no settlement beside it."""
    market = Market(7, start_ms=START)
    for inst_id, what in (
        (market.inst_ids("FUTURES")[0], "delivery"),
        (market.inst_ids("OPTION")[0], "exercise"),
    ):
        one = market.listed[inst_id]
        script = Settlement(market, Events(market))
        keys = [f"{one.inst_type}/{inst_id}"]
        since, upto = one.exp_ms - 1_000, one.exp_ms + HOUR
        rows = [
            change.rows[0]
            for change in script.changes("estimated-price", keys, since, upto)
        ]

        assert [row["settleType"] for row in rows] == [what] * 5
        assert int(rows[-1]["ts"]) == one.exp_ms


@pytest.mark.parametrize(
    ("channel", "params"),
    [
        ("adl-warning", {"instType": "SWAP", "instFamily": "NOPE-USDT"}),
        ("call-auction-details", {"instId": "NOPE-USDT"}),
        ("public-block-trades", {"instId": "NOPE-USDT"}),
        ("block-tickers", {"instId": "NOPE-USDT"}),
        ("estimated-price", {"instType": "FUTURES", "instFamily": "NOPE-USDT"}),
        ("estimated-price", {"instType": "OPTION", "instId": SWAP}),
        ("estimated-price", {"instType": "EVENTS", "instId": "NOPE"}),
        ("instruments", {"instType": "SPOT"}),
        ("tickers", {"instId": SWAP}),
    ],
)
def test_what_no_script_knows(channel, params):
    """Foreign families, instruments, types and channels are not found."""
    made = make_timetable(7, Market(7, start_ms=START))

    assert made.find(Arg(channel, **params)) is None


@pytest.fixture(scope="module")
def exchange():
    """Give an exchange to be asked by REST."""
    return Exchange(7, start_ms=START)


def ask(exchange, call, **params):
    """Return the envelope of a REST answer."""
    got = answer(exchange.market, f"/api/v5/{call}", params, exchange.calls)
    return json.loads(got.body)


def test_rest_status(exchange):
    """Each maintenance as it stands, newest first, of one state if asked for."""
    rows = ask(exchange, "system/status")["data"]
    over = ask(exchange, "system/status", state="completed")["data"]

    assert len(rows) >= 7
    assert [row["ts"] for row in rows] == sorted((r["ts"] for r in rows), reverse=True)
    assert over == [row for row in rows if row["state"] == "completed"] != []


def test_rest_instruments_of_events(exchange):
    """By series; others are asked of the market."""
    series = {"instType": "EVENTS", "seriesId": "ETH-ABOVE-DAILY"}
    rows = ask(exchange, "public/instruments", **series)["data"]
    one = ask(exchange, "public/instruments", **series, instId=rows[0]["instId"])
    none = ask(exchange, "public/instruments", **series, instId="NOPE")
    missing = ask(exchange, "public/instruments", instType="EVENTS")
    spot = ask(exchange, "public/instruments", instType="SPOT")["data"]

    assert len(rows) == 10
    assert one["data"] == rows[:1]
    assert (none["code"], missing["code"]) == ("51001", "50014")
    assert spot == exchange.market.instruments("SPOT")


def test_rest_estimated_price(exchange):
    """Of what is being settled; nothing of the rest; no unknown ones."""
    listed = make_timetable(7, exchange.market).opening("instruments", "EVENTS").rows
    first = min(listed, key=lambda row: row["expTime"])["instId"]
    (row,) = ask(exchange, "public/estimated-price", instId=first)["data"]
    future = exchange.market.inst_ids("FUTURES")[0]

    assert (row["instId"], row["settleType"]) == (first, "settlement")
    assert ask(exchange, "public/estimated-price", instId=future)["data"] == []
    assert ask(exchange, "public/estimated-price", instId="NOPE")["code"] == "51001"
