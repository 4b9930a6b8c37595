"""Private channels that follow a script: what they tell, and that it fits together."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.simulator.accounts import Account
from okxlab.simulator.accounts.scripted.stories import SCRIPTED, STATES
from okxlab.simulator.accounts.shares import scripted_share
from okxlab.simulator.exchange import Exchange
from tests.unit.account_client import START, AccountClient, rows

MINUTE = 60_000
FEW = 4
"""Instruments; the stories need a currency that has both a pair and a swap."""
TWENTY = 20 * MINUTE
OF_A_GRID = ("grid-positions", "grid-sub-orders")


def _arg(name, **more):
    entry = channel(name)
    wire = {"channel": name, **more}
    if "instType" in entry.required:
        wire.setdefault("instType", "ANY" if "ANY" in entry.inst_types else "SWAP")
    return wire


def _client(account=None, start_ms=START):
    account = account or Account()
    exchange = Exchange(
        7,
        start_ms=start_ms,
        instruments=FEW,
        accounts=[account],
    )
    client = AccountClient(exchange, "business", key=account.credentials)
    client.login()
    return client


def _stories(account=None, **market):
    exchange = Exchange(
        7,
        **{"start_ms": START, "instruments": FEW, **market},
        accounts=[account or Account()],
    )
    return exchange.accounts.desk().stories


def _told(ms=TWENTY, account=None, *, start_ms=START, after_ms=START):
    """Return what a stretch of time brings by itself, by channel; no market moves."""
    stories = _stories(account, start_ms=start_ms)
    return {
        name: [
            row
            for at_ms in range(after_ms + 1000, after_ms + ms + 1000, 1000)
            for row in stories.due(name, at_ms)
        ]
        for name in sorted(SCRIPTED)
    }


@pytest.fixture(scope="module")
def told():
    """All that forty minutes bring."""
    return _told(2 * TWENTY)


def test_pushes():
    """Each row comes in a push of its own, under the arg as sent and with the uid."""
    client = _client()
    client.subscribe(_arg("sprd-orders"), _arg("orders-algo", instType="SPOT"))
    pushes = client.after(5 * MINUTE)
    args = [push["arg"] for push in pushes]

    assert {len(push["data"]) for push in pushes} == {1}
    assert {"channel": "sprd-orders", "uid": Account().uid} in args
    assert {
        "channel": "orders-algo",
        "instType": "SPOT",
        "uid": Account().uid,
    } in args
    assert {frozenset(push) for push in pushes} == {frozenset({"arg", "data"})}


@pytest.mark.parametrize("key", ["k1", "k2", "k3", "k4", "k5"])
def test_every_channel_has_rows(key):
    """Within ten minutes there is something on each, whoever it is."""
    told = _told(10 * MINUTE, Account(key, "s", "p"))

    assert {name for name, rows in told.items() if rows} == SCRIPTED


def test_rows_have_every_member(told):
    """Each row has what the registry has, neither more nor less, and it decodes."""
    for name in SCRIPTED:
        struct = channel(name).row
        names = {field.encode_name for field in msgspec.structs.fields(struct)}
        for row in told[name]:
            msgspec.convert(row, struct, strict=False)

            assert set(row) == names, name


@pytest.mark.parametrize("name", sorted(SCRIPTED))
def test_rows_look_like_published_ones(told, frames, name):
    """Every member is of the type that the published frame has."""
    published = json.loads((Path(frames) / f"{name}.json").read_text("utf-8"))

    for row in told[name]:
        for key, value in published["data"][0].items():
            assert type(row[key]) is type(value), key


def test_first_pushes():
    """What is in force comes at once where OKX sends it, elsewhere nothing."""
    client = _client()
    first = {
        name: rows(client.subscribe(_arg(name)), name)
        for name in SCRIPTED - set(OF_A_GRID)
    }

    assert {name for name, got in first.items() if got} <= STATES
    assert all(first[name] for name in STATES - set(OF_A_GRID))
    assert all(
        row["state"] in {"live", "pause", "starting", "running", "stopping"}
        for got in first.values()
        for row in got
    )


def test_states_go_forward(told):
    """Nothing comes back after its end, and everything begins as it should."""
    keys = {
        "orders-algo": "algoId",
        "deposit-info": "depId",
        "withdrawal-info": "wdId",
        "rfqs": "rfqId",
        "quotes": "quoteId",
        "sprd-orders": "ordId",
    }
    final = {
        "effective",
        "canceled",
        "filled",
        "expired",
        *("2", "-2"),
    }
    for name, key in keys.items():
        lives = {}
        for row in told[name]:
            lives.setdefault(row[key], []).append(row["state"])
        ended = [states for states in lives.values() if final & set(states)]

        assert ended, name
        for states in ended:
            assert not final & set(states[:-1]), (name, states)


def test_what_belongs_together(told):
    """A block trade is of a request and a quote that were filled, at its prices."""
    quotes = {row["quoteId"]: row for row in told["quotes"]}
    requests = {row["rfqId"]: row for row in told["rfqs"]}
    trades = told["struc-block-trades"]

    assert trades
    for trade in trades:
        quote, request = quotes[trade["quoteId"]], requests[trade["rfqId"]]
        assert (quote["state"], request["state"]) == ("filled", "filled")
        assert quote["rfqId"] == request["rfqId"]
        assert [leg["px"] for leg in quote["legs"]] == [
            leg["px"] for leg in trade["legs"]
        ]
        assert [leg["sz"] for leg in request["legs"]] == [
            leg["sz"] for leg in trade["legs"]
        ]


def test_trades_of_spreads(told):
    """The fills of an order add up to it, and each costs what its legs differ by."""
    trades = told["sprd-trades"]
    orders = {row["ordId"]: row for row in told["sprd-orders"]}
    filled = [row for row in orders.values() if row["state"] == "filled"]

    assert filled
    for order in filled:
        own = [row for row in trades if row["ordId"] == order["ordId"]]
        assert sum(Decimal(row["fillSz"]) for row in own) == Decimal(order["sz"])
        for row in own:
            near, far = (Decimal(leg["px"]) for leg in row["legs"])
            assert far - near == Decimal(row["fillPx"])


def test_orders_of_spreads_are_of_listed_ones():
    """Each is in a spread of the market, on its price and size grid."""
    exchange = Exchange(7, start_ms=START)
    listed = exchange.spreads.rows()
    grids = {row["sprdId"]: (row["tickSz"], row["lotSz"]) for row in listed}
    stories = exchange.accounts.desk().stories
    orders = [
        row
        for ms in range(START, START + TWENTY, 1000)
        for row in stories.due("sprd-orders", ms)
    ]

    assert len({row["sprdId"] for row in orders}) > 1
    for row in orders:
        tick, lot = map(Decimal, grids[row["sprdId"]])
        assert Decimal(row["px"]) % tick == 0
        assert Decimal(row["sz"]) % lot == 0


def test_grid_and_its_orders():
    """A grid counts the orders that its channel has, and its figures add up."""
    stories = _stories()
    grid = stories.state("grid-orders-contract", START)[-1]["algoId"]
    for ms in range(START, START + 14 * MINUTE, 5_000):
        states = stories.state("grid-orders-contract", ms)
        (state,) = [row for row in states if row["algoId"] == grid] or [None]
        orders = stories.state("grid-sub-orders", ms)
        live = [row for row in orders if row["algoId"] == grid]
        if state is None:
            assert not live
            continue
        total = Decimal(state["gridProfit"]) + Decimal(state["floatProfit"])

        assert state["activeOrdNum"] == str(len(live))
        assert abs(Decimal(state["totalPnl"]) - total) < Decimal("1e-11")
        assert Decimal(state["eq"]) == Decimal(500) + Decimal(state["totalPnl"])


def test_a_grid_ends_with_nothing(told):
    """At the end of a grid its orders are filled or canceled and its position gone."""
    ended = {
        row["algoId"]
        for row in told["grid-orders-contract"]
        if row["state"] == "stopped"
    }
    begun = {
        row["algoId"]
        for row in told["grid-orders-contract"]
        if row["state"] == "starting"
    }
    positions = {row["algoId"]: row["pos"] for row in told["grid-positions"]}
    for grid in ended & begun:
        orders = {
            row["ordId"]: row["state"]
            for row in told["grid-sub-orders"]
            if row["algoId"] == grid
        }

        assert positions[grid] == "0"
        assert sorted(orders.values()) == ["canceled"] * 6 + ["filled"] * 12
    assert ended & begun


def test_regular_pushes():
    """Grids and recurring buys come every five seconds, others only on events."""
    client = _client()
    client.subscribe(*map(_arg, ("grid-orders-spot", "algo-recurring-buy")))
    frames = client.after(10_000)
    times = {
        name: {row["pTime"] for row in rows(frames, name)}
        for name in ("grid-orders-spot", "algo-recurring-buy")
    }

    assert all(
        {str(START + 5_000), str(START + 10_000)} <= got for got in times.values()
    )


@pytest.mark.parametrize(
    ("arg", "key", "value"),
    [
        (_arg("orders-algo", instType="SWAP"), "instType", {"SWAP"}),
        (_arg("orders-algo", instType="ANY"), "instType", {"SPOT", "SWAP"}),
        (
            _arg("orders-algo", instFamily="BTC-USDT"),
            "instId",
            {"BTC-USDT-SWAP"},
        ),
        (
            _arg("orders-algo", instFamily="ETH-USDT", instId="BTC-USDT-SWAP"),
            "instId",
            {"BTC-USDT-SWAP"},
        ),
        (_arg("deposit-info", ccy="BTC"), "ccy", {"BTC"}),
    ],
)
def test_args_narrow(told, arg, key, value):
    """Each key of an arg leaves only the rows that have it; an instId decides alone."""
    venue = _client().exchange.accounts.venue
    found = scripted_share(Arg.from_wire(arg), venue, told[arg["channel"]])

    assert {row[key] for row in found} == value


def test_time_may_be_cut_in_any_way():
    """One step or many: the same frames."""
    heard = []
    for step in (MINUTE, 700):
        client = _client()
        client.subscribe(*map(_arg, sorted(SCRIPTED - set(OF_A_GRID))))
        frames = []
        for after_ms in range(0, MINUTE, step):
            frames += client.after(min(step, MINUTE - after_ms))
        heard.append(frames)

    assert heard[0] == heard[1]


def test_the_start_does_not_matter():
    """A simulator that starts later is in the midst of the same stories."""
    early = _told(MINUTE, after_ms=START + TWENTY)
    late = _told(MINUTE, start_ms=START + TWENTY, after_ms=START + TWENTY)

    assert early == late


def test_accounts_have_stories_of_their_own(told):
    """Another account hears other things at other times."""
    other = _told(account=Account("k", "s", "p"))["rfqs"]

    assert other
    assert not {row["rfqId"] for row in told["rfqs"]} & {row["rfqId"] for row in other}


def test_they_move_no_money():
    """The account stays as it was, whatever its stories tell."""
    client = _client()
    client.subscribe(*map(_arg, SCRIPTED - set(OF_A_GRID)))
    desk = client.exchange.accounts.desk()
    before = dict(desk.holdings.cash)
    client.after(MINUTE)

    assert desk.holdings.cash == before
    assert not desk.orders


def test_demo_accounts_have_no_deposits():
    """Demo trading has neither deposits nor withdrawals."""
    told = _told(account=Account(simulated=True))
    silent = {name for name, rows in told.items() if not rows}

    assert silent == {"deposit-info", "withdrawal-info"}


def test_a_login_of_its_own():
    """On the business path they need a login there, and are not on the private one."""
    exchange = Exchange(7, start_ms=START)
    private, business = AccountClient(exchange), AccountClient(exchange, "business")
    private.login()

    assert {answer["code"] for answer in private.subscribe(_arg("rfqs"))} == {"60018"}
    assert {answer["code"] for answer in business.subscribe(_arg("rfqs"))} == {"60011"}


def test_unwatched_stories_are_not_told():
    """Who does not listen costs nothing: no story is made."""
    client = _client()
    client.subscribe(_arg("rfqs"))
    client.send({"op": "unsubscribe", "args": [_arg("rfqs")]})
    exchange = client.exchange

    assert not exchange.is_watched


def test_a_market_without_swaps():
    """Where no currency has both a pair and a swap there are no stories."""
    exchange = Exchange(7, start_ms=START, instruments=1)
    client = AccountClient(exchange, "business")
    client.login()
    frames = client.subscribe(_arg("algo-advance"), _arg("rfqs"))
    frames += client.after(5 * MINUTE)

    assert exchange.market.inst_ids("SWAP") == []
    assert [row for frame in frames for row in frame.get("data", [])] == []
