"""Positions: two sides at once, futures and their delivery."""

from __future__ import annotations

from decimal import Decimal

import pytest

from okxlab.simulator.accounts import Account
from okxlab.simulator.exchange import Exchange
from tests.unit.account_client import (
    ALL,
    SPOT,
    START,
    SWAP,
    AccountClient,
    rows,
    states,
    traded,
)

FUTURE = "BTC-USDT-251226"
EXPIRY = 1_766_736_000_000  # 2025-12-26 08:00 UTC


def _two_sided():
    return traded(accounts=[Account(pos_mode="long_short_mode")])


def _position(frames, side):
    return [row for row in rows(frames, "positions") if row["posSide"] == side][-1]


def test_two_sides_at_once():
    """A long and a short position live side by side, both with sizes above 0."""
    client = _two_sided()
    _, first = client.order(SWAP, "buy", "3", posSide="long")
    _, second = client.order(SWAP, "sell", "2", posSide="short")
    long, short = _position(first, "long"), _position(second, "short")
    held = rows(client.subscribe({"channel": "positions", "instType": "SWAP"}), "x")

    assert (long["pos"], short["pos"]) == ("3", "2")
    assert long["posId"] != short["posId"]
    assert [row["posSide"] for row in rows(first, "orders")] == ["long", "long"]
    assert held == []


def test_profit_of_a_short_side():
    """A short position earns when the mark is below its price."""
    client = _two_sided()
    _, pushes = client.order(SWAP, "sell", "2", posSide="short")
    row = _position(pushes, "short")
    each = Decimal(row["avgPx"]) - Decimal(row["markPx"])

    assert Decimal(row["upl"]) == each * 2 * Decimal("0.01")


def test_closing_a_side():
    """A sale of the long side closes it, and is cut to what there is."""
    client = _two_sided()
    client.order(SWAP, "buy", "3", posSide="long")
    _, pushes = client.order(SWAP, "sell", "5", posSide="long")
    last = rows(pushes, "orders")[-1]

    assert (last["state"], last["accFillSz"]) == ("filled", "3")
    assert _position(pushes, "long")["pos"] == "0"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "51000"),
        ({"posSide": "net"}, "51000"),
        ({"posSide": "long"}, "51023"),
    ],
)
def test_refused_with_two_sides(more, code):
    """Each order says which side it is about, and closes only what there is."""
    answer, pushes = _two_sided().order(SWAP, "sell", "1", **more)

    assert answer["data"][0]["sCode"] == code
    assert pushes == []


def test_closing_orders_end_with_their_side():
    """What waits to close a side is canceled when that is gone; the other stays."""
    client = _two_sided()
    client.order(SWAP, "buy", "2", posSide="long")
    client.order(SWAP, "sell", "1", posSide="short")
    _, ask = client.best(SWAP)
    far = str(Decimal(ask) + 300)
    low = str(Decimal(ask) - 300)
    client.order(SWAP, "sell", "2", far, posSide="long")
    client.order(SWAP, "buy", "1", low, posSide="short")
    _, pushes = client.order(SWAP, "sell", "2", posSide="long")
    gone = [row for row in rows(pushes, "orders") if row["state"] == "canceled"]

    assert [(row["posSide"], row["cancelSource"]) for row in gone] == [("long", "17")]
    assert len(client.exchange.accounts.desk().orders) == 1


def test_margin_of_both_sides():
    """Either side has its margin; that of the account is their sum."""
    client = _two_sided()
    client.order(SWAP, "buy", "4", posSide="long")
    _, pushes = client.order(SWAP, "sell", "4", posSide="short")
    (detail,) = [
        one for one in rows(pushes, "account")[-1]["details"] if one["ccy"] == "USDT"
    ]
    (push,) = [
        frame
        for frame in client.subscribe({"channel": "positions", "instType": "ANY"})
        if "data" in frame
    ] or [{"data": []}]

    assert push["data"] == []
    assert Decimal(detail["imr"]) > Decimal(_position(pushes, "short")["imr"])


def test_futures():
    """A linear future is traded as a swap is."""
    client = traded()
    answer, pushes = client.order(FUTURE, "buy", "2", tdMode="cross")
    (row,) = rows(pushes, "positions")
    (_, total) = rows(pushes, "orders")[-1], rows(pushes, "account")[-1]

    assert answer["code"] == "0"
    assert states(pushes) == ["live", "filled"]
    assert (row["instType"], row["instId"], row["pos"]) == ("FUTURES", FUTURE, "2")
    assert Decimal(total["notionalUsdForFutures"]) > 0
    assert total["notionalUsdForSwap"] == "0"


def test_delivery():
    """When a future expires its orders are canceled and its positions settled."""
    exchange = Exchange(7, start_ms=EXPIRY - 3_000, instruments=6)
    client = AccountClient(exchange)
    client.login()
    client.subscribe(*ALL)
    (listed,) = exchange.market.instruments("FUTURES")
    inst_id = listed["instId"]
    _, opened = client.order(inst_id, "sell", "3", tdMode="cross")
    bid, _ = client.best(inst_id)
    client.order(inst_id, "buy", "1", str(Decimal(bid) - 500), tdMode="cross")
    frames = client.after(5_000)
    fill = Decimal(rows(opened, "positions")[-1]["avgPx"])
    (event,) = rows(frames, "balance_and_position")
    (gone,) = rows(frames, "orders")
    (position,) = [row for row in rows(frames, "positions") if row["pos"] == "0"]
    cash = Decimal(event["balData"][0]["cashBal"])
    before = Decimal(rows(opened, "balance_and_position")[-1]["balData"][0]["cashBal"])

    assert int(listed["expTime"]) == EXPIRY
    assert (gone["state"], gone["cancelSource"]) == ("canceled", "7")
    assert event["eventType"] == "delivered"
    assert cash - before == Decimal(position["pnl"])
    assert abs(Decimal(position["pnl"])) < 3 * Decimal("0.01") * fill / 100
    assert client.order(SPOT, "sell", "0.01")[0]["code"] == "0"


def test_futures_pay_no_funding():
    """Funding is for perpetual swaps alone."""
    client = AccountClient(Exchange(7, start_ms=START - START % 28_800_000 - 2_000))
    client.login()
    client.subscribe(*ALL)
    client.order(FUTURE, "buy", "2", tdMode="cross")
    client.order(SWAP, "buy", "1")
    frames = client.after(4_000)
    paid = [
        [one["instId"] for one in row["posData"]]
        for row in rows(frames, "balance_and_position")
        if row["eventType"] == "funding_fee"
    ]

    assert paid == [[SWAP]]
