"""Signed REST calls: what an account is told, and orders by POST."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from okxlab.protocol.auth import rest_headers
from okxlab.simulator.accounts.signed import answer_signed, is_signed
from tests.unit.account_client import KEY, SPOT, SWAP, rows, traded

TRADE = "/api/v5/trade/"


def _headers(exchange, signed, method="GET"):
    moment = dt.datetime.fromtimestamp(exchange.market.now_ms / 1000, tz=dt.UTC)
    stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return rest_headers(KEY, stamp, signed, method)


def _get(client, path, **params):
    query = "&".join(f"{key}={value}" for key, value in params.items())
    target = f"{path}?{query}" if query else path
    headers = _headers(client.exchange, target)
    got = answer_signed(
        client.exchange.accounts, path, params, headers=headers, target=target
    )
    return json.loads(got.body)


def _post(client, path, sent, **headers):
    body = sent if isinstance(sent, str) else json.dumps(sent)
    signed = _headers(client.exchange, path + body, "POST")
    got = answer_signed(
        client.exchange.accounts,
        path,
        {},
        headers=signed | headers,
        target=path,
        body=body,
    )
    client.exchange.tell_accounts()
    return got.status, json.loads(got.body)


@pytest.fixture(scope="module")
def busy():
    """A client that has placed six orders: two rest, three were filled, one is gone."""
    client = traded()
    bid, ask = client.best(SPOT)
    client.order(SPOT, "sell", "0.01")
    client.order(SPOT, "sell", "0.01", tag="lesson")
    client.order(SWAP, "buy", "2")
    client.order(SPOT, "buy", "0.01", str(float(bid) - 900), clOrdId="low")
    client.order(SPOT, "sell", "0.01", str(float(ask) + 900))
    answer, _ = client.order(SPOT, "buy", "0.01", str(float(bid) - 800))
    client.operate("cancel-order", {"ordId": answer["data"][0]["ordId"]})
    client.frames()
    return client


def test_open_orders(busy):
    """They come newest first, and parameters narrow them."""
    every = _get(busy, f"{TRADE}orders-pending")["data"]
    ids = [int(row["ordId"]) for row in every]

    assert ids == sorted(ids, reverse=True)
    assert [row["side"] for row in every] == ["sell", "buy"]
    assert _get(busy, f"{TRADE}orders-pending", instType="SWAP")["data"] == []
    assert _get(busy, f"{TRADE}orders-pending", instId=SPOT)["data"] == every


def test_pages(busy):
    """``after`` asks for older ids, ``before`` for newer ones, both exclusive."""
    newest, oldest = (
        row["ordId"] for row in _get(busy, f"{TRADE}orders-pending")["data"]
    )
    pages = [
        [row["ordId"] for row in _get(busy, f"{TRADE}orders-pending", **page)["data"]]
        for page in (
            {"limit": "1"},
            {"after": newest},
            {"after": oldest},
            {"before": oldest},
            {"before": newest},
        )
    ]

    assert pages == [[newest], [oldest], [], [newest], []]


@pytest.mark.parametrize("wrong", ["9" * 5000, "\u0663", "-1", "few"])
@pytest.mark.parametrize("key", ["after", "before", "limit", "begin", "end"])
def test_numbers_that_are_none(busy, key, wrong):
    """They are refused as those of public calls are."""
    answer = _get(busy, f"{TRADE}orders-history", **{key: wrong})

    assert (answer["code"], answer["data"]) == ("51000", [])


def test_ended_orders(busy):
    """History has what was filled or canceled, newest first."""
    every = _get(busy, f"{TRADE}orders-history", instType="SPOT")["data"]
    filled = _get(busy, f"{TRADE}orders-history", instType="SPOT", state="filled")
    swaps = _get(busy, f"{TRADE}orders-history-archive", instType="SWAP")["data"]

    assert [row["state"] for row in every] == ["canceled", "filled", "filled"]
    assert len(filled["data"]) == 2
    assert [row["instId"] for row in swaps] == [SWAP]


def test_fills(busy):
    """Each fill is there once, with the id that its order's push had."""
    every = _get(busy, f"{TRADE}fills")["data"]
    swap = _get(busy, f"{TRADE}fills-history", instType="SWAP")["data"]
    now = str(busy.exchange.market.now_ms + 1)

    assert len({row["billId"] for row in every}) == len(every)
    assert {row["instId"] for row in swap} == {SWAP}
    assert [row["tag"] for row in every].count("lesson") >= 1
    assert _get(busy, f"{TRADE}fills", begin=now)["data"] == []
    assert _get(busy, f"{TRADE}fills", end=now)["data"] == every
    assert _get(busy, f"{TRADE}fills", after=every[-1]["billId"])["data"] == []


def test_one_order(busy):
    """An order is found by its id or by the client's."""
    (found,) = _get(busy, f"{TRADE}order", instId=SPOT, clOrdId="low")["data"]
    unknown = _get(busy, f"{TRADE}order", instId=SPOT, ordId="1")

    assert found["state"] == "live"
    assert unknown["code"] == "51603"


def test_positions_and_instruments(busy):
    """Positions can be named, several at once; instruments are those of the market."""
    path = "/api/v5/account/positions"
    held = _get(busy, path, instId=f"{SWAP},ETH-USDT-SWAP")["data"]
    listed = _get(busy, "/api/v5/account/instruments", instType="SWAP", instId=SWAP)

    assert [row["instId"] for row in held] == [SWAP]
    assert _get(busy, path, instId="ETH-USDT-SWAP")["data"] == []
    assert [row["instId"] for row in listed["data"]] == [SWAP]


def test_order_by_post():
    """An order can be placed, changed and canceled over REST, and is told as ever."""
    client = traded()
    bid, _ = client.best(SPOT)
    px = str(float(bid) - 900)
    order = {
        "instId": SPOT,
        "tdMode": "cash",
        "side": "buy",
        "ordType": "limit",
        "sz": "0.01",
        "px": px,
    }
    status, placed = _post(client, f"{TRADE}order", order)
    ord_id = placed["data"][0]["ordId"]
    _, amended = _post(
        client,
        f"{TRADE}amend-order",
        {"instId": SPOT, "ordId": ord_id, "newSz": "0.02"},
    )
    _, gone = _post(
        client, f"{TRADE}cancel-batch-orders", [{"instId": SPOT, "ordId": ord_id}]
    )
    told = rows(client.frames(), "orders")

    assert (status, placed["code"], placed["data"][0]["sCode"]) == (200, "0", "0")
    assert int(placed["outTime"]) > int(placed["inTime"])
    assert (amended["code"], gone["code"]) == ("0", "0")
    assert [(row["state"], row["sz"]) for row in told] == [
        ("live", "0.01"),
        ("live", "0.02"),
        ("canceled", "0.02"),
    ]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ("{", 400, "50000"),
        ("7", 400, "50000"),
        ([1], 400, "50000"),
        ([], 400, "50000"),
        ({"instId": "NOPE-USDT"}, 200, "1"),
    ],
)
def test_bad_bodies(sent, status, code):
    """What is no order is refused as a whole, what is a bad one by its row."""
    got, answer = _post(traded(), f"{TRADE}order", sent)

    assert (got, answer["code"]) == (status, code)


def test_body_is_signed():
    """A signature over another body is wrong."""
    client = traded()
    forged = _headers(client.exchange, f"{TRADE}order" + "{}", "POST")
    status, answer = _post(client, f"{TRADE}order", {"instId": SPOT}, **forged)

    assert (status, answer["code"]) == (401, "50113")


def test_what_is_signed():
    """Reports are asked for, orders are sent."""
    assert is_signed(f"{TRADE}orders-pending")
    assert is_signed(f"{TRADE}order", "POST")
    assert not is_signed(f"{TRADE}orders-pending", "POST")
    assert not is_signed("/api/v5/market/tickers")
