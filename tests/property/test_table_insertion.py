"""Rows inserted into a rolling table, against a plain list."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okxlab.protocol.columns import INST_ID, ORIGIN, RECV, Column
from okxlab.table import Window, make_table, stage, storage

INSTRUMENTS = ("A", "B", "C")


class Row(msgspec.Struct):
    """A trade, with values of every kind that follow from its id."""

    ts: int
    id: int
    px: float
    count: int | str
    text: str


COLUMNS = (
    Column(name="ts", kind="ms", field="ts"),
    Column(name="id", kind="int64", field="id"),
    Column(name="px", kind="float", field="px"),
    Column(name="count", kind="Int64", field="count"),
    Column(name="text", kind="str", field="text"),
    RECV,
    ORIGIN,
)


@pytest.fixture(autouse=True, scope="module")
def _small_buffers():
    """Let buffers fill up after a few rows, so that every run crosses many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "FIRST_CAPACITY", 4)
        patch.setattr(stage, "_PART", 2)
        yield


def row(number, ts):
    """Return the row of an id."""
    return Row(ts, number, number / 4, "" if number % 3 else number, f"n{number}")


class Model:
    """The rows as (instrument, id, ts, mark), in the order of the table."""

    def __init__(self):
        self.rows = []
        self.mark = 0

    def append(self, inst_id, number, ts):
        self.mark += 1
        self.rows.append((inst_id, number, ts, self.mark))

    def insert(self, inst_id, number, ts):
        """Go behind the own row before, and behind what is not younger."""
        self.mark += 1
        own = [(at, one[1]) for at, one in enumerate(self.rows) if one[0] == inst_id]
        place = max((at + 1 for at, other in own if other < number), default=0)
        end = min((at for at, other in own if other > number), default=len(self.rows))
        while place < end and self.rows[place][2] <= ts:
            place += 1
        self.rows.insert(place, (inst_id, number, ts, self.mark))


@st.composite
def histories(draw):
    """Draw appends with holes, and inserts that fill some of them.

    Each step is (append?, instrument, [(id, ts), ...]).
    """
    instruments = INSTRUMENTS[: draw(st.integers(1, 3))]
    next_id = dict.fromkeys(instruments, 10)
    holes = {name: [] for name in instruments}
    steps = []
    clock = 0
    for _ in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(instruments))
        if holes[name] and draw(st.booleans()):
            chosen = sorted(
                draw(st.sets(st.sampled_from(holes[name]), min_size=1, max_size=6))
            )
            for one in chosen:
                holes[name].remove(one)
            steps.append((False, name, [(number, ts) for number, ts in chosen]))
            continue
        batch = []
        for _ in range(draw(st.integers(1, 4))):
            skipped = draw(st.integers(0, 2))
            for _ in range(skipped + 1):
                clock += draw(st.integers(0, 3))
                holes[name].append((next_id[name], clock))
                next_id[name] += 1
            batch.append(holes[name].pop())
        steps.append((True, name, batch))
    return instruments, steps


@settings(max_examples=150)
@given(history=histories(), keep=st.integers(1, 30), is_timed=st.booleans())
def test_inserted_rows_stand_in_their_place(history, keep, is_timed):
    """Snapshots, old snapshots and changes since every mark equal those of a list."""
    instruments, steps = history
    many = len(instruments) > 1
    columns = (COLUMNS[0], INST_ID, *COLUMNS[1:]) if many else COLUMNS
    window = Window(None, 1_000_000, 1_000) if is_timed else Window(keep, None, keep)
    table = make_table("log", columns, window=window)
    model, taken = Model(), []
    for is_append, name, batch in steps:
        rows = [row(number, ts) for number, ts in batch]
        if is_append:
            table.append(rows, 7, name)
            for number, ts in batch:
                model.append(name, number, ts)
        else:
            assert table.insert(rows, 9, name, 1, key="id") == len(rows)
            for number, ts in batch:
                model.insert(name, number, ts)
        if not is_timed:
            # What has rolled out is gone: nothing can stand behind it any more.
            model.rows = model.rows[-keep:]
        taken.append((table.mark, table.snapshot(), seen(table.snapshot(), many)))

    expected = [(one[0] if many else None, one[1], one[2]) for one in model.rows]
    assert seen(table.snapshot(), many) == expected
    assert table.mark == model.mark
    for mark, frame, then in taken:
        assert seen(frame, many) == then
        changed, now = table.changes(mark)
        assert now == model.mark
        assert seen(changed, many) == [
            shown
            for shown, one in zip(expected, model.rows, strict=True)
            if one[3] > mark
        ]


def seen(frame, many):
    """Return instrument, id and time of each row, and check what follows from them."""
    ids = frame["id"].tolist()
    assert frame["px"].tolist() == [number / 4 for number in ids]
    assert frame["text"].tolist() == [f"n{number}" for number in ids]
    assert frame["count"].isna().tolist() == [number % 3 != 0 for number in ids]
    assert (frame["recv"].astype("int64") == 9).tolist() == [
        origin == "history" for origin in frame["origin"]
    ]
    names = frame["inst_id"].tolist() if many else [None] * len(ids)
    return list(zip(names, ids, frame.index.astype("int64"), strict=True))
