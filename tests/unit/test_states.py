"""The tape of a state: what is current, what has changed, what has gone."""

import pandas as pd
import pytest

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import CHANNELS, channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import (
    AlgoOrder,
    Balance,
    GridSubOrder,
    Holding,
    Instrument,
    Order,
    Position,
)
from okxlab.stream.bars import BarTape
from okxlab.stream.repeats import Repeats
from okxlab.stream.sifted import SiftedTape, make_tape
from okxlab.stream.states import StateTape
from okxlab.stream.tape import Tape
from okxlab.stream.trades import TradeTape
from okxlab.table import parse_window

POSITIONS = Arg("positions", instType="SWAP")
ORDERS = Arg("orders", instType="SPOT")
ACCOUNT = Arg("account")
HOLDINGS = Arg("balance_and_position")
TIME = 1_790_000_000_000


def tape(*args, **options):
    """Return the tape of a state."""
    return make_tape(channel(args[0].channel), args, parse_window(1_000), **options)


def position(pos_id, pos=1.0, p_time=TIME):
    """Return a position."""
    return Position(pos_id=pos_id, inst_id="BTC-USDT-SWAP", pos=pos, p_time=p_time)


def order(ord_id, state="live", trade_id="", u_time=TIME, **fields):
    """Return an order."""
    return Order(
        ord_id=ord_id,
        inst_id="BTC-USDT",
        state=state,
        trade_id=trade_id,
        u_time=u_time,
        **fields,
    )


def snapshot(arg, rows, page=1, last=True):
    """Return a push that calls itself a snapshot."""
    return Push(arg, rows, "", "snapshot", page, last)


def event(arg, rows):
    """Return a push that calls itself an update."""
    return Push(arg, rows, "", "event_update")


def current(one):
    """Return the keys of the current rows."""
    return list(one.table.snapshot().index)


def changes(one, *columns):
    """Return some columns of the sequence of changes as tuples."""
    frame = one.log.snapshot()
    return list(frame[list(columns)].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    "entry",
    [entry for entry in CHANNELS if entry.kind == "state"],
    ids=lambda entry: entry.name,
)
def test_every_state_has_both_frames_before_the_first_row(entry):
    """Current rows by key, changes by time; empty, with the registry's columns."""
    one = tape(Arg(entry.name))
    frame, log = one.table.snapshot(), one.log.snapshot()

    assert isinstance(one, StateTape)
    assert list(frame.index.names) == list(entry.key)
    assert {*frame.columns, *entry.key} == {c.name for c in entry.columns()}
    assert log.index.name == "ts"
    assert log.index.dtype == "datetime64[ms, UTC]"
    assert list(log.columns) == [c.name for c in entry.update_columns()][1:]
    assert log.dtypes["recv"] == "datetime64[us, UTC]"


def test_a_snapshot_replaces_and_an_event_updates():
    """What a snapshot leaves out is gone; an event touches its own rows only."""
    one = tape(POSITIONS)
    one.receive(snapshot(POSITIONS, [position("1"), position("2")]), 1)
    one.receive(event(POSITIONS, [position("3")]), 2)
    before = current(one)
    one.receive(snapshot(POSITIONS, [position("3"), position("2", 5.0)]), 3)

    assert before == ["1", "2", "3"]
    assert current(one) == ["2", "3"]
    assert changes(one, "pos_id", "pos") == [
        ("1", 1.0),
        ("2", 1.0),
        ("3", 1.0),
        ("2", 5.0),
    ]
    assert one.stats().rows == 4


def test_a_closed_position_leaves():
    """Size 0 is the last change of a position, and no current row."""
    one = tape(POSITIONS)
    one.receive(snapshot(POSITIONS, [position("1"), position("2")]), 1)
    one.receive(event(POSITIONS, [position("1", 0.0)]), 2)

    assert current(one) == ["2"]
    assert changes(one, "pos_id", "pos")[-1] == ("1", 0.0)
    assert one.latest.pos == 0.0


def test_pages_are_one_snapshot():
    """Nothing changes before the last page; then what no page had is gone."""
    one = tape(POSITIONS)
    one.receive(snapshot(POSITIONS, [position("1"), position("2")]), 1)
    one.receive(snapshot(POSITIONS, [position("2")], 1, last=False), 2)
    halfway = current(one)
    one.receive(snapshot(POSITIONS, [position("3")], 2, last=False), 3)
    one.receive(snapshot(POSITIONS, [position("4")], 3), 4)

    assert halfway == ["1", "2"]
    assert current(one) == ["2", "3", "4"]


def test_what_happens_between_pages_is_newer_than_they_are():
    """A page does not bring back what an event has changed or closed meanwhile."""
    one = tape(POSITIONS)
    one.receive(snapshot(POSITIONS, [position("1")], 1, last=False), 1)
    one.receive(event(POSITIONS, [position("1", 7.0), position("2", 0.0)]), 2)
    one.receive(snapshot(POSITIONS, [position("2"), position("3")], 2), 3)

    assert current(one) == ["1", "3"]
    assert one.table.snapshot().loc["1", "pos"] == 7.0


@pytest.mark.parametrize("pages", [[2], [1, 3], [3]])
def test_a_snapshot_with_a_page_missing_only_updates(pages):
    """What is not on the pages that came may be on the one that did not."""
    one = tape(POSITIONS)
    one.receive(snapshot(POSITIONS, [position("1")]), 1)
    for page in pages:
        rows = [position(f"p{page}")]
        one.receive(snapshot(POSITIONS, rows, page, last=page == pages[-1]), 2)

    assert "1" in current(one)
    assert f"p{pages[-1]}" in current(one)


def test_pages_of_a_lost_connection_are_forgotten():
    """The next connection begins with a first page again."""
    one = tape(POSITIONS)
    one.receive(snapshot(POSITIONS, [position("1")], 1, last=False), 1)
    one.lost([POSITIONS], "reset", 2)
    one.receive(snapshot(POSITIONS, [position("2")]), 3)

    assert current(one) == ["2"]


def test_the_first_message_after_a_reconnect_begins_anew():
    """Where messages do not say what they are, the first one is the whole state."""
    one = tape(HOLDINGS)
    cash = [Holding(item="balance", ccy=ccy, cash_bal=1.0) for ccy in ("BTC", "USDT")]
    held = Holding(item="position", ccy="USDT", pos_id="1", pos=2.0)
    one.receive(Push(HOLDINGS, [*cash, held]), 1)
    one.receive(Push(HOLDINGS, [cash[0]]), 2)
    kept = current(one)
    one.lost([HOLDINGS], "reset", 3)
    away = current(one)
    one.receive(Push(HOLDINGS, [cash[1]]), 4)

    assert len(kept) == len(away) == 3
    assert [key[:2] for key in current(one)] == [("balance", "USDT")]


def test_a_first_message_without_rows_empties_the_state():
    """An account that has nothing left says so by a list of nothing."""
    one = tape(HOLDINGS)
    one.receive(Push(HOLDINGS, [Holding(item="balance", ccy="BTC", cash_bal=1.0)]), 1)
    one.lost([HOLDINGS], "reset", 2)
    one.receive(Push(HOLDINGS, []), 3)

    assert current(one) == []


def test_what_is_sent_again_unchanged_is_no_change():
    """Regular snapshots fill neither the sequence of changes nor the waiters."""
    one = tape(ACCOUNT)
    rows = [Balance(ccy="BTC", eq=1.0), Balance(ccy="USDT", eq=2.0)]
    for second in range(3):
        one.receive(snapshot(ACCOUNT, rows), second)

    assert one.frames == 3
    assert one.log.mark == 2


def test_an_order_from_live_to_filled():
    """It is current while it is open; the sequence keeps each step."""
    one = tape(ORDERS)
    steps = [
        order("1"),
        order("1", "partially_filled", "t1", fill_sz=1.0),
        order("1", "filled"),
    ]
    seen = []
    for number, row in enumerate(steps):
        one.receive(Push(ORDERS, [row]), number)
        seen.append(current(one))

    assert seen == [["1"], ["1"], []]
    assert changes(one, "ord_id", "state", "fill_sz")[1] == (
        "1",
        "partially_filled",
        1.0,
    )
    assert [state for _, state in changes(one, "ord_id", "state")] == [
        "live",
        "partially_filled",
        "filled",
    ]


def test_what_may_have_ended_unheard_is_not_current_any_more():
    """Nothing lists waiting algo orders, so after an interruption none is known."""
    arg = Arg("orders-algo", instType="SWAP")
    one = tape(arg)
    one.receive(Push(arg, [AlgoOrder(algo_id="1", state="live")]), 1)
    one.lost([arg], "broken", 2)
    while_away = current(one)
    one.acknowledged(arg, (), 3)
    at_first = current(one)
    one.receive(Push(arg, [AlgoOrder(algo_id="2", state="live")]), 4)

    assert while_away == ["1"]
    assert at_first == []
    assert current(one) == ["2"]
    assert len(one.gaps) == 1


def test_rows_that_come_before_the_ack_end_what_is_outdated():
    """Data may come first; it is then all that is known."""
    arg = Arg("orders-algo", instType="SWAP")
    one = tape(arg)
    one.receive(Push(arg, [AlgoOrder(algo_id="1", state="live")]), 1)
    one.lost([arg], "broken", 2)
    one.receive(Push(arg, [AlgoOrder(algo_id="2", state="live")]), 3)
    one.acknowledged(arg, (), 4)

    assert current(one) == ["2"]


def test_an_order_that_fills_at_once_is_never_current():
    """Its one row is in the sequence of changes."""
    one = tape(ORDERS)
    one.receive(Push(ORDERS, [order("1", "filled", "t1")]), 1)

    assert current(one) == []
    assert changes(one, "state") == [("filled",)]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (
            order("1", "partially_filled", "t1"),
            order("1", "partially_filled", "t1", TIME + 5),
        ),
        (order("1", "filled"), order("1", "filled", u_time=TIME + 5)),
        (order("1", "canceled"), order("1", "canceled", u_time=TIME + 5)),
        (order("1", "filled", "t1"), order("1", u_time=TIME + 5)),
        (order("1", req_id="a"), order("1", req_id="a", u_time=TIME + 5)),
    ],
)
def test_what_okx_sends_twice_is_written_once(first, again):
    """A trade, an end, an amendment: each counts once, whatever its uTime."""
    one = tape(ORDERS)
    one.receive(Push(ORDERS, [first]), 1)
    state = current(one)
    one.receive(Push(ORDERS, [again]), 2)

    assert one.log.mark == 1
    assert current(one) == state


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (order("1", req_id="a"), order("1", req_id="b")),
        (order("1", req_id="a"), order("2", req_id="a")),
        (
            order("1", "partially_filled", "t1"),
            order("1", "partially_filled", "t2"),
        ),
        (
            order("1", "partially_filled", "t1"),
            order("2", "partially_filled", "t1"),
        ),
        (order("1", "partially_filled", "t1"), order("1", "canceled")),
        (order("1", amend_source="4"), order("1", px=2.0)),
    ],
)
def test_what_only_looks_like_a_repeat_is_written(first, other):
    """Another trade, order, amendment or state is news."""
    one = tape(ORDERS)
    one.receive(Push(ORDERS, [first, other]), 1)

    assert one.log.mark == 2


def test_fills_are_written_once():
    """The log of fills has the same rule, and is a log."""
    fills = Arg("fills")
    entry = channel("fills")
    one = tape(fills)
    fill = entry.row(inst_id="BTC-USDT", trade_id="1", ord_id="9", fill_sz=1.0)
    other = entry.row(inst_id="ETH-USDT", trade_id="1", ord_id="9", fill_sz=1.0)
    one.receive(Push(fills, [fill, other]), 1)
    one.receive(Push(fills, [fill]), 2)

    assert len(one.table) == 2
    assert one.frames == 2


def test_repeats_are_remembered_for_a_while():
    """The memory is bounded; the oldest marks make room for new ones."""
    repeats = Repeats(channel("orders"), bound=2)
    fills = [order("1", "partially_filled", f"t{number}") for number in range(3)]

    assert len(repeats.sift([*fills, *fills])) == 6
    assert len(repeats.sift(fills[2:])) == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tickers", Tape),
        ("liquidation-orders", Tape),
        ("trades", TradeTape),
        ("candle1m", BarTape),
        ("fills", SiftedTape),
        ("orders", StateTape),
        ("instruments", StateTape),
    ],
)
def test_a_channel_gets_the_tape_it_needs(name, kind):
    """Only what is counted, a state or repeated pays for more than a plain tape."""
    assert type(tape(Arg(name))) is kind


def test_a_list_by_rest_is_the_whole_state():
    """What it leaves out is gone; what is the same is no change."""
    arg = Arg("instruments", instType="SPOT")
    one = tape(arg)
    listed = [Instrument(inst_id=name, state="live") for name in ("A", "B")]
    one.load(listed, 1, arg)
    one.receive(Push(arg, [Instrument(inst_id="B", state="suspend")]), 2_000)
    one.load([listed[1]], 3_000, arg)
    log = one.log.snapshot()

    assert current(one) == ["B"]
    assert list(log["inst_id"]) == ["A", "B", "B", "B"]
    assert list(log["origin"]) == ["history", "history", "live", "history"]
    assert log.index[2] == pd.Timestamp(2, unit="ms", tz="UTC")
    assert log.index.equals(pd.DatetimeIndex(log["recv"]).floor("ms").as_unit("ms"))


def test_a_list_by_rest_does_not_undo_what_was_heard_meanwhile():
    """It was made after the question, but perhaps before the news."""
    one = tape(ORDERS)
    one.receive(Push(ORDERS, [order("old"), order("kept"), order("done")]), 1)
    asked = 10
    one.receive(Push(ORDERS, [order("new")]), 11)
    one.receive(Push(ORDERS, [order("kept", px=2.0)]), 12)
    one.receive(Push(ORDERS, [order("done", "filled")]), 13)
    one.load([order("kept"), order("done"), order("more")], 20, ORDERS, asked)

    assert sorted(current(one)) == ["kept", "more", "new"]
    assert one.table.snapshot().loc["kept", "px"] == 2.0
    assert changes(one, "ord_id")[-1] == ("more",)


def test_a_trade_that_a_list_has_mentioned_is_still_news():
    """REST's orders carry their last trade; the channel reports it by itself."""
    one = tape(ORDERS)
    one.load([order("1", "partially_filled", "t1")], 1, ORDERS, 0)
    one.receive(Push(ORDERS, [order("1", "partially_filled", "t1", fill_sz=1.0)]), 2)
    one.load([order("1", "partially_filled", "t1", fill_sz=1.0)], 3, ORDERS, 3)

    assert current(one) == ["1"]
    assert one.log.mark == 2


def test_several_args_keep_their_states_apart():
    """A snapshot of one instrument leaves the rows of the other alone."""
    both = [Arg("positions", instType="SWAP", instId=name) for name in ("A", "B")]
    one = tape(*both)
    one.receive(snapshot(both[0], [position("a1"), position("a2")]), 1)
    one.receive(snapshot(both[1], [position("b1")]), 2)
    one.receive(snapshot(both[0], [position("a2")]), 3)
    one.lost([both[1]], "reset", 4)
    one.receive(snapshot(both[1], []), 5)

    assert current(one) == ["a2"]


def test_a_second_tape_takes_over_what_the_first_one_knows():
    """It shares the arg, so the exchange says nothing twice."""
    args = [Arg("orders", instType="SPOT", instId=name) for name in ("A", "B")]
    first, second = tape(args[0]), tape(*args)
    first.receive(Push(args[0], [order("1"), order("2", "filled")]), 1)
    second.catch_up(first, args[0], 2)
    second.receive(Push(args[0], [order("1", "canceled")]), 3)

    assert changes(second, "ord_id", "state") == [("1", "live"), ("1", "canceled")]
    assert current(second) == []


@pytest.mark.parametrize("opened", [True, False])
def test_a_second_tape_knows_whether_the_state_has_been_opened(opened):
    """Only a first message is the whole state."""
    first, second = tape(HOLDINGS), tape(HOLDINGS)
    rows = [Holding(item="balance", ccy=ccy, cash_bal=1.0) for ccy in ("BTC", "USDT")]
    if opened:
        first.receive(Push(HOLDINGS, rows), 1)
    second.catch_up(first, HOLDINGS, 2)
    second.receive(Push(HOLDINGS, rows[:1]), 3)

    assert len(second.table) == (2 if opened else 1)


def test_waiters_and_listeners_hear_of_changes_only():
    """The counters count changes; the table may shrink meanwhile."""
    one, heard = tape(POSITIONS), []
    one.listen(heard.append)
    one.receive(snapshot(POSITIONS, [position("1")]), 1)
    one.receive(snapshot(POSITIONS, []), 2)

    assert [len(rows) for rows in heard if rows] == [1]
    assert (len(one.table), one.log.mark) == (0, 1)
    assert one.status == "live"


def test_rows_of_other_states_end_too():
    """A triggered algo order, a cancelled sub-order."""
    algos = tape(Arg("orders-algo", instType="ANY"))
    subs = tape(Arg("grid-sub-orders", algoId="1"))
    for state in ("live", "partially_effective", "effective"):
        algos.receive(Push(algos.args[0], [AlgoOrder(algo_id="1", state=state)]), 1)
        if state == "partially_effective":
            assert current(algos) == ["1"]
    rows = [
        GridSubOrder(ord_id=i, state=s) for i, s in (("1", "live"), ("2", "filled"))
    ]
    subs.receive(Push(subs.args[0], rows), 1)

    assert current(algos) == []
    assert current(subs) == ["1"]
