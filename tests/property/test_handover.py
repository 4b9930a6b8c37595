"""Two connections that carry the same rows, against the one sequence they are of.

The old connection has told some of the sequence when its successor begins; from then
on either may be ahead.  The old one ends somewhere behind that beginning, and the
successor goes on to the end.
"""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from okxlab.protocol.arg import Arg
from okxlab.protocol.events import Push
from okxlab.protocol.rows import (
    BookUpdate,
    Candle,
    Position,
    Ticker,
    Trade,
)
from okxlab.transport.handover import Handover

START = 1_790_000_000_000
TRADES = Arg("trades", instId="BTC-USDT")
TICKERS = Arg("tickers", instId="BTC-USDT")
BARS = Arg("index-candle1m", instId="BTC-USDT")
BOOK = Arg("books", instId="BTC-USDT")
POSITIONS = Arg("positions", instType="ANY")


@st.composite
def courses(draw):
    """Draw a length, where the successor begins and the old one ends, and turns."""
    length = draw(st.integers(1, 12))
    begin = draw(st.integers(0, length))
    end = draw(st.integers(begin, length))
    turns = draw(st.lists(st.booleans(), max_size=2 * length))
    return length, begin, end, turns


def play(old, new, turns, heard=()):
    """Return what is passed on of two lists of pushes, the old one's told in turn."""
    handover = Handover(heard)
    old, new, out = list(old), list(new), []
    for is_of_old in turns:
        if is_of_old and old:
            handover.from_old(old[0])
            out.append(old.pop(0))
        elif not is_of_old and new:
            out += [one for one, _ in handover.from_new(new.pop(0), 0)]
    for push in old:
        handover.from_old(push)
        out.append(push)
    out += [push for push, _ in handover.old_ended()]
    for push in new:
        out += [one for one, _ in handover.from_new(push, 0)]
    return out + [push for push, _ in handover.settle()]


def rows_of(pushes):
    """Return the rows of all pushes, in order."""
    return [row for push in pushes for row in push.rows]


def bundled(arg, rows, sizes):
    """Return rows as pushes of some sizes."""
    pushes, rows = [], list(rows)
    for size in [*sizes, *[1] * len(rows)]:
        if rows:
            pushes.append(Push(arg, rows[:size]))
            del rows[:size]
    return pushes


@given(courses(), st.lists(st.integers(1, 3), max_size=5), st.booleans())
def test_each_trade_is_told_once_and_in_order(course, sizes, has_cached):
    """However they are bundled, and whether or not the last one comes again."""
    length, begin, end, turns = course
    rows = [Trade(ts=START + n, trade_id=n, px=1.0, sz=1.0) for n in range(length)]
    before = Trade(ts=START - 1, trade_id=-7, px=1.0, sz=1.0)
    cached = [[before, *rows][begin]] if has_cached else []
    new = bundled(TRADES, [*cached, *rows[begin:]], sizes)

    passed = play(
        bundled(TRADES, rows[:end], []), new, turns, heard=[Push(TRADES, [before])]
    )

    assert rows_of(passed) == rows


@given(courses(), st.booleans())
def test_each_ticker_is_told_once_and_in_order(course, is_made):
    """Also where the successor begins with a row that was made for it alone."""
    length, begin, end, turns = course
    rows = [Ticker(ts=START + 10 * n, last=float(n)) for n in range(length)]
    made = Ticker(ts=START + 10 * begin - 5, last=-1.0)
    new = bundled(TICKERS, [*([made] if is_made else []), *rows[begin:]], [])

    passed = rows_of(play(bundled(TICKERS, rows[:end], []), new, turns))

    assert [row for row in passed if row != made] == rows
    assert [row.ts for row in passed] == sorted(row.ts for row in passed)


@given(courses(), st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_bars_are_what_they_are_at_the_end(course, prices):
    """Prices go up and down: the same bar may come again."""
    length, begin, end, turns = course
    rows = [
        Candle(ts=START + 60_000 * (n // 4), close=float(prices[n]))
        for n in range(length)
    ]

    passed = rows_of(
        play(bundled(BARS, rows[:end], []), bundled(BARS, rows[begin:], []), turns)
    )

    assert {row.ts: row for row in passed} == {row.ts: row for row in rows}


def change(last, seq):
    """Return a push of a change of a book."""
    return Push(BOOK, [BookUpdate(seq_id=seq, prev_seq_id=last)], "update")


@given(courses())
def test_a_book_goes_on_where_it_was(course):
    """One change follows the other, and none is told twice."""
    length, begin, end, turns = course
    seqs = [10 * n + 10 for n in range(length + 1)]
    changes = [change(*pair) for pair in pairwise(seqs)]
    opening = Push(BOOK, [BookUpdate(seq_id=seqs[begin])], "snapshot")
    heard = [Push(BOOK, [BookUpdate(seq_id=seqs[0])], "snapshot")]

    passed = play(changes[:end], [opening, *changes[begin:]], turns, heard)

    followed = [push for push in passed if push.action == "update"]
    begun_anew = [push for push in passed if push.action == "snapshot"]
    assert followed == changes
    assert begun_anew == []


@given(courses(), st.integers(0, 12))
def test_a_book_with_other_steps_begins_anew(course, step):
    """Another machine may have put changes together: the chain holds all the same."""
    length, begin, end, turns = course
    seqs = [10 * n + 10 for n in range(length + 1)]
    there = sorted({seqs[begin], *seqs[begin :: step + 1], seqs[-1]})
    opening = Push(BOOK, [BookUpdate(seq_id=seqs[begin])], "snapshot")
    old = [change(*pair) for pair in pairwise(seqs)]
    new = [change(*pair) for pair in pairwise(there)]
    heard = [Push(BOOK, [BookUpdate(seq_id=seqs[0])], "snapshot")]

    last = seqs[0]
    for push in play(old[:end], [opening, *new], turns, heard):
        (row,) = push.rows
        assert push.action == "snapshot" or row.prev_seq_id == last
        last = row.seq_id

    assert last == seqs[-1]


@given(courses(), st.lists(st.integers(0, 2), min_size=12, max_size=12))
@example(course=(2, 1, 1, [False, False]), keys=[0, 1])
def test_a_state_is_what_it_is_at_the_end(course, keys):
    """Positions come and go; what a subscription begins with is one step."""
    length, begin, end, turns = course
    rows = [
        Position(pos_id=str(keys[n]), pos=float(n % 3), u_time=START + n)
        for n in range(length)
    ]
    opening = Push(
        POSITIONS, list(state_of(rows[:begin]).values()), event_type="snapshot"
    )
    # A change tells again what is as it was, as OKX does.
    changes = [
        Push(POSITIONS, [*rows[max(n - 1, 0) : n], row], event_type="event_update")
        for n, row in enumerate(rows)
    ]

    passed = play(changes[:end], [opening, *changes[begin:]], turns)

    known = {}
    for push in passed:
        if push.event_type == "snapshot":
            known = {}
        known = state_of(push.rows, known)
    assert known == state_of(rows)


def test_what_is_held_back_is_bounded():
    """A handover that is full says so, and nothing that it took is lost."""
    handover = Handover(most=3_000)
    rows = [Trade(ts=START + n, trade_id=n, px=1.0, sz=1.0) for n in range(100)]
    held = []
    for push in bundled(TRADES, rows, []):
        assert handover.from_new(push, 0) == []
        held.append(push)
        if handover.is_full:
            break

    assert len(held) == 16
    assert [push for push, _ in handover.old_ended()] == held


def state_of(rows, known=()):
    """Return what is current after some rows."""
    current = dict(known)
    for row in rows:
        current[row.pos_id] = row
    return {key: row for key, row in current.items() if row.pos}
