"""Accounts on real sockets: logins, orders, signed REST calls, lessons and scripts."""

from __future__ import annotations

import datetime as dt
import doctest
import json
import time
import urllib.error
import urllib.request

import pytest

from okxlab.errors import ExchangeError
from okxlab.protocol.auth import Credentials, login_arg, rest_headers
from okxlab.simulator import Account, Simulator
from okxlab.simulator.accounts import account, lessons
from tests.simulated.foreign_client import START, closing, open_path, receive, request

pytestmark = pytest.mark.simulated

KEY = Credentials("simulator-key", "simulator-secret", "simulator-pass")
ORDERS = {"channel": "orders", "instType": "ANY"}


@pytest.fixture
def still():
    """Run a simulator whose time moves by steps only."""
    with Simulator(7, start=START, speed=0) as running:
        yield running


def _log_in(ws, key=KEY, stamp=None):
    stamp = str(int(time.time())) if stamp is None else stamp
    ws.send(request("login", login_arg(key, stamp)))
    return receive(ws)


def _until(ws, channel):
    """Return the rows of the next push of a channel."""
    while True:
        frame = receive(ws)
        if frame.get("arg", {}).get("channel") == channel and "data" in frame:
            return frame["data"]


def _signed(simulator, target, key=KEY, body=None):
    """Return status and body of a signed call, a POST if there is a body."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")  # noqa: TID251  # a client has a clock
    method, sent = ("GET", "") if body is None else ("POST", json.dumps(body))
    stamp = now.replace("+00:00", "Z")
    headers = rest_headers(key, stamp, target + sent, method)
    asked = urllib.request.Request(
        simulator.rest + target,
        headers=headers,
        method=method,
        data=sent.encode() or None,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_an_order_from_login_to_fill(still):
    """A client logs in by the wall clock, orders, and hears what becomes of it."""
    with open_path(still, "private") as ws:
        login = _log_in(ws)
        ws.send(request("subscribe", ORDERS))
        sent = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy"}
        sent |= {"ordType": "market", "sz": "100"}
        ws.send(json.dumps({"id": "1", "op": "order", "args": [sent]}))
        ack, count, answer = receive(ws), receive(ws), receive(ws)
        states = [_until(ws, "orders")[0]["state"] for _ in range(2)]

    assert login["event"] == "login"
    assert (ack["event"], count["event"]) == ("subscribe", "channel-conn-count")
    assert (answer["id"], answer["code"]) == ("1", "0")
    assert states == ["live", "filled"]


@pytest.mark.parametrize(
    ("key", "late", "code"),
    [
        (Credentials("simulator-key", "simulator-secret", "guess"), 0, "60024"),
        (Credentials("simulator-key", "guess", "simulator-pass"), 0, "60007"),
        (Credentials("guess", "simulator-secret", "simulator-pass"), 0, "60005"),
        (KEY, 60, "60006"),
    ],
)
def test_refused(still, key, late, code):
    """A refusal says what is wrong, and the connection lives on."""
    with open_path(still, "private") as ws:
        refused = _log_in(ws, key, str(int(time.time()) - late))
        ws.send("ping")

        assert (refused["event"], refused["code"]) == ("error", code)
        assert ws.recv(timeout=5) == "pong"


def test_lesson(still):
    """What a lesson orders is told to who is logged in, and seen over REST."""
    with open_path(still, "private") as ws:
        _log_in(ws)
        ws.send(request("subscribe", ORDERS))
        assert receive(ws)["event"] == "subscribe"
        order = still.trade("BTC-USDT", "sell", "0.5", 101_900, clOrdId="lesson")
        live = _until(ws, "orders")[0]
        _, pending = _signed(still, "/api/v5/trade/orders-pending?instType=SPOT")
        gone = still.cancel(order["ordId"])
        last = _until(ws, "orders")[0]
    _, found = _signed(still, "/api/v5/trade/order?instId=BTC-USDT&clOrdId=lesson")
    _, none = _signed(still, "/api/v5/trade/order?instId=BTC-USDT&ordId=1")

    assert (order["state"], live["ordId"]) == ("live", order["ordId"])
    assert [row["clOrdId"] for row in pending["data"]] == ["lesson"]
    assert gone["state"] == last["state"] == found["data"][0]["state"] == "canceled"
    assert (none["code"], none["data"]) == ("51603", [])


def test_order_by_rest(still):
    """An order by POST is taken, and told on the channel; other posts are not."""
    order = {
        "instId": "BTC-USDT",
        "tdMode": "cash",
        "side": "sell",
        "ordType": "market",
        "sz": "0.01",
    }
    with open_path(still, "private") as ws:
        _log_in(ws)
        ws.send(request("subscribe", ORDERS))
        assert receive(ws)["event"] == "subscribe"
        _, placed = _signed(still, "/api/v5/trade/order", body=order)
        told = _until(ws, "orders")[0]
    status, _ = _signed(still, "/api/v5/public/time", body={})

    assert placed["data"][0]["ordId"] == told["ordId"]
    assert status == 405


def test_looking_into_an_account(still):
    """A lesson reads cash, orders and positions without a client."""
    order = still.trade("BTC-USDT", "buy", "0.1", 90_000)
    amended = still.amend(order["ordId"], px=91_000, sz="0.2")
    still.trade("BTC-USDT-SWAP", "sell", "1")
    open_orders, (position,) = still.orders(), still.positions()

    assert (amended["px"], amended["sz"], amended["state"]) == ("91000", "0.2", "live")
    assert [one["ordId"] for one in open_orders] == [order["ordId"]]
    assert (position["instId"], position["pos"]) == ("BTC-USDT-SWAP", "-1")
    assert still.balances()["BTC"] == "1"


def test_examples():
    """The examples of the documentation do what they show."""
    found = [doctest.testmod(module) for module in (account, lessons)]

    assert [(result.failed, result.attempted > 0) for result in found] == [
        (0, True),
        (0, True),
    ]


def test_trader_from_the_start():
    """One argument makes the first account trade; what is not traded is refused."""
    with Simulator(7, start=START, speed=0, trader="BTC-USDT") as simulator:
        simulator.step(6)
        bought = simulator.balances()["BTC"]

    assert bought > "1"
    with (
        pytest.raises(ValueError, match="BTC-USD-SWAP"),
        Simulator(7, start=START, speed=0, trader="BTC-USD-SWAP"),
    ):
        pass


def test_demo_trading():
    """A simulator may pass for demo trading; a key of live trading finds no way in."""
    both = [
        Account(),
        Account("demo", "s", "p", simulated=True),
        Account("live", "s", "p", simulated=False),
    ]
    codes = []
    with Simulator(7, start=START, speed=0, accounts=both, simulated=True) as demo:
        for one in both:
            with open_path(demo, "private") as ws:
                codes.append(_log_in(ws, one.credentials)["code"])
        is_demo = demo.environment.simulated

    assert is_demo
    assert codes == ["0", "0", "50101"]


def test_lesson_that_is_refused(still):
    """The error carries OKX's code and words."""
    with pytest.raises(ExchangeError) as refused:
        still.trade("BTC-USDT", "buy", "1000")

    assert (refused.value.code, refused.value.msg[:12]) == ("51008", "Order failed")


def test_signed_calls(still):
    """Balance, positions and configuration are told to whoever signs."""
    still.trade("BTC-USDT-SWAP", "buy", "2")
    balance = _signed(still, "/api/v5/account/balance?ccy=USDT,BTC")[1]["data"][0]
    (position,) = _signed(still, "/api/v5/account/positions?instType=SWAP")[1]["data"]
    (config,) = _signed(still, "/api/v5/account/config")[1]["data"]
    currencies = _signed(still, "/api/v5/asset/currencies?ccy=BTC")[1]["data"]
    currencies = _signed(still, "/api/v5/asset/currencies?ccy=BTC")[1]["data"]
    refused = _signed(
        still,
        "/api/v5/account/balance",
        Credentials("simulator-key", "guess", "simulator-pass"),
    )

    assert {row["ccy"] for row in balance["details"]} == {"USDT", "BTC"}
    assert (position["instId"], position["pos"]) == ("BTC-USDT-SWAP", "2")
    assert (config["posMode"], config["acctLv"]) == ("net_mode", "2")
    assert [(one["ccy"], one["canWd"]) for one in currencies] == [("BTC", False)]
    assert [(one["ccy"], one["canWd"]) for one in currencies] == [("BTC", False)]
    assert (refused[0], refused[1]["code"]) == (401, "50113")


def test_positions_can_be_narrowed(still):
    """A position of another instrument is left out."""
    still.trade("BTC-USDT-SWAP", "buy", "2")
    target = "/api/v5/account/positions?instId=ETH-USDT-SWAP"

    assert _signed(still, target)[1]["data"] == []


@pytest.mark.parametrize("inst_id", ["BTC-USDT", "ETH-USDT-SWAP"])
def test_script(still, inst_id):
    """A script trades round after round until it is stopped, and leaves no order."""
    with open_path(still, "private") as ws:
        _log_in(ws)
        ws.send(request("subscribe", ORDERS))
        with still.script_trader(inst_id, every=1):
            still.step(30)
        ws.send(request("unsubscribe", ORDERS))
        states = []
        while (frame := receive(ws)).get("event") != "unsubscribe":
            states += [row["state"] for row in frame.get("data", ())]
    _, pending = _signed(still, "/api/v5/trade/orders-pending")
    still.step(10)
    told = still.trade(inst_id, "buy", "0.1")

    assert {"live", "filled", "canceled"} <= set(states)
    assert pending["data"] == []
    assert told["state"] == "filled"


def test_account_of_another_simulator(still):
    """An account that is not one of its own is named by no key in the error."""
    with pytest.raises(LookupError, match="no such account") as refused:
        still.trade("BTC-USDT", "buy", "1", account=Account("canary", "s", "p"))

    assert "canary" not in str(refused.value)


def test_script_with_two_sides():
    """A script trades for an account in long/short mode too."""
    two_sided = [Account(pos_mode="long_short_mode")]
    with Simulator(7, start=START, speed=0, accounts=two_sided) as simulator:
        simulator.script_trader("BTC-USDT-SWAP")
        simulator.step(6)
        (position,) = simulator.positions()

    assert position["posSide"] == "long"


def test_the_same_script_twice():
    """The same seed trades in the same way."""
    ends = []
    for _ in range(2):
        with Simulator(7, start=START, speed=0) as simulator:
            simulator.script_trader(every=1, seed=3)
            simulator.step(20)
            balance = _signed(simulator, "/api/v5/account/balance")[1]["data"]
            ends.append([one["cashBal"] for one in balance[0]["details"]])

    assert ends[0] == ends[1] != ["100000", "1"]


def test_script_of_what_is_not_traded(still):
    """A script needs a spot pair or a linear swap."""
    with pytest.raises(ValueError, match="BTC-USD-SWAP"):
        still.script_trader("BTC-USD-SWAP")


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf")])
def test_a_script_needs_a_pause(still, every):
    """A pause that is none is refused where the teacher stands."""
    with pytest.raises(ValueError, match="every="):
        still.script_trader(every=every)


def test_script_goes_on_after_a_restart():
    """A simulator that is started again lets its scripts trade again."""
    simulator = Simulator(7, start=START, speed=0)
    with simulator:
        script = simulator.script_trader(every=1)
    with simulator:
        simulator.step(5)
        _, traded = _signed(simulator, "/api/v5/account/balance")
        script.stop()
    script.stop()

    assert traded["data"][0]["details"][0]["cashBal"] not in {"1", "100000"}


def test_needs_to_run():
    """Neither lessons nor scripts work on a simulator that is stopped."""
    simulator = Simulator(7, start=START, speed=0)

    with pytest.raises(RuntimeError):
        simulator.trade("BTC-USDT", "buy", "1")
    with pytest.raises(RuntimeError):
        simulator.script_trader()


def test_accounts_of_a_class():
    """Each pupil has an account; a lesson can trade for any of them."""
    ada, bob = (Account(name, f"{name}-secret", "pass") for name in ("ada", "bob"))
    with Simulator(7, start=START, speed=0, accounts=[ada, bob]) as simulator:
        simulator.trade("BTC-USDT", "buy", "0.1", account=bob)
        cash = [
            _signed(simulator, "/api/v5/account/balance?ccy=BTC", one.credentials)[1][
                "data"
            ][0]["details"][0]["cashBal"]
            for one in (ada, bob)
        ]

    assert cash == ["1", "1.0999"]


def test_two_accounts_with_one_key():
    """That is refused when the simulator is made."""
    with pytest.raises(ValueError, match="same api_key"):
        Simulator(accounts=[Account(), Account()])


def test_nothing_shows_the_secret(caplog):
    """Neither reprs nor logs have key, secret or passphrase."""
    canary = Account("canary-key", "canary-secret", "canary-pass")
    with (
        caplog.at_level(0),
        Simulator(7, start=START, speed=0, accounts=[canary]) as simulator,
        open_path(simulator, "private") as ws,
    ):
        _log_in(ws, canary.credentials)
        _log_in(ws, Credentials("canary-key", "canary-x", "canary-pass"))
        shown = repr(simulator) + repr(canary) + repr(simulator.script_trader())
    ours = [one for one in caplog.records if one.name.startswith(("okxlab", "aiohttp"))]

    assert ours
    assert "canary" not in shown + "".join(one.getMessage() for one in ours)


# What no client should send, as JSON
_ODD = (
    "null",
    "true",
    "[]",
    "{}",
    "-1",
    "0",
    "1e308",
    "-1e-400",
    "9" * 400,
    "9" * 5000,
    '""',
    '"NaN"',
    '"-0"',
    '"1e999999999"',
    '"1_000"',
    '" 1"',
    '"\\u0000"',
    '"\u0663"',
    '"\U0001f4a5"',
    f'"{"9" * 5000}"',
    f'"{"[" * 3000}"',
)
_ORDER = {
    "instId": '"BTC-USDT"',
    "tdMode": '"cash"',
    "side": '"buy"',
    "ordType": '"limit"',
    "sz": '"0.001"',
    "px": '"1"',
}
_ANSWERS = {"0", "51000", "51001", "51006", "51020", "51121", "51400", "51503"}


def _odd_requests():
    """Yield an operation and the text of its only arg, with one odd member each."""
    for odd in _ODD:
        for key in (*_ORDER, "instIdCode", "clOrdId", "tag", "reduceOnly", "expTime"):
            yield "order", _ORDER | {key: odd}
        for op, key in (
            ("cancel-order", "ordId"),
            ("cancel-order", "clOrdId"),
            ("amend-order", "ordId"),
            ("amend-order", "newSz"),
        ):
            yield op, {key: odd}
    for key in _ORDER:
        yield "order", {one: value for one, value in _ORDER.items() if one != key}


def test_odd_orders(still):
    """Each gets an answer with a code of OKX, and the connection lives on."""
    with open_path(still, "private") as ws:
        _log_in(ws)
        for op, members in _odd_requests():
            arg = ",".join(f'"{key}":{value}' for key, value in members.items())
            ws.send(f'{{"id":"a1","op":"{op}","args":[{{{arg}}}]}}')
            answer = receive(ws)
            codes = {row["sCode"] for row in answer.get("data", [])}

            assert answer.get("op") == op or answer["code"] == "60012", arg[:200]
            assert codes <= _ANSWERS, arg[:200]
        ws.send("ping")

        assert ws.recv(timeout=30) == "pong"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "60012"),
        ("[" * 40_000, "60012"),
        ('{"op":7}', "60012"),
        ('{"op":"order","args":{}}', "60013"),
        ('{"op":"order","args":[1]}', "60013"),
        ('{"op":"order","id":"a-b","args":[{}]}', "60033"),
        ('{"op":"order","id":{},"args":[{}]}', "60033"),
        ('{"op":"\\ud800","args":[{}]}', "60012"),
        ('{"op":"sprd-order","args":[{}]}', "60019"),
    ],
)
def test_odd_requests(still, text, code):
    """What is no request is refused as a whole, and the connection lives on."""
    with open_path(still, "private") as ws:
        _log_in(ws)
        ws.send(text)
        refusal = receive(ws)
        ws.send("ping")

        assert (refusal["event"], refusal["code"]) == ("error", code)
        assert ws.recv(timeout=30) == "pong"


def test_a_request_that_is_too_long(still):
    """Its sender is let go of with 1009, and others are served."""
    with open_path(still, "private") as ws, open_path(still, "private") as other:
        _log_in(ws)
        ws.send(request("subscribe", ORDERS, {"channel": "account"}))
        _until(ws, "account")
        ws.send(json.dumps({"op": "order", "args": [{"tag": "x" * 70_000}]}))

        assert closing(ws).code == 1009
        assert _log_in(other)["event"] == "login"
        assert still._serving.reach(lambda exchange: len(exchange.links)) == 1
