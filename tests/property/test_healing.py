"""Trades and bars that are lost, doubled and late, against a plain record.

The exchange of these tests has every match under an id; the wire rolls some of
them up, loses messages, repeats them and delivers them out of order; REST has
each match on its own, perhaps not the newest yet.  Whatever happens, no match
is in the frame twice, and what is not in it is counted in the ledger.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import Candle, SingleTrade, Trade
from okxlab.stream.bars import BarTape
from okxlab.stream.trades import TradeTape
from okxlab.table import parse_window

BTC = Arg("trades", instId="BTC-USDT")
BARS = Arg("candle1m", instId="BTC-USDT")
MINUTE = 60_000
FIRST = 1_000


def single(number):
    """Return a match as REST has it."""
    return SingleTrade(
        ts=number * 10, inst_id="BTC-USDT", trade_id=number, px=number / 8, sz=1.0
    )


def rolled(low, high):
    """Return the matches of some ids as one row of the wire."""
    return Trade(
        ts=(high - 1) * 10,
        inst_id="BTC-USDT",
        trade_id=high - 1,
        px=(high - 1) / 8,
        sz=float(high - low),
        count=high - low,
    )


@st.composite
def wires(draw):
    """Draw what happens: rows of the wire with accidents, and answers of REST."""
    place = FIRST
    steps = []
    held = []
    for _ in range(draw(st.integers(1, 30))):
        high = place + draw(st.integers(1, 4))
        row = rolled(place, high)
        place = high
        accident = draw(
            st.sampled_from(["none"] * 5 + ["lost", "double", "late", "reconnect"])
        )
        if accident == "late":
            held.append(row)
        elif accident != "lost":
            steps.append(("row", row))
        if accident == "double":
            steps.append(("row", row))
        if accident == "reconnect":
            steps.append(("lost", None))
        if held and draw(st.booleans()):
            steps.append(("row", held.pop(draw(st.integers(0, len(held) - 1)))))
        if draw(st.integers(0, 3)) == 0:
            behind = draw(st.integers(0, 5))
            steps.append(("rest", (draw(st.integers(1, 40)), place - behind)))
    return steps, place


def play(tape, steps, arg=BTC):
    """Let it happen; REST is asked for what is missing and brings more than that."""
    now = 0
    for what, given_ in steps:
        now += 1_000
        if what == "row":
            tape.receive(Push(arg, [given_]), now)
        elif what == "lost":
            tape.lost([arg], "connection lost", now)
            tape.acknowledged(arg, (), now)
        else:
            count, stop = given_
            rows = [single(i) for i in range(max(stop - count, 0), stop)]
            tape.fill(arg, rows, now)


@settings(max_examples=200)
@given(wires())
def test_no_match_is_lost_or_doubled(drawn):
    """Counts add up to the span of ids, in order, and nothing stays missing."""
    steps, stop = drawn
    tape = TradeTape(channel("trades"), (BTC,), parse_window(10_000))
    play(tape, steps)
    before = ids_of(tape.table.snapshot())
    missing = {i for hole in tape.missing(BTC) for i in range(*hole)}
    gaps = tape.gaps.snapshot()
    tape.fill(BTC, [single(i) for i in range(FIRST - 5, stop)], 10**9)
    after = tape.table.snapshot()
    chain = tape.mending.chains[BTC]
    passed = set() if chain.first is None else set(range(chain.first, chain.reach))

    assert len(set(before)) == len(before)
    assert set(before) & missing == set()
    assert passed <= set(before) | missing
    assert ids_of(after) == sorted(passed | set(before))
    assert after["count"].where(after["origin"] == "history", 1).eq(1).all()
    assert gaps["missing"].sum() >= len(missing)
    assert tape.missing(BTC) == []
    assert tape.gaps.snapshot()["healed"].all() or tape.mending.is_in_doubt(BTC)


def ids_of(frame):
    """Return every id that a frame stands for, in order of the rows."""
    return [
        number
        for last, count in zip(frame["trade_id"], frame["count"], strict=True)
        for number in range(last + 1 - count, last + 1)
    ]


def bar(ts, closed, close=1.0):
    """Return a bar."""
    return Candle(ts, 1.0, 2.0, 0.5, close, 1.0, 1.0, 1.0, closed)


@given(
    st.lists(
        st.tuples(st.integers(0, 15), st.booleans(), st.sampled_from("wwwr")),
        max_size=40,
    )
)
def test_bars_join_on_whatever_comes(events):
    """Closed bars stay closed, each once in order, and holes are known.

    Events are bars of the wire and answers of REST, closed or open, in any order.
    """
    tape = BarTape(channel("candle1m"), (BARS,), parse_window(1_000))
    closed, seen = set(), set()
    for number, is_closed, by in events:
        row = bar(number * MINUTE, is_closed)
        if by == "w":
            tape.receive(Push(BARS, [row]), 1_000)
            seen.add(number)
            if is_closed:
                closed.add(number)
        else:
            reach = tape.mending.chains[BARS].reach
            first = tape.mending.chains[BARS].first
            tape.fill(BARS, [row], 2_000)
            if (
                is_closed
                and reach is not None
                and first <= number * MINUTE
                and (number + 1) * MINUTE <= reach
            ):
                closed.add(number)
                seen.add(number)
    frame = tape.table.snapshot()
    chain = tape.mending.chains[BARS]

    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert {ts // MINUTE for ts in frame.index.astype("int64")} == seen
    assert {
        ts // MINUTE
        for ts, confirm in zip(
            frame.index.astype("int64"), frame["confirm"], strict=True
        )
        if confirm
    } == closed
    if chain.first is not None:
        wanted = set(range(chain.first // MINUTE, chain.reach // MINUTE))
        assert {
            number
            for low, high in tape.missing(BARS)
            for number in range(low // MINUTE, high // MINUTE)
        } == wanted - closed
