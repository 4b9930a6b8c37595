"""Tables against plain models: `pd.concat(...).tail(...)`, and a dict."""

from __future__ import annotations

import bisect

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from okxlab.protocol.columns import INST_ID, ORIGIN, ORIGINS, RECV, Column
from okxlab.table import Window, make_table, stage, storage

SIDES = ("buy", "sell")
INSTRUMENTS = ("BTC-USDT", "ETH-USDT", None)
STR = pd.StringDtype("python", na_value=np.nan)


class Row(msgspec.Struct, kw_only=True):
    """A row with one column of each kind."""

    ts: int | str | None = ""
    px: float | str | None = ""
    id: int = -1
    count: int | str | None = ""
    flag: bool | str | None = ""
    text: str = ""
    side: str = ""
    payload: object = None


COLUMNS = (
    Column(name="ts", kind="ms", field="ts"),
    INST_ID,
    Column(name="px", kind="float", field="px"),
    Column(name="id", kind="int64", field="id"),
    Column(name="count", kind="Int64", field="count"),
    Column(name="flag", kind="boolean", field="flag"),
    Column(name="text", kind="str", field="text"),
    Column(name="side", kind="category", field="side", categories=SIDES),
    Column(name="payload", kind="object", field="payload"),
    RECV,
    ORIGIN,
)
STATE_COLUMNS = tuple(column for column in COLUMNS if column not in (INST_ID, ORIGIN))

blank = st.sampled_from(["", None])
times = st.integers(0, 40) | blank
rows = st.builds(
    Row,
    ts=times,
    px=st.floats(allow_nan=False, width=32) | blank,
    id=st.integers(-1, 2**62),
    count=st.integers(0, 2**62) | blank,
    flag=st.booleans() | blank,
    text=st.text(max_size=3),
    side=st.sampled_from([*SIDES, "", "neither"]),
    payload=st.none() | st.lists(st.integers(), max_size=2),
)
batches = st.lists(rows, max_size=7)
instruments = st.sampled_from(INSTRUMENTS)
origins = st.sampled_from([0, 1])
positive = st.integers(1, 12)


@pytest.fixture(autouse=True, scope="module")
def _small_buffers():
    """Let buffers fill up after a few rows, so that every run crosses many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "FIRST_CAPACITY", 4)
        patch.setattr(stage, "_PART", 2)
        yield


def present(value):
    """Return a value as pandas is to read it: None where it is missing."""
    return None if value in ("", None) else value


def frame_of(entries, columns=COLUMNS):
    """Return rows as a DataFrame, by pandas' own constructors alone.

    An entry is (row, recv_us, inst_id, origin).
    """
    taken = [entry[0] for entry in entries]
    series = {
        "ts": times_of([present(row.ts) for row in taken], "ms"),
        "inst_id": pd.Series([present(entry[2]) for entry in entries], dtype=STR),
        "px": pd.Series([present(row.px) for row in taken], dtype="float64"),
        "id": pd.Series([row.id for row in taken], dtype="int64"),
        "count": pd.Series([present(row.count) for row in taken], dtype="Int64"),
        "flag": pd.Series([present(row.flag) for row in taken], dtype="boolean"),
        "text": pd.Series([present(row.text) for row in taken], dtype=STR),
        "side": pd.Series(
            [row.side if row.side in SIDES else None for row in taken],
            dtype=pd.CategoricalDtype(SIDES),
        ),
        "payload": pd.Series([row.payload for row in taken], dtype=object),
        "recv": times_of([entry[1] for entry in entries], "us"),
        "origin": pd.Series(
            [ORIGINS[entry[3]] for entry in entries], dtype=pd.CategoricalDtype(ORIGINS)
        ),
    }
    return pd.DataFrame({column.name: series[column.name] for column in columns})


def times_of(values, unit):
    """Return a UTC column of whole units since 1970."""
    series = pd.Series(values, dtype="Int64").astype(f"M8[{unit}]")
    return series.dt.tz_localize("UTC")


def assert_same(expected, actual):
    """Compare frames to the last bit, dtypes and index included."""
    pd.testing.assert_frame_equal(expected, actual, check_exact=True, check_freq=False)


class TableMachine(RuleBasedStateMachine):
    """What holds for every kind of table: frames that were taken stay."""

    def start(self, kind, window, columns=COLUMNS, key=()):
        self.window = window
        self.table = make_table(kind, columns, window=window, key=key)
        self.written = 0
        self.recv_us = 0
        self.taken = []

    def stamp(self, batch, inst_id, origin):
        """Append a batch and return its entries, as `frame_of` takes them."""
        self.recv_us += 1
        self.written += len(batch)
        count = self.table.append(batch, self.recv_us, inst_id, origin)

        assert len(batch) == count
        return [(row, self.recv_us, inst_id, origin) for row in batch]

    @rule()
    def take(self):
        """Keep a snapshot beside what it shows now."""
        frame = self.table.snapshot()
        self.taken.append((frame, frame.copy()))

    @precondition(lambda self: len(self.table))
    @rule(pick=st.randoms(use_true_random=False))
    def write(self, pick):
        """Write into a fresh snapshot, in every column."""
        frame = self.table.snapshot()
        for position, name in enumerate(frame.columns):
            at = pick.randrange(len(frame))
            other = frame[name].iloc[pick.randrange(len(frame))]
            frame.iloc[at, position] = other if name != "payload" else "mine"
            frame.iloc[at, position] = None if name != "id" else -7

    def teardown(self):
        """Neither later rows nor writes elsewhere have changed a frame."""
        for frame, copy in getattr(self, "taken", ()):
            assert_same(copy, frame)

    @invariant()
    def marks_count_rows(self):
        """The mark is the number of rows ever written."""
        assert self.written == self.table.mark
        assert len(self.table) == len(self.table.snapshot())


class RollingMachine(TableMachine):
    """A rolling table is the tail of everything that was appended."""

    @initialize(rows=positive, duration=st.none() | positive, max_rows=positive)
    def begin(self, rows, duration, max_rows):
        self.start("log", Window(None if duration else rows, duration, max_rows))
        self.entries = []
        self.frames = [frame_of([])]
        # Rows from here on are to be there, whatever the window has become.
        self.held = None

    @rule(batch=batches, inst_id=instruments, origin=origins)
    def append(self, batch, inst_id, origin):
        entries = self.stamp(batch, inst_id, origin)
        self.entries += entries
        self.frames.append(frame_of(entries))

    @rule(rows=st.none() | positive, duration=st.none() | positive)
    def grow(self, rows, duration):
        wanted = Window(rows, duration, self.window.max_rows)
        if (rows or duration) and self.held is None:
            self.held = self.first()
        self.window = self.window.union(wanted)
        self.table.grow(wanted)

        assert self.window == self.table.window

    def first(self):
        """Return the first row in the window, of a memory without limits."""
        count = len(self.entries)
        first = count
        if self.window.duration_ms is not None:
            first = self.first_in_time(max(0, count - self.window.max_rows))
        if self.window.rows is not None:
            first = min(first, count - self.window.rows)
        return max(first, 0)

    def first_in_time(self, lowest):
        ts = [present(entry[0].ts) for entry in self.entries]
        known = [time for time in ts[lowest:] if time is not None]
        if not known:
            return lowest
        oldest = max(known) - self.window.duration_ms
        young = (
            place
            for place in range(lowest, len(ts))
            if ts[place] is not None and ts[place] > oldest
        )
        return next(young)

    @invariant()
    def table_is_the_tail_of_everything(self):
        """`concat(...).tail(...)`, of the same dtypes with and without rows."""
        everything = pd.concat(self.frames, ignore_index=True).set_index("ts")
        count = len(self.entries) - self.first()
        if self.held is not None:
            # A window that has grown shows again what is still in memory.
            count = min(len(self.table), count)
        frame = self.table.snapshot()

        assert_same(everything.tail(count), frame)
        assert self.table.first_mark == self.written - len(frame)

    @rule(back=st.integers(-1, 30))
    def ask_for_the_newest(self, back):
        """`since` returns the newest rows, as far as the window holds them."""
        frame = self.table.snapshot()
        first = max(0, len(frame) - max(0, back))
        changes, now = self.table.changes(self.written - back)

        assert_same(frame[first:], changes)
        assert_same(frame[first:], self.table.snapshot(last=max(0, back)))
        assert now == self.written

    @invariant()
    def cap_is_visible(self):
        """A duration window that is as long as it may be says so."""
        duration = self.window.duration_ms is not None
        full = len(self.table) >= self.window.max_rows
        if self.window.rows is None:
            assert (duration and full) == self.table.capped
        elif not duration:
            assert not self.table.capped


class BarMachine(TableMachine):
    """A bar table is a dict by instrument and time, in order of time."""

    @initialize(rows=positive, duration=st.none() | positive, max_rows=positive)
    def begin(self, rows, duration, max_rows):
        self.start("bars", Window(None if duration else rows, duration, max_rows))
        self.bars = {}
        self.order = []

    @rule(batch=batches, inst_id=instruments, origin=origins)
    def append(self, batch, inst_id, origin):
        before = self.written
        for entry in self.stamp(batch, inst_id, origin):
            before += 1
            if present(entry[0].ts) is not None:
                self.put((inst_id, entry[0].ts), (before, *entry))

    def put(self, key, marked):
        if key not in self.bars:
            ts = [present for _, present in self.order]
            newest = not ts or key[1] >= max(ts)
            place = len(ts) if newest else bisect.bisect_left(ts, key[1])
            self.order.insert(place, key)
        self.bars[key] = marked

    def shown(self):
        """Return the keys in the window, of a memory without limits."""
        keys = self.order
        if self.window.rows is not None:
            return keys[-self.window.rows :]
        keys = keys[-self.window.max_rows :]
        newest = max((ts for _, ts in keys), default=0)
        return [key for key in keys if key[1] > newest - self.window.duration_ms]

    @invariant()
    def table_is_the_dict(self):
        """Every bar in the window is there once, as it was written last."""
        keys = self.shown()
        entries = [self.bars[key] for key in keys]
        expected = frame_of([entry[1:] for entry in entries]).set_index("ts")
        frame = self.table.snapshot()

        assert_same(expected, frame)

    @rule(back=st.integers(-1, 30))
    def ask_for_the_newest(self, back):
        """`since` returns the bars that were written since, in their places."""
        mark = self.written - back
        changed = [self.bars[key][0] > mark for key in self.shown()]
        frame = self.table.snapshot()
        changes, now = self.table.changes(mark)

        assert_same(frame[np.array(changed, bool)], changes)
        assert_same(frame.tail(max(0, back)), self.table.snapshot(last=max(0, back)))
        assert now == self.written


class StateMachine(TableMachine):
    """A state table is a dict by key, in order of first arrival."""

    @initialize(max_rows=st.sampled_from([3, 100]), key=st.sampled_from([1, 2]))
    def begin(self, max_rows, key):
        self.key = ("text", "id")[:key]
        self.start("state", Window(5, None, max_rows), STATE_COLUMNS, self.key)
        self.state = {}

    def key_of(self, row):
        key = tuple(getattr(row, name) for name in self.key)
        return key if len(key) > 1 else key[0]

    @rule(batch=batches)
    def append(self, batch):
        before = self.written
        for entry in self.stamp(batch, None, 0):
            before += 1
            self.state[self.key_of(entry[0])] = (before, *entry)

    @rule(batch=batches, keep=st.booleans())
    def replace(self, batch, keep):
        known = [entry[1] for entry in self.state.values()] if keep else []
        batch = known[::2] + batch
        self.recv_us += 1
        before = self.written
        self.written += self.table.replace(batch, self.recv_us)
        new = {
            self.key_of(row): (before + 1 + place, row, self.recv_us, None, 0)
            for place, row in enumerate(batch)
        }
        kept = {key: new[key] for key in self.state if key in new}
        self.state = kept | new

    @precondition(lambda self: self.state and self.window.max_rows > 50)
    @rule(pick=st.randoms(use_true_random=False))
    def discard(self, pick):
        keys = pick.sample(list(self.state), pick.randint(1, len(self.state)))

        assert len(keys) == self.table.discard([*keys, "no such key"])
        for key in keys:
            del self.state[key]

    @invariant()
    def table_is_the_dict(self):
        """The current row of every key is there, under its key."""
        assert (len(self.state) >= self.window.max_rows) == self.table.capped
        if self.window.max_rows < len(self.state):
            self.forget_the_first()
        entries = list(self.state.values())
        expected = frame_of([entry[1:] for entry in entries], STATE_COLUMNS)
        expected = expected.set_index(list(self.key))
        frame = self.table.snapshot()

        assert_same(expected, frame)
        changed = [entry[0] > self.written - 3 for entry in entries]
        assert_same(
            expected[np.array(changed, bool)], self.table.since(self.written - 3)
        )

    def forget_the_first(self):
        for key in list(self.state)[: len(self.state) - self.window.max_rows]:
            del self.state[key]


few = settings(max_examples=settings().max_examples // 6, stateful_step_count=16)
TestRolling = RollingMachine.TestCase
TestRolling.settings = few
TestBars = BarMachine.TestCase
TestBars.settings = few
TestState = StateMachine.TestCase
TestState.settings = few
