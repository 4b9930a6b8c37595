"""okxlab.table.mirror: the copy that frames of bars show is used again, unseen."""

from __future__ import annotations

import gc
import weakref

import msgspec
import numpy as np
import pandas as pd
import pytest

from tests.unit.table_rows import SECOND, fill, full_row, table

BARS = 6


def bars():
    """Return a table of bars of which one has been updated, so that frames copy."""
    return update(fill(table("bars"), range(BARS)), 2)


def update(into, number, by=100.0):
    """Change every value of a bar but the opening time; its count goes missing."""
    row = full_row(int(number + by))
    row = msgspec.structs.replace(row, ts=1_000 * number, count="")
    into.append([row], SECOND * number, "BTC-USDT")
    return into


def prices_at(frame):
    """Return where the prices of a frame lie in memory."""
    return frame["px"].to_numpy().__array_interface__["data"][0]


LOOKS = {
    "frame": lambda frame: frame,
    "slice": lambda frame: frame.iloc[1:4],
    "shallow copy": lambda frame: frame.copy(deep=False),
    "columns": lambda frame: frame[["px", "text", "count"]],
    "renamed": lambda frame: frame.rename(columns=str.upper),
    "series": lambda frame: frame["px"],
    "nullable": lambda frame: frame["count"],
    "flags": lambda frame: frame["flag"],
    "text": lambda frame: frame["text"],
    "category": lambda frame: frame["side"],
    "times": lambda frame: frame["until"],
    "objects": lambda frame: frame["payload"],
    "index": lambda frame: frame.index,
    "integers of the index": lambda frame: frame.index.asi8,
    "array": lambda frame: frame["px"].to_numpy(),
    "part of an array": lambda frame: frame["px"].to_numpy()[1::2],
    "view of another type": lambda frame: frame["px"].to_numpy().view("i8"),
    "two-dimensional": lambda frame: frame[["px", "sz"]].to_numpy(),
    "transposed": lambda frame: frame[["px", "sz"]].T,
    "memoryview": lambda frame: memoryview(frame["px"].to_numpy()),
    "nullable array": lambda frame: frame["count"].array,
    "mask": lambda frame: frame["count"].array._mask,
    "codes": lambda frame: frame["side"].array._codes,
    "text array": lambda frame: frame["text"].array,
    "index as a column": lambda frame: frame.index.to_series(),
    "index reset": lambda frame: frame.reset_index(),
}


def written(look):
    """Return what a look shows, in a form that shares nothing with it."""
    if isinstance(look, pd.DataFrame):
        return look.to_csv()
    return repr(list(look))


@pytest.mark.parametrize("reach", LOOKS.values(), ids=LOOKS)
def test_what_is_looked_at_never_changes(reach):
    """Whatever part of a frame is kept, later rows do not get into it."""
    filled = bars()
    look = reach(filled.snapshot())
    before = written(look)
    for turn in range(5):
        for number in range(BARS):
            update(filled, number, by=11.0 * (turn + 1))
            filled.snapshot()

    assert written(look) == before


def test_memory_that_nobody_looks_at_is_used_again():
    """A frame of bars that was let go makes room for the next one."""
    filled = bars()
    filled.snapshot()
    before = prices_at(filled.snapshot())
    after = prices_at(update(filled, 4).snapshot())

    assert after == before


def test_frame_in_the_place_of_the_last_one_takes_turns():
    """Who keeps the newest frame only has the same two pieces of memory all along."""
    filled = bars()
    frame, found = filled.snapshot(), []
    for turn in range(6):
        frame = update(filled, 3, by=10.0 * (turn + 2)).snapshot()
        found.append(prices_at(frame))

    assert found[:2] * 3 == found
    assert found[0] != found[1]


@pytest.mark.parametrize("kept", [0, 1, 2, 10])
def test_frame_shows_what_changed_since_the_one_it_takes_the_place_of(kept):
    """However many frames are kept, each shows the newest version of each bar."""
    filled = bars()
    expected = {number: number / 4 for number in range(BARS)} | {2: 102 / 4}
    frames = []
    for turn in range(12):
        number = turn % (BARS - 1)
        update(filled, number, by=10.0 * (turn + 2))
        expected[number] = int(number + 10.0 * (turn + 2)) / 4
        if turn == 7:
            fill(filled, [BARS])
            expected[BARS] = BARS / 4
        frames = [*frames, filled.snapshot()][len(frames) + 1 - kept :]

        assert list(expected.values()) == filled.snapshot()["px"].to_list()


def test_mirror_does_not_outlive_its_table():
    """Memory that was lent goes with the last one who looks at it."""
    filled = bars()
    price = filled.snapshot()["px"]
    lent = weakref.ref(price.to_numpy().base)
    gc.disable()
    try:
        del filled
        expected = [0, 0.25, 25.5, 0.75, 1, 1.25]

        assert price.to_list() == expected
        del price
        assert lent() is None
    finally:
        gc.enable()


def test_frames_of_states_are_taken_of_the_same_copy():
    """A table by key takes memory again as well, in spite of its other index."""
    filled = fill(table("state", key=("text",)), range(BARS))
    filled.append([full_row(2)], SECOND, "BTC-USDT")
    before = prices_at(filled.snapshot())
    filled.append([msgspec.structs.replace(full_row(3), px=9.0)], SECOND, "BTC-USDT")
    frame = filled.snapshot()

    assert prices_at(frame) == before
    assert frame["px"].to_list() == [0, 0.25, 0.5, 9.0, 1, 1.25]
    assert np.array_equal(frame.index, [f"text {n}" for n in range(BARS)])


def test_copies_that_nobody_looks_at_are_let_go_of():
    """As many are kept as were looked at; once that is over, the next look drops them."""
    filled = bars()
    frames = [update(filled, number).snapshot() for number in range(4)]
    before = len(filled._roster._mirrors)
    frames.clear()
    for number in range(2):
        update(filled, number).snapshot()

    assert before == 3
    assert len(filled._roster._mirrors) == 1
