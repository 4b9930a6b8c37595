"""Orders of an account: what becomes of them, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from okxlab.simulator.accounts import Account
from tests.unit.account_client import (
    SPOT,
    START,
    SWAP,
    AccountClient,
    rows,
    states,
    traded,
)


def _code(answer):
    return answer["data"][0]["sCode"]


def test_answer():
    """The answer has all that OKX's has, and times in microseconds."""
    answer, _ = traded().order(SPOT, "buy", "0.01", tgtCcy="base_ccy", clOrdId="c1")
    (row,) = answer.pop("data")

    assert answer == {
        "id": "a1",
        "op": "order",
        "code": "0",
        "msg": "",
        "inTime": f"{START}000",
        "outTime": f"{START}150",
    }
    assert row == {
        "clOrdId": "c1",
        "ordId": row["ordId"],
        "tag": "",
        "ts": str(START),
        "sCode": "0",
        "sMsg": "",
        "subCode": "",
    }


def test_market_order():
    """A market order is live and then filled at the best price, as taker."""
    client = traded()
    _, ask = client.best(SPOT)
    _, pushes = client.order(SPOT, "buy", "0.01", tgtCcy="base_ccy")
    live, filled = rows(pushes, "orders")
    (fill,) = rows(pushes, "fills")

    assert (live["state"], live["fillSz"], live["tradeId"]) == ("live", "0", "")
    assert (filled["state"], filled["accFillSz"]) == ("filled", "0.01")
    assert (filled["fillPx"], filled["avgPx"], filled["execType"]) == (ask, ask, "T")
    assert (filled["fee"], filled["feeCcy"]) == ("-0.00001", "BTC")
    assert (fill["tradeId"], fill["fillPx"]) == (filled["tradeId"], ask)


def test_size_in_quote_currency():
    """A market buy without tgtCcy is for an amount of quote currency."""
    _, pushes = traded().order(SPOT, "buy", "1000")
    last = rows(pushes, "orders")[-1]
    spent = Decimal(last["accFillSz"]) * Decimal(last["avgPx"])

    assert (last["state"], last["tgtCcy"], last["sz"]) == (
        "filled",
        "quote_ccy",
        "1000",
    )
    assert Decimal(999) < spent <= Decimal(1000)


def test_several_levels():
    """A large order works its way up the book, a fill a level, never the same twice."""
    client = traded(accounts=[Account(balances={"USDT": "100000000"})])
    _, pushes = client.order(SPOT, "buy", "20", tgtCcy="base_ccy")
    _, again = client.order(SPOT, "buy", "0.1", tgtCcy="base_ccy")
    fills = rows(pushes, "fills")
    prices = [Decimal(fill["fillPx"]) for fill in fills]
    last = rows(pushes, "orders")[-1]
    value = sum(p * Decimal(f["fillSz"]) for p, f in zip(prices, fills, strict=True))

    assert len(prices) > 5
    assert prices == sorted(set(prices))
    assert sum(Decimal(fill["fillSz"]) for fill in fills) == Decimal(20)
    assert abs(value / 20 - Decimal(last["avgPx"])) < Decimal("1e-9")
    assert set(states(pushes)) == {"live", "partially_filled", "filled"}
    assert Decimal(rows(again, "fills")[0]["fillPx"]) >= prices[-1]


def test_named_by_code():
    """An instrument may be named by its instIdCode, as a number."""
    client = traded()
    (listed,) = client.exchange.market.instruments("SPOT", inst_id=SPOT)
    sent = {"tdMode": "cash", "side": "sell", "ordType": "market", "sz": "0.01"}
    answer, pushes = client.operate(
        "order", sent | {"instIdCode": listed["instIdCode"]}
    )
    refused, _ = client.operate(
        "order", sent | {"instIdCode": str(listed["instIdCode"])}
    )

    assert _code(answer) == "0"
    assert rows(pushes, "orders")[0]["instId"] == SPOT
    assert _code(refused) == "51000"


def test_resting_order_is_filled_by_the_flow():
    """A bid at the best price rests, and takers of the flow come to it in time."""
    client = traded()
    bid, _ = client.best(SPOT)
    _, placed = client.order(SPOT, "buy", "0.5", bid)
    later = client.after(60_000)
    fills = rows(later, "fills")

    assert states(placed) == ["live"]
    assert states(later)[-1] == "filled"
    assert {fill["fillPx"] for fill in fills} == {bid}
    assert {fill["execType"] for fill in fills} == {"M"}
    assert rows(later, "orders")[-1]["fee"] == "-0.0004"


def test_nobody_comes_to_a_price_far_away():
    """What rests far below the market is not filled."""
    client = traded()
    bid, _ = client.best(SPOT)
    client.order(SPOT, "buy", "0.01", str(int(Decimal(bid) / 2)))

    assert states(client.after(60_000)) == []


def test_queue():
    """An order stands behind what stood at its price, until that is gone."""
    client = traded()
    _, bids = client.exchange.market.pit(SPOT).window.best(1)
    client.order(SPOT, "buy", "0.0001", bids[0][0])
    (order,) = client.exchange.accounts.desk().orders.values()

    assert order.ahead == Decimal(bids[0][1]).scaleb(8)


def test_cancel():
    """A cancelled order is told so, with the reason, and its money is free again."""
    client = traded()
    bid, _ = client.best(SPOT)
    _, placed = client.order(SPOT, "buy", "0.1", bid, clOrdId="c7")
    held = rows(placed, "account")[-1]["details"]
    answer, pushes = client.operate("cancel-order", {"instId": SPOT, "clOrdId": "c7"})
    row = rows(pushes, "orders")[0]
    freed = {one["ccy"]: one for one in rows(pushes, "account")[-1]["details"]}
    again, _ = client.operate("cancel-order", {"instId": SPOT, "clOrdId": "c7"})
    (usdt,) = [one for one in held if one["ccy"] == "USDT"]

    assert _code(answer) == "0"
    assert (row["state"], row["cancelSource"]) == ("canceled", "1")
    assert Decimal(usdt["frozenBal"]) == Decimal(bid) / 10
    assert Decimal(usdt["availBal"]) + Decimal(usdt["frozenBal"]) == 100_000
    assert (freed["USDT"]["frozenBal"], freed["USDT"]["availBal"]) == ("0", "100000")
    assert (again["code"], _code(again)) == ("1", "51400")


def test_amend():
    """Size and price of an open order can be changed; the answer echoes reqId."""
    client = traded()
    bid, _ = client.best(SPOT)
    placed, _ = client.order(SPOT, "buy", "0.1", str(int(Decimal(bid)) - 100))
    change = {
        "ordId": placed["data"][0]["ordId"],
        "newSz": "0.2",
        "newPx": str(int(Decimal(bid)) - 50),
        "reqId": "r1",
    }
    answer, pushes = client.operate("amend-order", {"instId": SPOT, **change})
    row = rows(pushes, "orders")[0]

    assert answer["data"][0]["reqId"] == "r1"
    assert "tag" not in answer["data"][0]
    assert (row["state"], row["sz"], row["px"]) == ("live", "0.2", change["newPx"])
    assert (row["reqId"], row["amendResult"], row["amendSource"]) == ("r1", "0", "1")


def test_amend_to_a_price_that_takes():
    """An order that is moved into the other side trades at once."""
    client = traded()
    bid, ask = client.best(SPOT)
    placed, _ = client.order(SPOT, "buy", "0.01", str(int(Decimal(bid)) - 100))
    change = {"ordId": placed["data"][0]["ordId"], "newPx": ask}
    _, pushes = client.operate("amend-order", {"instId": SPOT, **change})

    assert states(pushes) == ["live", "filled"]
    assert rows(pushes, "fills")[0]["execType"] == "T"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "51500"),
        ({"newSz": "0.1"}, "51500"),
        ({"newSz": "1000"}, "51008"),
        ({"newPx": "0.01"}, "51000"),
        ({"newPx": "1000000"}, "51006"),
        ({"newSz": "x"}, "51000"),
        ({"ordId": "1", "newSz": "0.2"}, "51503"),
    ],
)
def test_amendments_refused(change, code):
    """What cannot be amended leaves the order as it was."""
    client = traded()
    bid, _ = client.best(SPOT)
    placed, _ = client.order(SPOT, "buy", "0.1", str(int(Decimal(bid)) - 100))
    sent = {"instId": SPOT, "ordId": placed["data"][0]["ordId"], **change}
    answer, pushes = client.operate("amend-order", sent)
    (order,) = client.exchange.accounts.desk().orders.values()

    assert _code(answer) == code
    assert states(pushes) == []
    assert (order.sz, order.state) == ("0.1", "live")


def test_cancel_on_fail():
    """An amendment that fails may take the order with it."""
    client = traded()
    bid, _ = client.best(SPOT)
    placed, _ = client.order(SPOT, "buy", "0.1", bid)
    sent = {"ordId": placed["data"][0]["ordId"], "newSz": "1000", "cxlOnFail": True}
    answer, pushes = client.operate("amend-order", sent)

    assert _code(answer) == "51008"
    assert states(pushes) == ["canceled"]


def test_post_only():
    """A post-only order that would take is cancelled, without ever being live."""
    client = traded()
    bid, ask = client.best(SPOT)
    _, taking = client.order(SPOT, "buy", "0.1", ask, ordType="post_only")
    _, resting = client.order(SPOT, "buy", "0.1", bid, ordType="post_only")

    assert [r["cancelSource"] for r in rows(taking, "orders")] == ["31"]
    assert states(taking) == ["canceled"]
    assert states(resting) == ["live"]


@pytest.mark.parametrize(
    ("ord_type", "sz", "came"),
    [
        ("fok", "0.001", ["live", "filled"]),
        ("fok", "500", ["live", "canceled"]),
        ("ioc", "0.001", ["live", "filled"]),
        ("ioc", "500", ["live", "partially_filled", "canceled"]),
        ("limit", "500", ["live", "partially_filled"]),
    ],
)
def test_order_types(ord_type, sz, came):
    """Fill or kill, immediate or cancel, and what rests with what is left."""
    client = traded(accounts=[Account(balances={"USDT": "100000000"})])
    _, ask = client.best(SPOT)
    _, pushes = client.order(SPOT, "buy", sz, ask, ordType=ord_type)

    assert states(pushes) == came


def test_batch():
    """A batch says for each order what became of it, and code 2 if not of all."""
    client = traded()
    bid, _ = client.best(SPOT)
    good = {"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "limit"}
    good |= {"px": bid, "sz": "0.01"}
    bad = good | {"sz": "1000"}
    some, _ = client.operate("batch-orders", good, bad)
    none, _ = client.operate("batch-orders", bad)
    ids = [{"instId": SPOT, "ordId": some["data"][0]["ordId"]}]
    gone, pushes = client.operate("batch-cancel-orders", *ids)

    assert [some["code"], none["code"], gone["code"]] == ["2", "1", "0"]
    assert [row["sCode"] for row in some["data"]] == ["0", "51008"]
    assert states(pushes) == ["canceled"]


def test_too_many_and_none():
    """A request with too many orders, or none, is refused as a whole."""
    client = traded()
    good = {"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "market"}
    answers = [
        client.operate("order")[0],
        client.operate("order", good, good)[0],
        client.operate("batch-orders", *[good] * 21)[0],
    ]

    assert [answer["code"] for answer in answers] == ["60013"] * 3
    assert all(answer["data"] == [] for answer in answers)


def test_mass_cancel():
    """It is for options, of which there are no orders: nothing to do, and done."""
    answer, _ = traded().operate("mass-cancel", {"instType": "OPTION"})

    assert (answer["code"], answer["data"]) == ("0", [{"result": True}])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"instId": "NOPE-USDT"}, "51001"),
        ({"instId": ""}, "51001"),
        ({"instId": None, "instIdCode": 99}, "51001"),
        ({"instId": "BTC-USD-SWAP"}, "51010"),
        ({"tdMode": ""}, "51000"),
        ({"side": "hold"}, "51000"),
        ({"ordType": "stop"}, "51000"),
        ({"tgtCcy": "usd"}, "51000"),
        ({"sz": "0"}, "51000"),
        ({"sz": "-1"}, "51000"),
        ({"sz": "much"}, "51000"),
        ({"sz": None}, "51000"),
        ({"sz": ["1"]}, "51000"),
        ({"sz": "0.000000015"}, "51020"),
        ({"sz": "0.010000001"}, "51121"),
        ({"sz": "5", "tgtCcy": "base_ccy"}, "51008"),
        ({"sz": "0.01", "tgtCcy": "quote_ccy"}, "51020"),
        ({"ordType": "limit"}, "51000"),
        ({"ordType": "limit", "px": "0"}, "51000"),
        ({"ordType": "limit", "px": "100000.01"}, "51000"),
        ({"ordType": "limit", "px": "1000"}, "51006"),
        ({"clOrdId": "with-dash"}, "51000"),
        ({"clOrdId": "x" * 33}, "51000"),
    ],
)
def test_orders_refused(change, code):
    """Each thing that is wrong has OKX's code, and nothing happens."""
    client = traded()
    good = {"instId": SPOT, "tdMode": "cash", "side": "sell", "ordType": "market"}
    sent = {
        key: v for key, v in {**good, "sz": "0.01", **change}.items() if v is not None
    }
    answer, pushes = client.operate("order", sent)

    assert (answer["code"], _code(answer)) == ("1", code)
    assert answer["data"][0]["ordId"] == ""
    assert answer["data"][0]["sMsg"]
    assert pushes == []


def test_swap_refusals():
    """Isolated margin, cash, a side of the other mode, and reducing nothing."""
    client = traded()
    codes = [
        _code(client.order(SWAP, "buy", "1", **more)[0])
        for more in (
            {"tdMode": "isolated"},
            {"tdMode": "cash"},
            {"posSide": "long"},
            {"reduceOnly": True},
        )
    ]

    assert codes == ["51010", "51000", "51000", "51169"]


def test_tolerated_extras():
    """Keys that make no difference are passed over."""
    more = {
        "tag": "abcdefghijklmnopqr",
        "ccy": "USDT",
        "posSide": "net",
        "tgtCcy": "base_ccy",
        "expTime": "1",
        "stpMode": "cancel_maker",
        "banAmend": False,
        "attachAlgoOrds": [],
    }
    answer, pushes = traded().order(SWAP, "buy", "1", **more)

    assert _code(answer) == "0"
    assert rows(pushes, "orders")[0]["tag"] == more["tag"]


def test_client_ids():
    """A client's own id is echoed everywhere, and used once among open orders."""
    client = traded()
    bid, _ = client.best(SPOT)
    _, pushes = client.order(SPOT, "buy", "0.01", bid, clOrdId="123")
    again, _ = client.order(SPOT, "buy", "0.01", bid, clOrdId="123")
    client.operate("cancel-order", {"instId": SPOT, "clOrdId": "123"})
    reused, more = client.order(SPOT, "sell", "0.01", clOrdId="123")

    assert {row["clOrdId"] for row in rows(pushes, "orders")} == {"123"}
    assert _code(again) == "51016"
    assert _code(reused) == "0"
    assert rows(more, "fills")[0]["clOrdId"] == "123"


def test_swap_position():
    """A position opens, grows and turns in net mode."""
    client = traded()
    sizes = [
        rows(client.order(SWAP, side, sz)[1], "positions")[-1]["pos"]
        for side, sz in (("buy", "2"), ("buy", "1.5"), ("sell", "5"), ("buy", "1.5"))
    ]

    assert sizes == ["2", "3.5", "-1.5", "0"]


def test_profit_is_realised_to_the_last_digit():
    """What a round trip brings is price by size by contract, and nothing else."""
    client = traded()
    _, bought = client.order(SWAP, "buy", "3")
    client.after(30_000)
    _, sold = client.order(SWAP, "sell", "3")
    buys, sales = rows(bought, "fills"), rows(sold, "fills")
    contract = Decimal("0.01")
    worth = [
        sum(Decimal(f["fillPx"]) * Decimal(f["fillSz"]) * contract for f in fills)
        for fills in (buys, sales)
    ]
    closed = rows(sold, "orders")[-1]
    usdt = rows(sold, "balance_and_position")[-1]["balData"][0]
    fees = sum(worth) * Decimal("0.0005")

    assert Decimal(closed["pnl"]) == worth[1] - worth[0]
    assert Decimal(usdt["cashBal"]) == 100_000 + worth[1] - worth[0] - fees


def test_reduce_only():
    """It is cut to the position, and dropped when there is none any more."""
    client = traded()
    client.order(SWAP, "buy", "2")
    _, ask = client.best(SWAP)
    far = str(int(Decimal(ask)) + 500)
    _, resting = client.order(SWAP, "sell", "5", far, reduceOnly=True)
    _, closing = client.order(SWAP, "sell", "2", reduceOnly="true")

    assert rows(resting, "orders")[0]["sz"] == "2"
    assert states(closing) == ["live", "filled", "canceled"]
    assert rows(closing, "orders")[-1]["cancelSource"] == "17"


def test_margin():
    """A position needs a tenth of its value; who has less is refused."""
    client = traded(accounts=[Account(balances={"USDT": "1000"}, leverage=10)])
    refused, _ = client.order(SWAP, "buy", "12")
    answer, pushes = client.order(SWAP, "buy", "5")
    (usdt,) = rows(pushes, "account")[-1]["details"]
    (position,) = rows(pushes, "positions")

    assert _code(refused) == "51008"
    assert _code(answer) == "0"
    assert Decimal(usdt["imr"]) * 10 == pytest.approx(Decimal(position["notionalUsd"]))
    assert _code(client.order(SWAP, "sell", "5")[0]) == "0"


def test_operations_need_a_login_and_the_private_path():
    """Without a login 60011, on another path 60028."""
    stranger = AccountClient()
    (refused,) = stranger.send({"id": "1", "op": "order", "args": [{}]})
    elsewhere = AccountClient(path="business")
    elsewhere.login()
    (wrong,) = elsewhere.send({"id": "1", "op": "order", "args": [{}]})

    assert (refused["code"], refused["id"]) == ("60011", "1")
    assert wrong["code"] == "60028"
