"""Private channels that follow a script: what they tell, and that it fits together."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from okxlab.protocol.channels import channel
from okxlab.simulator.accounts import Account
from okxlab.simulator.accounts.scripted.timetable import SCRIPTED, STATES
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


def _heard(ms=TWENTY, *, step=MINUTE, account=None):
    """Return all that twenty minutes bring on every scripted channel."""
    client = _client(account)
    frames = client.subscribe(*map(_arg, sorted(SCRIPTED - set(OF_A_GRID))))
    grids = [
        row["algoId"]
        for kind in ("contract", "spot")
        for row in rows(frames, f"grid-orders-{kind}")
    ]
    frames += client.subscribe(
        *(_arg(name, algoId=grid) for grid in grids for name in OF_A_GRID)
    )
    for _ in range(0, ms, step):
        frames += client.after(step)
    return frames


@pytest.fixture(scope="module")
def heard():
    """All that twenty minutes bring."""
    return _heard()


def test_every_channel_has_rows(heard):
    """Within minutes there is something on each, under the arg with the uid."""
    pushes = [frame for frame in heard if "data" in frame]
    early = _heard(7 * MINUTE)

    assert {frame["arg"]["channel"] for frame in early if frame.get("data")} == SCRIPTED
    assert {frame["arg"]["uid"] for frame in pushes} == {Account().uid}
    assert all("event" not in frame for frame in pushes)


def test_rows_have_every_member(heard):
    """Each row has what the registry has, neither more nor less, and it decodes."""
    for name in SCRIPTED:
        struct = channel(name).row
        names = {field.encode_name for field in msgspec.structs.fields(struct)}
        for row in rows(heard, name):
            msgspec.convert(row, struct, strict=False)

            assert set(row) == names, name


@pytest.mark.parametrize("name", sorted(SCRIPTED))
def test_rows_look_like_published_ones(heard, frames, name):
    """Every member is of the type that the published frame has."""
    published = json.loads((Path(frames) / f"{name}.json").read_text("utf-8"))

    for row in rows(heard, name):
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


def test_states_go_forward(heard):
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
        for row in rows(heard, name):
            lives.setdefault(row[key], []).append(row["state"])
        ended = [states for states in lives.values() if final & set(states)]

        assert ended, name
        for states in ended:
            assert not final & set(states[:-1]), (name, states)


def test_what_belongs_together(heard):
    """A block trade is of a request and a quote that were filled, at its prices."""
    quotes = {row["quoteId"]: row for row in rows(heard, "quotes")}
    requests = {row["rfqId"]: row for row in rows(heard, "rfqs")}
    trades = rows(heard, "struc-block-trades")

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
    assert trades


def test_trades_of_spreads(heard):
    """The fills of an order add up to it, and each costs what its legs differ by."""
    trades = rows(heard, "sprd-trades")
    orders = {row["ordId"]: row for row in rows(heard, "sprd-orders")}
    filled = [row for row in orders.values() if row["state"] == "filled"]

    assert filled
    for order in filled:
        own = [row for row in trades if row["ordId"] == order["ordId"]]
        assert sum(Decimal(row["fillSz"]) for row in own) == Decimal(order["sz"])
        for row in own:
            near, far = (Decimal(leg["px"]) for leg in row["legs"])
            assert far - near == Decimal(row["fillPx"])


def _last(frames, name, key):
    return {row[key]: row for row in rows(frames, name)}


def test_grid_and_its_orders():
    """A grid counts the orders that its channel has, and all are its own."""
    client = _client()
    frames = client.subscribe(_arg("grid-orders-contract"))
    grid = rows(frames, "grid-orders-contract")[-1]["algoId"]
    frames += client.subscribe(*(_arg(name, algoId=grid) for name in OF_A_GRID))
    for _ in range(14):
        frames += client.after(MINUTE)
        state = _last(frames, "grid-orders-contract", "algoId")[grid]
        orders = _last(frames, "grid-sub-orders", "ordId").values()
        live = [row for row in orders if row["state"] == "live"]

        assert state["activeOrdNum"] == str(len(live))
        assert {row["algoId"] for row in orders} == {grid}
        assert Decimal(state["totalPnl"]) == Decimal(state["gridProfit"]) + Decimal(
            state["floatProfit"]
        )
        assert Decimal(state["eq"]) == Decimal(500) + Decimal(state["totalPnl"])
    (position,) = _last(frames, "grid-positions", "algoId").values()

    assert (state["state"], position["pos"], live) == ("stopped", "0", [])
    assert {row["state"] for row in orders} == {"filled", "canceled"}


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
        (_arg("orders-algo", instType="SWAP"), "instType", "SWAP"),
        (_arg("orders-algo", instFamily="BTC-USDT"), "family", "BTC-USDT"),
        (_arg("deposit-info", ccy="BTC"), "ccy", "BTC"),
    ],
)
def test_args_narrow(arg, key, value):
    """Each key of an arg leaves only the rows that have it."""
    client = _client()
    client.subscribe(arg)
    frames = client.after(TWENTY)
    found = rows(frames, arg["channel"])
    if key == "family":
        for row in found:
            row["family"] = row["instId"].removesuffix("-SWAP")

    assert {row[key] for row in found} == {value}


def test_an_instrument_wins_over_a_family():
    """With an instId the family does not matter, as on other channels."""
    client = _client()
    arg = _arg("orders-algo", instFamily="ETH-USDT", instId="BTC-USDT-SWAP")
    client.subscribe(arg)
    found = rows(client.after(2 * TWENTY), "orders-algo")

    assert {row["instId"] for row in found} == {"BTC-USDT-SWAP"}


def test_time_may_be_cut_in_any_way():
    """One step or many: the same frames."""
    assert _heard(2 * MINUTE, step=2 * MINUTE) == _heard(2 * MINUTE, step=500)


def test_the_start_does_not_matter():
    """A simulator that starts later is in the midst of the same stories."""
    early, late = _client(), _client(start_ms=START + TWENTY)
    for client in (early, late):
        client.subscribe(_arg("rfqs"), _arg("withdrawal-info"))
    early.after(TWENTY)
    names = ("rfqs", "withdrawal-info")
    told = [
        [rows(frames, name) for name in names]
        for frames in (early.after(5 * MINUTE), late.after(5 * MINUTE))
    ]

    assert _ids(told[0]) == _ids(told[1])


def _ids(told):
    return [
        [(row.get("rfqId"), row.get("wdId"), row["state"]) for row in found]
        for found in told
    ]


def test_accounts_have_stories_of_their_own():
    """Another account hears other things at other times."""
    mine = rows(_heard(), "rfqs")
    other = rows(_heard(account=Account("k", "s", "p")), "rfqs")
    same_ids = {row["rfqId"] for row in mine} & {row["rfqId"] for row in other}

    assert other
    assert same_ids == set()


def test_they_move_no_money():
    """The account stays as it was, whatever its stories tell."""
    client = _client()
    client.subscribe(*map(_arg, SCRIPTED - set(OF_A_GRID)))
    desk = client.exchange.accounts.desk()
    before = dict(desk.holdings.cash)
    client.after(TWENTY)

    assert desk.holdings.cash == before
    assert not desk.orders


def test_demo_accounts_have_no_deposits():
    """Demo trading has neither deposits nor withdrawals."""
    frames = _heard(account=Account(simulated=True))
    told = {frame["arg"]["channel"] for frame in frames if frame.get("data")}

    assert SCRIPTED - told == {"deposit-info", "withdrawal-info"}


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
