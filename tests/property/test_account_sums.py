"""Whatever an account does, its balances add up to the last digit."""

from __future__ import annotations

import decimal
from collections import defaultdict
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from okxlab.simulator.accounts import Account, Fees
from okxlab.simulator.exchange import Exchange
from tests.unit.account_client import ALL, START, AccountClient, rows

BEGINNING = {"USDT": "200000", "BTC": "1.5", "ETH": "7"}
CONTRACT = {"BTC-USDT-SWAP": Decimal("0.01"), "ETH-USDT-SWAP": Decimal("0.1")}
CONTRACT |= {"BTC-USDT-251226": Decimal("0.01")}
LOT = {"BTC-USDT": "0.001", "ETH-USDT": "0.01", "BTC-USDT-SWAP": "0.25"}
LOT |= {"ETH-USDT-SWAP": "0.5", "BTC-USDT-251226": "0.25"}

# Exact: a sum of a thousand fills of twenty places has far fewer digits.
EXACT = decimal.Context(prec=100, traps=[decimal.Inexact, decimal.InvalidOperation])

orders = st.fixed_dictionaries(
    {
        "instId": st.sampled_from(sorted(LOT)),
        "side": st.sampled_from(["buy", "sell"]),
        "ordType": st.sampled_from(["market", "limit", "limit", "ioc", "post_only"]),
        "lots": st.integers(1, 4000),
        "away": st.integers(-30, 30),
        "tgtCcy": st.sampled_from(["base_ccy", "quote_ccy"]),
        "reduceOnly": st.booleans(),
        "posSide": st.sampled_from(["long", "short"]),
    }
)
deeds = st.one_of(
    orders,
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("amend"), st.integers(0, 5), st.integers(1, 4000)),
    st.tuples(st.just("wait"), st.integers(0, 8_000)),
)
modes = st.sampled_from(["net_mode", "long_short_mode"])
fees = st.builds(
    Fees,
    spot_maker=st.sampled_from(["0", "0.0008", "0.00012345"]),
    spot_taker=st.sampled_from(["0.001", "0.00099999"]),
    swap_maker=st.sampled_from(["0", "0.0002"]),
    swap_taker=st.sampled_from(["0.0005", "0.00000001"]),
)


def _do(client, deed):
    """Do one thing and return what came of it."""
    if isinstance(deed, dict):
        return _order(client, deed)
    what, *numbers = deed
    if what == "wait":
        return client.after(numbers[0])
    open_ids = list(client.exchange.accounts.desk().orders)
    sent = {"ordId": open_ids[numbers[0]] if numbers[0] < len(open_ids) else "1"}
    if what == "cancel":
        return client.operate("cancel-order", sent)[1]
    inst_id = next(
        (o.terms.inst_id for o in client.exchange.accounts.desk().orders.values()), None
    )
    size = Decimal(LOT.get(inst_id, "1")) * numbers[1]
    return client.operate("amend-order", {**sent, "newSz": str(size)})[1]


def _order(client, deed):
    inst_id = deed["instId"]
    bid, ask = map(Decimal, client.best(inst_id))
    one = client.exchange.accounts.venue.instrument(inst_id)
    px = (ask if deed["side"] == "sell" else bid) + deed["away"] * Decimal(
        one.tick.text(1)
    )
    size = Decimal(LOT[inst_id]) * deed["lots"]
    in_quote = deed["ordType"] == "market" and deed["tgtCcy"] == "quote_ccy"
    return client.order(
        inst_id,
        deed["side"],
        str(size * px if in_quote and inst_id not in CONTRACT else size),
        ordType=deed["ordType"],
        px=str(px),
        tgtCcy=deed["tgtCcy"],
        reduceOnly=deed["reduceOnly"],
        posSide=_pos_side(client, deed["posSide"]),
        tdMode="cross" if inst_id in CONTRACT else "cash",
    )[1]


def _pos_side(client, side):
    account = client.exchange.accounts.desk().account
    return "net" if account.pos_mode == "net_mode" else side


def _flatten(client):
    """Close every position, so that nothing is left unrealised."""
    heard = []
    for position in client.exchange.accounts.desk().holdings.open_positions():
        heard += client.order(
            position.terms.inst_id,
            "sell" if position.lots > 0 else "buy",
            position.terms.sz(abs(position.lots)),
            reduceOnly=True,
            posSide=position.pos_side,
            tdMode="cross",
        )[1]
    return heard


def _expected(frames):
    """Add up what the orders channel told of fills, beginning with the beginning."""
    cash = defaultdict(Decimal, {ccy: Decimal(text) for ccy, text in BEGINNING.items()})
    for row in rows(frames, "orders"):
        if not row["tradeId"]:
            continue
        base, quote, *_ = row["instId"].split("-")
        sign = 1 if row["side"] == "buy" else -1
        size, px = Decimal(row["fillSz"]), Decimal(row["fillPx"])
        if row["instId"] in CONTRACT:
            # Closed in the end: what was paid and received is the profit or loss.
            cash[quote] -= sign * size * px * CONTRACT[row["instId"]]
        else:
            cash[base] += sign * size
            cash[quote] -= sign * size * px
        cash[row["fillFeeCcy"]] += Decimal(row["fillFee"])
    return dict(cash)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(deeds, min_size=1, max_size=25), fees, modes)
def test_balances_add_up(done, rates, mode):
    """Beginning, fills and fees as told give the cash as told, digit for digit."""
    account = Account(balances=BEGINNING, fees=rates, pos_mode=mode)
    client = AccountClient(Exchange(7, start_ms=START, accounts=[account]))
    client.login()
    frames = client.subscribe(*ALL)
    for deed in done:
        frames += _do(client, deed)
    for order in list(client.exchange.accounts.desk().orders):
        frames += client.operate("cancel-order", {"ordId": order})[1]
    frames += _flatten(client)
    with decimal.localcontext(EXACT):
        expected = _expected(frames)
        told = {
            one["ccy"]: Decimal(one["cashBal"])
            for row in rows(frames, "balance_and_position")
            for one in row["balData"]
        }
        orders_told = rows(frames, "orders")
        by_order = {row["ordId"]: row for row in orders_told}
        fills = [row for row in orders_told if row["tradeId"]]
        sizes = defaultdict(Decimal)
        paid = defaultdict(Decimal)
        for row in fills:
            sizes[row["ordId"]] += Decimal(row["fillSz"])
            paid[row["ordId"]] += Decimal(row["fillFee"])

        assert expected == told
        assert all(cash >= 0 for cash in told.values())
        assert len({row["tradeId"] for row in fills}) == len(fills)
        for ord_id, row in by_order.items():
            assert Decimal(row["accFillSz"]) == sizes[ord_id]
            assert Decimal(row["fee"]) == paid[ord_id]


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(deeds, min_size=1, max_size=15))
def test_same_deeds_same_bytes(done):
    """Two exchanges that are told the same tell the same."""
    heard = []
    for _ in range(2):
        account = Account(balances=BEGINNING)
        client = AccountClient(Exchange(7, start_ms=START, accounts=[account]))
        client.login()
        frames = client.subscribe(*ALL)
        for deed in done:
            frames += _do(client, deed)
        heard.append(frames)

    assert heard[0] == heard[1]


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(deeds, min_size=1, max_size=15), modes)
def test_totals_are_the_sum_of_their_parts(done, mode):
    """Equity is cash and what is not realised; what is free is never more."""
    account = Account(balances=BEGINNING, pos_mode=mode)
    client = AccountClient(Exchange(7, start_ms=START, accounts=[account]))
    client.login()
    frames = client.subscribe(*ALL)
    for deed in done:
        frames += _do(client, deed)
    with decimal.localcontext(EXACT):
        for row in rows(frames, "account"):
            for one in row["details"]:
                cash, eq = Decimal(one["cashBal"]), Decimal(one["eq"])

                assert eq == cash + Decimal(one["upl"])
                assert 0 <= Decimal(one["availBal"]) <= cash
                assert Decimal(one["ordFrozen"]) <= Decimal(one["frozenBal"])
            usd = sum(Decimal(one["eqUsd"]) for one in row["details"])
            assert abs(Decimal(row["totalEq"]) - usd) < Decimal("1e-9")
