"""The private channels: what they begin with and what they tell."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from okxlab.protocol.channels import channel
from okxlab.simulator.accounts import Account
from okxlab.simulator.accounts.audience import OWN
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.wire import step
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

HOUR = 3_600_000


def _subscribed(*args, exchange=None):
    client = AccountClient(exchange)
    client.login()
    return client, client.subscribe(*args)


def test_account_snapshot():
    """The snapshot comes right after the ack, and then the count of connections."""
    client, (ack, push, count) = _subscribed({"channel": "account"})
    (row,) = push["data"]

    assert (ack["event"], ack["arg"]) == ("subscribe", {"channel": "account"})
    assert push["arg"] == {
        "channel": "account",
        "uid": client.exchange.accounts.desk().uid,
    }
    assert (push["eventType"], push["curPage"], push["lastPage"]) == (
        "snapshot",
        1,
        True,
    )
    assert {one["ccy"]: one["cashBal"] for one in row["details"]} == {
        "BTC": "1",
        "USDT": "100000",
    }
    assert (count["event"], count["channel"]) == ("channel-conn-count", "account")
    assert count["connCount"] == "1"


def test_snapshot_in_pages():
    """What is more than twenty comes in pages that say which is the last."""
    many = {f"C{i:02}": "1" for i in range(45)}
    exchange = Exchange(7, start_ms=START, accounts=[Account(balances=many)])
    _, (_, *pages, _) = _subscribed({"channel": "account"}, exchange=exchange)
    told = [[one["ccy"] for one in page["data"][0]["details"]] for page in pages]

    assert [(page["curPage"], page["lastPage"]) for page in pages] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    assert list(map(len, told)) == [20, 20, 5]
    assert sorted(ccy for page in told for ccy in page) == sorted(many)
    assert {page["eventType"] for page in pages} == {"snapshot"}


def test_one_currency():
    """With ``ccy`` only that currency is told."""
    _, (_, push, _) = _subscribed({"channel": "account", "ccy": "BTC"})

    assert [one["ccy"] for one in push["data"][0]["details"]] == ["BTC"]


def test_positions_begin_empty():
    """Without positions the first push has no rows, and orders and fills have none."""
    _, pushes = _subscribed(ALL[1], ALL[3], ALL[4])
    (push,) = [frame for frame in pushes if "data" in frame]

    assert (push["arg"]["channel"], push["data"]) == ("positions", [])


def test_subscribed_twice():
    """A second subscribe is acknowledged, counted once, and brings nothing double."""
    client, _ = _subscribed(ALL[3])
    again = client.subscribe(ALL[3])
    _, pushes = client.order(SPOT, "sell", "0.01")

    assert [frame["event"] for frame in again] == ["subscribe"]
    assert states(pushes) == ["live", "filled"]


def test_unsubscribed():
    """After an unsubscribe there is silence, and a new subscribe brings a snapshot."""
    client, _ = _subscribed(ALL[0])
    (gone,) = client.send({"op": "unsubscribe", "args": [ALL[0]]})
    _, pushes = client.order(SPOT, "sell", "0.01")
    again = client.subscribe(ALL[0])

    assert gone["event"] == "unsubscribe"
    assert pushes == []
    assert again[1]["eventType"] == "snapshot"


def test_only_what_was_asked_for():
    """instType and instId narrow orders and positions; the instId wins."""
    args = [
        {"channel": "orders", "instType": "SPOT"},
        {"channel": "orders", "instType": "SWAP"},
        {"channel": "orders", "instType": "ANY", "instId": "ETH-USDT"},
        {"channel": "orders", "instType": "SWAP", "instFamily": "ETH-USDT"},
        {"channel": "positions", "instType": "MARGIN", "instId": SWAP},
        {"channel": "positions", "instType": "MARGIN"},
    ]
    heard = []
    for arg in args:
        client, _ = _subscribed(arg)
        got = []
        for inst_id in (SPOT, SWAP, "ETH-USDT", "ETH-USDT-SWAP"):
            side = "sell" if inst_id == SPOT else "buy"
            _, pushes = client.order(inst_id, side, "1", tgtCcy="base_ccy")
            got += [row["instId"] for row in rows(pushes, arg["channel"])]
        heard.append(list(dict.fromkeys(got)))

    assert heard == [
        [SPOT, "ETH-USDT"],
        [SWAP, "ETH-USDT-SWAP"],
        ["ETH-USDT"],
        ["ETH-USDT-SWAP"],
        [SWAP],
        [],
    ]


def test_unknown_instrument():
    """An instrument that is not listed is refused as on other channels."""
    client = AccountClient()
    client.login()
    arg = {"channel": "orders", "instType": "ANY", "instId": "NOPE-USDT"}
    (refused,) = client.subscribe(arg)

    assert refused["code"] == "60018"


def test_without_login():
    """A private channel without a login is refused."""
    answers = AccountClient().subscribe(*ALL)

    assert {answer["code"] for answer in answers} == {"60011"}


def test_tier():
    """A channel for high tiers is refused to those below."""
    exchange = Exchange(7, start_ms=START, accounts=[Account(tier=3)])
    _, (refused,) = _subscribed({"channel": "fills"}, exchange=exchange)

    assert refused["code"] == "64003"


def test_count_of_connections():
    """The thirty-first connection of an account is told that it has nothing."""
    exchange = Exchange(7, start_ms=START)
    counts = [
        _subscribed(ALL[3], exchange=exchange)[1][-1]["connCount"] for _ in range(30)
    ]
    late, (ack, error) = _subscribed(ALL[3], exchange=exchange)
    _, pushes = late.order(SPOT, "sell", "0.01")

    assert counts == [str(i + 1) for i in range(30)]
    assert ack["event"] == "subscribe"
    assert (error["event"], error["connCount"]) == ("channel-conn-count-error", "30")
    assert pushes == []


def test_a_connection_that_goes_is_not_counted():
    """Room that a lost connection leaves can be used again."""
    exchange = Exchange(7, start_ms=START)
    first, _ = _subscribed(ALL[0], exchange=exchange)
    exchange.disconnect(first.link)
    _, frames = _subscribed(ALL[0], exchange=exchange)

    assert frames[-1]["connCount"] == "1"


def test_a_member_that_is_let_go_of():
    """A connection with private channels that the exchange ends is gone at once."""
    client = traded()
    client.send({"op": "subscribe", "args": [], "id": "x" * 70_000})
    client.exchange.disconnect(client.link)

    assert client.link.session.closing.code == 1009
    assert client.exchange.links == ()


def test_accounts_do_not_hear_one_another():
    """What one does is told to its own connections, all of them."""
    two = [Account(), Account("k", "s", "p")]
    exchange = Exchange(7, start_ms=START, accounts=two)
    mine, other, stranger = (
        AccountClient(exchange),
        AccountClient(exchange),
        AccountClient(exchange, key=two[1].credentials),
    )
    for client in (mine, other, stranger):
        client.login()
        client.subscribe(*ALL)
    _, pushes = mine.order(SPOT, "sell", "0.01")

    assert other.frames() == pushes
    assert stranger.frames() == []


def test_a_currency_that_is_spent():
    """It is told once with nothing, and is gone from the next snapshot."""
    client = traded()
    _, pushes = client.order(SPOT, "sell", "1")
    later = client.after(5_000)
    event = {
        one["ccy"]: one["cashBal"] for one in rows(pushes, "account")[-1]["details"]
    }
    regular = [one["ccy"] for one in rows(later, "account")[-1]["details"]]

    assert event["BTC"] == "0"
    assert regular == ["USDT"]


def test_balance_and_position():
    """A fill tells the cash and the position that it changed, and the trade."""
    _, pushes = traded().order(SWAP, "buy", "1")
    (row,) = rows(pushes, "balance_and_position")
    (fill,) = rows(pushes, "fills")

    assert row["eventType"] == "filled"
    assert [one["ccy"] for one in row["balData"]] == ["USDT"]
    assert [(one["instId"], one["pos"]) for one in row["posData"]] == [(SWAP, "1")]
    assert row["trades"] == [{"instId": SWAP, "tradeId": fill["tradeId"]}]


def test_regular_pushes():
    """Balances and positions come every five seconds, marked to market."""
    client = traded()
    client.order(SWAP, "buy", "1")
    frames = client.after(20_000)
    marks = [row["markPx"] for row in rows(frames, "positions")]
    types = {frame["eventType"] for frame in frames if "eventType" in frame}
    row = rows(frames, "positions")[-1]
    upl = (Decimal(row["markPx"]) - Decimal(row["avgPx"])) * Decimal("0.01")

    assert len(marks) == 4
    assert len(set(marks)) > 1
    assert types == {"snapshot"}
    assert Decimal(row["upl"]) == upl


@pytest.mark.parametrize("extra", ["[" * 30_000, "7", '{"updateInterval":[]}'])
def test_unreadable_interval(extra):
    """What makes no sense in ``extraParams`` leaves the interval as it is."""
    arg = {"channel": "positions", "instType": "ANY", "extraParams": extra}
    client, _ = _subscribed(arg)
    client.order(SWAP, "buy", "1")

    assert len(rows(client.after(12_000), "positions")) == 2


@pytest.mark.parametrize(
    ("interval", "pushes"), [("0", 0), ("2000", 6), ("4000", 3), ("1", 2), ("?", 2)]
)
def test_update_interval(interval, pushes):
    """``extraParams`` sets how often positions are told without an event."""
    extra = json.dumps({"updateInterval": interval})
    arg = {"channel": "positions", "instType": "ANY", "extraParams": extra}
    client, _ = _subscribed(arg)
    client.order(SWAP, "buy", "1")

    assert len(rows(client.after(12_000), "positions")) == pushes


def test_events_only():
    """An account can be told of events only."""
    arg = {"channel": "account", "extraParams": '{"updateInterval":"0"}'}
    client, _ = _subscribed(arg)

    assert rows(client.after(30_000), "account") == []


def test_closed_position():
    """It is told once with no lots, and then no more."""
    client = traded()
    client.order(SWAP, "buy", "1")
    _, pushes = client.order(SWAP, "sell", "1")
    (closed,) = rows(pushes, "positions")

    assert (closed["pos"], closed["avgPx"], closed["upl"]) == ("0", "0", "0")
    assert Decimal(closed["realizedPnl"]) == Decimal(closed["pnl"]) + Decimal(
        closed["fee"]
    )
    assert rows(client.after(10_000), "positions") == []


def test_greeks():
    """The delta of a coin is what is held of it, in cash and in contracts."""
    client = traded()
    _, pushes = client.order(SWAP, "sell", "50")
    (btc,) = rows(pushes, "account-greeks")

    assert (btc["ccy"], btc["deltaBS"], btc["gammaPA"]) == ("BTC", "0.5", "0")


def test_funding():
    """At the full eight hours a position pays or receives, and cash tells it."""
    start = START // (8 * HOUR) * (8 * HOUR) + 8 * HOUR - 2_000
    client = AccountClient(Exchange(7, start_ms=start))
    client.login()
    client.order(SWAP, "buy", "1")
    client.frames()
    client.subscribe(*ALL)
    frames = client.after(4_000)
    (event,) = rows(frames, "balance_and_position")
    (position,) = [
        row for row in rows(frames, "positions") if row["fundingFee"] != "0"
    ][:1]
    rate = Decimal(client.exchange.market.funding_rate(SWAP)["settFundingRate"])
    paid = Decimal(position["markPx"]) * Decimal("0.01") * rate

    assert event["eventType"] == "funding_fee"
    assert Decimal(position["fundingFee"]) == pytest.approx(-paid)
    assert paid


def test_liquidation():
    """Who can no longer carry a position is warned, and then closed out."""
    poor = [
        Account(key, "s", "p", balances={"USDT": "36"}, leverage=125)
        for key in ("long", "short")
    ]
    exchange = Exchange(7, start_ms=START, instruments=4, accounts=poor)
    clients = [AccountClient(exchange, key=one.credentials) for one in poor]
    for client, side in zip(clients, ("buy", "sell"), strict=True):
        client.login()
        client.order(SWAP, side, "4")
        client.frames()
        client.subscribe(*ALL, {"channel": "liquidation-warning", "instType": "ANY"})
    frames = []
    while not frames or all(
        one.holdings.lots(f"{SWAP}/net") for one in exchange.accounts.desks
    ):
        exchange.advance(exchange.market.now_ms + 10_000, 0.0)
        frames += [client.frames() for client in clients]
    event = [row for got in frames for row in rows(got, "balance_and_position")][-1]
    last = [row for got in frames for row in rows(got, "orders")][-1]

    assert any(rows(got, "liquidation-warning") for got in frames)
    assert event["eventType"] == "liquidation"
    assert (last["category"], last["state"]) == ("full_liquidation", "filled")


# What is on the wire


def _some_of_everything():
    client = traded()
    bid, _ = client.best(SPOT)
    frames = client.subscribe({"channel": "liquidation-warning", "instType": "ANY"})
    frames += client.order(SPOT, "buy", "0.5", bid)[1]
    frames += client.order(SWAP, "sell", "1")[1]
    return frames + client.after(10_000)


def test_rows_fit_the_registry():
    """Every row decodes as the registry has it and leaves no key over."""
    frames = _some_of_everything()
    seen = set()
    for frame in frames:
        if "data" not in frame:
            continue
        entry = channel(frame["arg"]["channel"])
        names = {field.encode_name for field in msgspec.structs.fields(entry.row)}
        for row in frame["data"]:
            msgspec.convert(row, entry.row, strict=False)
            seen.add(entry.name)

            assert set(row) <= names, (entry.name, set(row) - names)

    assert seen == OWN - {"liquidation-warning"}


PUBLISHED = {
    "account": "account-snapshot.json",
    "positions": "positions-snapshot.json",
    "balance_and_position": "balance_and_position.json",
    "orders": "orders.json",
    "fills": "fills.json",
    "account-greeks": "account-greeks.json",
}


@pytest.mark.parametrize(("name", "file"), PUBLISHED.items())
def test_rows_have_what_published_ones_have(frames, name, file):
    """No member of a published frame is missing, and each is of its type."""
    published = json.loads(Path(frames / file).read_text(encoding="utf-8"))
    got = rows(_some_of_everything(), name)

    assert _shape(published["data"][0]) <= set().union(*map(_shape, got))


def _shape(row, where=""):
    """Return path and type of each member, of lists those of the first element."""
    found = set()
    for key, value in row.items():
        path = f"{where}/{key}"
        found.add((path, type(value).__name__))
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict) and key != "closeOrderAlgo":
            found |= _shape(inner, path)
    return found


def test_numbers_are_plain():
    """No number is in exponent form, and prices and sizes are on their grid."""
    client = traded(accounts=[Account(balances={"USDT": "100000000"})])
    _, pushes = client.order("DOGE-USDT", "buy", "1234567")
    (listed,) = client.exchange.market.instruments("SPOT", inst_id="DOGE-USDT")
    tick, lot = step(listed["tickSz"]), step(listed["lotSz"])

    assert not re.search(r"\d[eE][+-]?\d", json.dumps(pushes))
    for fill in rows(pushes, "fills"):
        assert Decimal(fill["fillPx"]) % Decimal(tick.text(1)) == 0
        assert Decimal(fill["fillSz"]) % Decimal(lot.text(1)) == 0


# The market stays what it was


def test_the_market_does_not_notice():
    """Who watches sees the same bytes, whether anybody trades or not."""
    args = [
        {"channel": name, "instId": inst_id}
        for inst_id in (SPOT, SWAP)
        for name in ("books", "trades", "bbo-tbt", "tickers")
    ]
    seen = []
    for trades in (False, True):
        exchange = Exchange(7, start_ms=START)
        watcher = AccountClient(exchange, path="public")
        frames = watcher.subscribe(*args)
        trader = AccountClient(exchange)
        trader.login()
        for _ in range(10):
            if trades:
                bid, _ = trader.best(SPOT)
                trader.order(SPOT, "buy", "0.3", bid)
                trader.order(SPOT, "sell", "0.4")
                trader.order(SWAP, "buy", "40")
            frames += watcher.after(1_000)
        seen.append([{**frame, "connId": ""} for frame in frames])

    assert seen[0] == seen[1]


def _told(steps):
    client = traded()
    bid, ask = client.best(SPOT)
    client.order(SPOT, "buy", "0.3", bid)
    client.order(SPOT, "sell", "0.3", ask)
    bid, ask = client.best(SWAP)
    client.order(SWAP, "buy", "3", bid)
    client.order(SWAP, "sell", "20", ask)
    client.frames()
    return [frame for ms in steps for frame in client.after(ms)]


def test_time_may_be_cut_in_any_way():
    """One step or many: an account is told the same."""
    whole = _told([30_000])

    assert len(rows(whole, "fills")) > 3
    assert whole == _told([7] * 10 + [130] * 100 + [16_930])
