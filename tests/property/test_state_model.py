"""The tape of a state, checked against a plain dictionary."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import Position
from okxlab.stream.sifted import make_tape
from okxlab.table import parse_window

ARG = Arg("positions", instType="SWAP")

ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from([0.0, 1.0, 2.0])), max_size=4
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), ROWS),
        st.tuples(st.just("snapshot"), st.lists(ROWS, min_size=1, max_size=3)),
        st.tuples(st.just("lost"), st.none()),
    ),
    max_size=12,
)


def after_event(state, rows):
    """Return the state after single rows, and the rows that differ."""
    state, changed = dict(state), []
    for key, pos in rows:
        if state.get(key) != pos:
            changed.append((key, pos))
        state[key] = pos
        if not pos:
            del state[key]
    return state, changed


def after_snapshot(state, rows):
    """Return the state that the rows are all of, and the rows that differ."""
    changed = [(key, pos) for key, pos in rows if state.get(key) != pos]
    return {key: pos for key, pos in dict(rows).items() if pos}, changed


def pushes(kind, what):
    """Yield the messages of one step."""
    pages = what if kind == "snapshot" else [what]
    for number, page in enumerate(pages, 1):
        rows = [Position(pos_id=key, pos=pos) for key, pos in page]
        if kind == "event":
            yield Push(ARG, rows, "", "event_update")
        else:
            yield Push(ARG, rows, "", "snapshot", number, number == len(pages))


@given(STEPS)
def test_the_state_is_that_of_a_dictionary(steps):
    """Whatever comes in whatever order, both frames hold what a dict would."""
    tape = make_tape(channel("positions"), (ARG,), parse_window(1_000))
    state, changes = {}, []
    clock = itertools.count(1)
    for kind, what in steps:
        if kind == "lost":
            tape.lost([ARG], "reset", next(clock))
            continue
        after = after_event if kind == "event" else after_snapshot
        rows = what if kind == "event" else list(itertools.chain(*what))
        state, changed = after(state, rows)
        changes += changed
        for push in pushes(kind, what):
            tape.receive(push, next(clock))
    log = tape.log.snapshot()[["pos_id", "pos"]]

    assert tape.table.snapshot()["pos"].to_dict() == state
    assert list(log.itertuples(index=False, name=None)) == changes
