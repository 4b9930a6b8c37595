"""A table that is looked at all the time against one that is looked at in the end."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.protocol.columns import Level
from okxlab.table import Window, stage, storage
from tests.unit.table_rows import COLUMNS, AnyRow, table

KINDS = ("log", "bars", "state")
WINDOWS = {
    "rows": Window(30, None, 40),
    "duration": Window(None, 20_000, 40),
    "both": Window(5, 10_000, 40),
}
LOOKS = ("snapshot", "last", "changes", "length", "capped")

blank = st.sampled_from(["", None])
rows = st.builds(
    AnyRow,
    ts=st.integers(0, 60).map(lambda second: 1_000 * second),
    px=st.floats(allow_nan=False) | blank | st.just("dear"),
    sz=st.integers(0, 9),
    trade_id=st.integers(-(2**63), 2**63 - 1),
    count=st.integers(0, 9) | blank | st.just(0.5),
    flag=st.booleans() | blank,
    text=st.sampled_from(["", "one", "two"]),
    side=st.sampled_from(["buy", "sell", "", None, "neither"]),
    until=st.integers(0, 60) | blank,
    payload=st.none() | st.lists(st.integers(), max_size=2),
    bids=st.lists(st.just(Level(1.0, 2.0, "0", 3)), max_size=2),
)
batches = st.tuples(
    st.lists(rows, min_size=1, max_size=9) | st.lists(rows, min_size=1, max_size=1),
    st.sampled_from(["BTC-USDT", "ETH-USDT"]),
    st.sampled_from([0, 1]),
    st.lists(st.sampled_from(LOOKS), max_size=3),
)


@pytest.fixture(autouse=True, scope="module")
def _small_buffers():
    """Let buffers and stages be full soon, at different times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "FIRST_CAPACITY", 16)
        patch.setattr(stage, "_PART", 3)
        yield


def look(made, how, mark):
    """Look at a table in one of the ways there are."""
    match how:
        case "snapshot":
            made.snapshot()
        case "last":
            made.snapshot(last=2)
        case "changes":
            made.changes(mark)
        case "length":
            len(made)
        case _:
            assert made.capped in (True, False)


@settings(max_examples=200)
@given(
    kind=st.sampled_from(KINDS),
    window=st.sampled_from(sorted(WINDOWS)),
    steps=st.lists(batches, min_size=1, max_size=12),
)
def test_looking_changes_nothing(kind, window, steps):
    """Whoever looks, and whenever: the rows, their marks and what is refused stay."""
    watched, alone = (
        table(kind, WINDOWS[window], COLUMNS, key=("text",)) for _ in range(2)
    )
    taken = []
    for batch, inst_id, origin, looks in steps:
        for made in (watched, alone):
            made.append(batch, 7, inst_id, origin)
        for how in looks:
            look(watched, how, watched.mark // 2)
        taken.append((watched.snapshot(), watched.snapshot().copy()))

    for frame, then in taken:
        pd.testing.assert_frame_equal(then, frame)
    mark = alone.mark // 2
    pd.testing.assert_frame_equal(alone.changes(mark)[0], watched.changes(mark)[0])
    pd.testing.assert_frame_equal(alone.snapshot(), watched.snapshot())
    assert alone.first_mark == watched.first_mark
    assert alone.unknown == watched.unknown


@settings(max_examples=100)
@given(batch=st.lists(rows, min_size=1, max_size=14), sizes=st.data())
def test_rows_are_the_same_in_batches_of_any_size(batch, sizes):
    """One at a time or many at once, a row comes out as it went in."""
    slowly, at_once = (table(window=100) for _ in range(2))
    left = list(batch)
    while left:
        count = sizes.draw(st.integers(1, len(left)))
        slowly.append(left[:count], 7, "BTC-USDT")
        del left[:count]
        slowly.snapshot()
    at_once.append(batch, 7, "BTC-USDT")

    pd.testing.assert_frame_equal(at_once.snapshot(), slowly.snapshot())
