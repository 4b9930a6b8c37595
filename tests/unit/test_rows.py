"""Rows as sent and rows as kept: what is laid flat, and what is left out."""

import json

import msgspec

from okxlab.protocol import rows
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.session import ClientSession


def received(arg, data, **envelope):
    """Return the rows that a session makes of a message, both of its ways."""
    session = ClientSession("private")
    session.opened(0.0)
    session.subscribe([Arg.from_wire(arg)])
    session.text_to_send(0.0)
    text = json.dumps({"arg": arg, **envelope, "data": data}, separators=(",", ":"))
    first, second = (session.receive_text(text, 0.0) for _ in range(2))
    assert session.events() == []
    assert first == second
    return first.rows


def test_one_balance_a_currency():
    """Totals of the account stand beside each, under a name that tells them apart."""
    arg = {"channel": "account", "uid": "1"}
    details = [{"ccy": ccy, "imr": "1", "uTime": "5"} for ccy in ("BTC", "USDT")]

    btc, usdt = received(arg, [{"imr": "3", "uTime": "7", "details": details}])

    assert (btc.ccy, usdt.ccy) == ("BTC", "USDT")
    assert (btc.imr, btc.account_imr) == (1.0, 3.0)
    assert (btc.u_time, btc.account_u_time) == (5, 7)


def test_an_account_without_anything_has_no_rows():
    """It is sent with empty details (captured)."""
    arg = {"channel": "account"}

    assert received(arg, [{"totalEq": "0", "uTime": "7", "details": []}]) == []


def test_cash_and_positions_are_told_apart():
    """The two lists of a message become rows that say which one they are from."""
    arg = {"channel": "balance_and_position", "uid": "1"}
    data = {
        "pTime": "5",
        "eventType": "filled",
        "balData": [{"ccy": "USDT", "cashBal": "10", "uTime": "4"}],
        "posData": [{"posId": "9", "ccy": "USDT", "pos": "-2", "uTime": "3"}],
        "trades": [{"instId": "BTC-USDT-SWAP", "tradeId": "1"}],
    }

    cash, held = received(arg, [data])

    assert (cash.item, cash.cash_bal, cash.pos, cash.u_time) == ("balance", 10, "", 4)
    assert (held.item, held.cash_bal, held.pos, held.u_time) == ("position", "", -2, 3)
    assert {row.event_type for row in (cash, held)} == {"filled"}
    assert held.trades == [{"instId": "BTC-USDT-SWAP", "tradeId": "1"}]


def test_one_row_a_leg():
    """What the legs share is repeated; their order is kept."""
    arg = {"channel": "public-struc-block-trades"}
    legs = [{"instId": name, "px": px} for name, px in (("A", "1"), ("B", "2"))]

    found = received(arg, [{"cTime": "5", "blockTdId": "7", "legs": legs}])

    assert [(row.block_td_id, row.inst_id, row.px) for row in found] == [
        ("7", "A", 1.0),
        ("7", "B", 2.0),
    ]


def test_a_block_that_failed_is_a_row_without_a_leg():
    """It is news even if nothing was traded."""
    arg = {"channel": "struc-block-trades", "uid": "1"}
    data = [{"cTime": "5", "isSuccessful": False, "errorCode": "70", "legs": []}]

    [row] = received(arg, data)

    assert (row.is_successful, row.error_code, row.inst_id) == (False, "70", "")


def test_empty_rows_of_grids_are_left_out():
    """OKX asks to ignore them."""
    for name in ("grid-positions", "grid-sub-orders"):
        arg = {"channel": name, "algoId": "5", "uid": "1"}
        wire = {
            field.encode_name: "" for field in msgspec.structs.fields(channel(name).row)
        }

        found = received(arg, [{}, wire, wire | {"algoId": "5"}])

        assert [row.algo_id for row in found] == ["5"]


def test_an_event_market_without_a_bound_is_unbounded():
    """``INF`` is a number, not a missing one."""
    arg = {"channel": "event-contract-markets", "instType": "EVENTS"}

    [row] = received(arg, [{"instId": "X", "capStrike": "INF", "floorStrike": ""}])

    assert (row.cap_strike, row.floor_strike) == (float("inf"), "")


def test_ids_of_spreads_are_exact():
    """They exceed what a float can hold; sequence numbers come as JSON numbers."""
    arg = {"channel": "sprd-books5", "sprdId": "A_B"}

    [row] = received(arg, [{"seqId": 1724294007352168321, "bids": [["-1", "2", "3"]]}])

    assert row.seq_id == 1724294007352168321
    assert row.bids == [rows.SpreadLevel(px=-1.0, sz=2.0, orders=3)]


def test_parameters_with_braces_inside():
    """The text up to the first brace is not always the arg."""
    extra = '{"updateInterval": "0"}'
    arg = {"channel": "account", "extraParams": extra, "uid": "1"}

    [row] = received(arg, [{"details": [{"ccy": "BTC"}]}], eventType="snapshot")

    assert row.ccy == "BTC"


def test_one_value_that_cannot_be_read_does_not_cost_the_other_rows():
    """A hole in one currency, and the loss of one that is none, are reported."""
    session = ClientSession("private")
    session.opened(0.0)
    session.subscribe([Arg("account")])
    session.text_to_send(0.0)
    details = [
        {"ccy": "BTC", "eq": "1"},
        {"ccy": "ETH", "eq": "plenty", "upl": "2"},
        "no currency at all",
        {"ccy": "USDT", "eq": "3", "twap": "high"},
    ]
    data = [{"totalEq": "9", "imr": "some", "details": details}]

    push = session.receive_text(
        json.dumps({"arg": {"channel": "account"}, "data": data}), 0.0
    )
    troubles = session.events()

    assert [(row.ccy, row.eq, row.account_total_eq) for row in push.rows] == [
        ("BTC", 1.0, 9.0),
        ("ETH", "", 9.0),
        ("USDT", 3.0, 9.0),
    ]
    assert push.rows[1].upl == 2.0
    assert {row.account_imr for row in push.rows} == {""}
    assert [trouble.lost for trouble in troubles].count(True) == 1
    assert len(troubles) == 4


def test_a_level_with_a_hole_is_no_level():
    """Books leave out the side and report it: half a level would be wrong."""
    session = ClientSession()
    session.opened(0.0)
    arg = Arg("books5", instId="X")
    session.subscribe([arg])
    session.text_to_send(0.0)
    row = {"asks": [["1", "2", "0", "3"], ["oops", "1", "0", "1"]], "seqId": 1}

    push = session.receive_text(json.dumps({"arg": arg.wire(), "data": [row]}), 0.0)

    assert push.rows[0].asks == []
    assert len(session.events()) == 1
