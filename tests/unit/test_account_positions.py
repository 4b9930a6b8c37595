"""Positions: two sides at once, futures and their delivery."""

from __future__ import annotations

from decimal import Decimal

import pytest

from okxlab.simulator.accounts import Account
from okxlab.simulator.accounts.money import text
from okxlab.simulator.exchange import Exchange
from tests.unit.account_client import (
    ALL,
    START,
    SWAP,
    AccountClient,
    rows,
    states,
    traded,
)

FUTURE = "BTC-USDT-251226"


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
    held = client.subscribe({"channel": "positions", "instType": "SWAP"})

    assert (long["pos"], short["pos"]) == ("3", "2")
    assert long["posId"] != short["posId"]
    assert [row["posSide"] for row in rows(first, "orders")] == ["long", "long"]
    assert [row["posSide"] for row in rows(held, "positions")] == ["long", "short"]


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
    _, before = client.order(SWAP, "buy", "4", posSide="long")
    _, pushes = client.order(SWAP, "sell", "4", posSide="short")
    both = Decimal(_position(before, "long")["imr"])
    both += Decimal(_position(pushes, "short")["imr"])
    (detail,) = [
        one for one in rows(pushes, "account")[-1]["details"] if one["ccy"] == "USDT"
    ]
    assert abs(Decimal(detail["imr"]) - both) < Decimal("1e-9")


def test_futures():
    """A linear future is traded as a swap is."""
    client = traded()
    answer, pushes = client.order(FUTURE, "buy", "2", tdMode="cross")
    (row,) = rows(pushes, "positions")
    (_, total) = rows(pushes, "orders")[-1], rows(pushes, "account")[-1]

    assert answer["code"] == "0"
    assert states(pushes)[-1] == "filled"
    assert (row["instType"], row["instId"], row["pos"]) == ("FUTURES", FUTURE, "2")
    assert Decimal(total["notionalUsdForFutures"]) > 0
    assert total["notionalUsdForSwap"] == "0"


def test_delivery():
    """When a future expires its orders are canceled and its positions settled."""
    client = traded()
    desk = client.exchange.accounts.desk()
    one = client.exchange.accounts.venue.instrument(FUTURE)
    _, opened = client.order(FUTURE, "sell", "3", tdMode="cross")
    bid, _ = client.best(FUTURE)
    client.order(FUTURE, "buy", "1", str(Decimal(bid) - 500), tdMode="cross")
    before = desk.holdings.cash["USDT"]
    desk.deliver_if_due(one.exp_ms - 1_000)
    early = desk.take_news()
    # Weeks ahead of the market, which nobody waits for.
    desk.deliver_if_due(one.exp_ms)
    client.exchange.tell_accounts()
    frames = client.frames()
    (event,) = rows(frames, "balance_and_position")
    (gone,) = rows(frames, "orders")
    (position,) = rows(frames, "positions")

    assert early == []
    assert rows(opened, "positions")[-1]["pos"] == "-3"
    assert (gone["state"], gone["cancelSource"]) == ("canceled", "7")
    assert (event["eventType"], position["pos"]) == ("delivered", "0")
    assert text(desk.holdings.cash["USDT"] - before) == position["pnl"]
    assert not desk.orders
    assert not desk.holdings.open_positions()


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
