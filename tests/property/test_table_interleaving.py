"""Reader and writer interrupted by one another at every single step.

The order in which a table makes things known matters between any two byte codes.
Threads hit such a gap once in a million runs, so here one thread plays both: it
traces one side and lets the other one run in between, at each byte code in turn.
"""

from __future__ import annotations

import dis
import sys
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from okxlab.table import Window, stage, storage
from tests.unit.table_rows import COLUMNS, AnyRow, table

SOME = tuple(
    column for column in COLUMNS if column.name in ("ts", "px", "trade_id", "count")
)
BATCH = 3
WINDOWS = {
    "rows": Window(5, None, 100),
    "duration": Window(None, 5, 100),
    "capped": Window(None, 50, 5),
}


@pytest.fixture(autouse=True)
def _small_buffers(monkeypatch):
    """Let a buffer be full after a few rows, so that a step may cross several."""
    monkeypatch.setattr(storage, "FIRST_CAPACITY", 8)
    monkeypatch.setattr(stage, "_PART", 2)


# Where reader and writer touch what the other one can see.
SHARED = {"rolling.py", "keyed.py", "bars.py", "storage.py", "stage.py"}
SHARED |= {"<okxlab.table: append>"}
# What only makes things that nobody else has yet.
UNSHARED = {"__init__", "fresh", "_blocks_of", "_cells_of", "capacity_for"}
UNSHARED |= {"<dictcomp>", "<genexpr>", "<lambda>", "<listcomp>"}
REACHING_OUT = ("ATTR", "METHOD", "SUBSCR", "SLICE", "CALL", "BINARY_OP")


@cache
def reaches_out(code, place):
    """Whether a byte code may read or write what another thread can see."""
    name = dis.opname[code.co_code[place]]
    return any(part in name for part in REACHING_OUT)


def interrupted(run, place, step):
    """Run, do the step at the given byte code of the table, say if it came to it."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        code = frame.f_code
        if Path(code.co_filename).name not in SHARED or code.co_name in UNSHARED:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and reaches_out(code, frame.f_lasti):
            seen += 1
            if seen == place:
                step()  # is not traced itself: tracing is off in here
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = run()
    finally:
        sys.settrace(before)
    return result, seen >= place


def everywhere(play):
    """Play with an interruption at the first byte code, at the second, ..."""
    play(sys.maxsize)  # Python 3.12 traces byte codes from the second time on
    for place in count(1):
        if not play(place):
            assert place > 10  # it did trace something
            return


def row_of(number, ts=None):
    """Return a row that shows if it is made of several."""
    return AnyRow(
        ts=number if ts is None else ts,
        px=number / 2,
        trade_id=number,
        count=number if number % 2 else "",
    )


def ids_of(frame):
    """Return the ids of a frame whose rows are whole."""
    ids = frame["trade_id"].to_list()
    counts = frame["count"].to_list()

    assert frame["px"].to_list() == [number / 2 for number in ids]
    for number, found in zip(ids, counts, strict=True):
        assert (found == number) if number % 2 else not isinstance(found, int)
    return ids


def rolling(window, batches):
    """Return a rolling table and a function that writes its next batches."""
    made = table(window=window, columns=SOME)
    numbers = count()

    def write(times=1):
        for _ in range(times):
            made.append([row_of(next(numbers)) for _ in range(BATCH)], 0)

    write(batches)
    return made, write


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("times", [1, 9], ids=["once", "over several buffers"])
@pytest.mark.parametrize("batches", [2, 7])
def test_rolling_reader_interrupted_by_the_writer(window, times, batches):
    """A snapshot is the whole window as it was at one moment of the reading."""

    def play(place):
        made, write = rolling(window, batches)
        before = made.mark
        frame, reached = interrupted(made.snapshot, place, lambda: write(times))
        ids = ids_of(frame)

        assert ids == list(range(max(0, ids[-1] - 4), ids[-1] + 1))
        assert ids[-1] % BATCH == BATCH - 1
        assert before <= ids[-1] + 1 <= made.mark
        assert ids_of(made.snapshot())[-1] == made.mark - 1
        return reached

    everywhere(play)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("times", [1, 9], ids=["once", "over several buffers"])
def test_follower_interrupted_by_the_writer(window, times):
    """Changes go up to their mark, and the next ones go on from there."""

    def play(place):
        made, write = rolling(window, 2)
        mark = made.mark - 2
        (frame, now), reached = interrupted(
            lambda: made.changes(mark), place, lambda: write(times)
        )
        then, end = made.changes(now)

        assert ids_of(frame) == list(range(max(mark, now - 5), now))
        assert ids_of(then) == list(range(max(now, end - 5), end))
        assert end == made.mark
        return reached

    everywhere(play)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("batches", [1, 2])
def test_rolling_writer_interrupted_by_a_reader(window, batches):
    """Until the whole batch can be seen, none of it can; and it costs no row."""

    def play(place):
        made, write = rolling(window, batches)
        before = made.mark
        seen = []

        def look():
            seen.append((ids_of(made.snapshot()), made.changes(before - 1), made.mark))

        _, reached = interrupted(write, place, look)
        for ids, (frame, now), mark in seen:
            assert ids == list(range(max(0, ids[-1] - 4), ids[-1] + 1))
            assert ids[-1] + 1 in (before, made.mark)
            assert ids[-1] + 1 == now == mark
            assert ids_of(frame) == list(range(before - 1, now))
        assert ids_of(made.snapshot())[-1] == made.mark - 1
        return reached

    everywhere(play)


def bars(used):
    """Return a table of bars 10, 20, 30, their versions, and a writing function."""
    made = table("bars", Window(6, None, 100), columns=SOME)
    versions = {}
    numbers = count(1)

    def write(*batch):
        stamped = [row_of(next(numbers), ts) for ts in batch]
        made.append(stamped, 0)
        versions.update((row.ts, row.trade_id) for row in stamped)

    write(10, 20, *[30] * (used - 2))
    return made, versions, write


STEPS = {
    "update": (3, (20,)),
    "new bar": (3, (40,)),
    "late bar": (3, (15,)),
    "all of these": (3, (5, 40, 20)),
    "into a fresh buffer": (8, (30, 40)),
    "late bar into a fresh buffer": (8, (40, 25)),
}


def assert_between(frame, before, after):
    """Check that a frame shows each bar once, neither older nor newer than it is."""
    shown = dict(zip(frame.index.asi8.tolist(), ids_of(frame), strict=True))

    assert list(shown) == sorted(shown)
    assert len(shown) == len(frame)
    assert before.keys() <= shown.keys() <= after.keys()
    for ts, version in shown.items():
        assert before.get(ts, 0) <= version <= after[ts]


@pytest.mark.parametrize(("used", "batch"), STEPS.values(), ids=STEPS)
def test_keyed_reader_interrupted_by_the_writer(used, batch):
    """Each bar is one version, no older than when the reader began to look."""

    def play(place):
        made, versions, write = bars(used)
        before = dict(versions)

        frame, reached = interrupted(made.snapshot, place, lambda: write(*batch))

        assert_between(frame, before, versions)
        if reached:
            # What was read halfway has not become the snapshot of later readers.
            assert_between(made.snapshot(), versions, versions)
        return reached

    everywhere(play)


@pytest.mark.parametrize(("used", "batch"), STEPS.values(), ids=STEPS)
def test_keyed_follower_interrupted_by_the_writer(used, batch):
    """Whatever changed is in these changes or in the next, as it is in the end."""

    def play(place):
        made, versions, write = bars(used)
        write(20)
        mark = made.mark - 1

        (frame, now), reached = interrupted(
            lambda: made.changes(mark), place, lambda: write(*batch)
        )
        then, _ = made.changes(now)
        known = {
            ts: version
            for part in (frame, then)
            for ts, version in zip(part.index.asi8.tolist(), ids_of(part), strict=True)
        }
        changed = {ts: version for ts, version in versions.items() if version > mark}

        assert changed.items() <= known.items()
        return reached

    everywhere(play)


@pytest.mark.parametrize(("used", "batch"), STEPS.values(), ids=STEPS)
def test_keyed_writer_interrupted_by_a_reader(used, batch):
    """However far the writer has come, every bar is there and whole."""

    def play(place):
        made, versions, write = bars(used)
        seen = []

        def look():
            # Of a bar that is being written, any version written so far will do.
            ahead = dict.fromkeys(batch, made.mark + 9)
            seen.append((made.snapshot(), dict(versions), versions | ahead))

        _, reached = interrupted(lambda: write(*batch), place, look)
        for frame, before, ahead in seen:
            assert_between(frame, before, ahead)
        assert_between(made.snapshot(), versions, versions)
        return reached

    everywhere(play)
