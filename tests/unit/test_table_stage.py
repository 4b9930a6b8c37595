"""okxlab.table.stage: what waits there is seen by every reader, and never twice."""

from __future__ import annotations

import numpy as np
import pytest

from okxlab.protocol.columns import Column
from okxlab.table import stage, storage
from okxlab.table.stage import Stage, record_of
from tests.unit.table_rows import COLUMNS, SECOND, AnyRow, fill, full_row, table

KINDS = ("log", "bars", "state")
NUMBERS = (
    Column(name="ts", kind="ms", field="ts"),
    Column(name="px", kind="float", field="px"),
    Column(name="trade_id", kind="int64", field="trade_id"),
)


@pytest.fixture
def _whole_buffers(monkeypatch):
    """Let a stage have room for all rows of a buffer."""
    monkeypatch.setattr(stage, "_PART", 1)


def staged(rows=8):
    """Return a stage that holds some rows, and the columns that they belong in."""
    record = record_of(NUMBERS)
    columns = np.full((3, 100), -1)
    made = Stage(record, [columns], 800, 2)
    for row in range(rows):
        record.pack_into(made.memory, row * record.size, 10.0 + row, row, 20 + row)
    return made, columns


def shown(columns):
    """Return what is in the columns, as px, trade_id and ts."""
    return columns[0].view("f8").tolist(), columns[1].tolist(), columns[2].tolist()


def test_numbers_of_a_kind_are_packed_side_by_side():
    """Kinds that make up a block stand together, and every number where it may."""
    items = record_of(COLUMNS).items
    kinds = [item.column.kind for item in items]

    assert {item.column for item in items} == {
        column for column in COLUMNS if column.kind not in ("str", "object")
    }
    for kind in ("float", "int64"):
        first = kinds.index(kind)
        assert kinds[first : first + kinds.count(kind)] == [kind] * kinds.count(kind)
    assert all(item.offset % item.dtype.itemsize == 0 for item in items)
    assert record_of(COLUMNS).size % 8 == 0


def test_rows_are_settled_as_far_as_asked():
    """What lies beyond is left alone, and asking for less changes nothing."""
    made, columns = staged()
    made.settle(5)
    made.settle(3)
    prices, ids, times = shown(columns[:, 2:7])

    assert prices[:3] == [10.0, 11.0, 12.0]
    assert ids == [0, 1, 2, -1, -1]
    assert times == [20, 21, 22, -1, -1]
    assert columns[:, :2].tolist() == [[-1, -1]] * 3
    assert made.settled == 5


def test_setting_the_mark_back_makes_only_work():
    """A slow reader that lowers the mark makes the next one copy the same again."""
    made, columns = staged()
    made.settle(8)
    expected = columns.copy()
    made.settled = 3
    made.settle(9)

    assert columns[:, :8].tolist() == expected[:, :8].tolist()
    assert shown(columns[:, 8:9]) == ([16.0], [6], [26])


def test_each_row_can_be_settled_on_its_own():
    """One row after the other comes to the same as all of them at once."""
    one, slowly = staged()
    other, at_once = staged()
    for row in range(3, 11):
        one.settle(row)
    other.settle(10)

    assert slowly.tolist() == at_once.tolist()


def test_reader_of_a_stage_that_was_left_does_no_harm():
    """Who took a stage before it was renewed writes what is in the columns anyway."""
    filled = fill(table(window=100), range(5))
    late = filled._buffer._stage
    filled._buffer.restage(5)
    fill(filled, range(5, 8))
    expected = filled.snapshot().copy()
    late.settled = 0
    late.settle(5)

    assert filled.snapshot().equals(expected)


@pytest.mark.parametrize("capacity", [1, 7, 64, 2_048, 1_000_000])
def test_stage_is_small_beside_its_buffer(capacity):
    """It has an eighth of the buffer's rows, one at least, and never much memory."""
    record = record_of(COLUMNS)
    made = table()._buffer.fresh(slice(0, 0), capacity, 0).restage(0)

    assert len(made.memory) % record.size == 0
    assert len(made.memory) >= record.size
    assert len(made.memory) <= max(65_536, record.size)
    assert len(made.memory) <= max(capacity // 8, 1) * record.size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("_whole_buffers")
def test_rows_are_on_the_stage_until_somebody_looks(kind):
    """Writing leaves the columns alone; a snapshot and its follower find the rows."""
    filled = fill(table(kind, key=("text",)), range(3))
    buffer = filled._buffer if kind == "log" else filled._roster.buffer
    before = buffer._stage.settled
    frame = filled.snapshot()
    fill(filled, [3])
    changes, _ = filled.changes(3)

    assert before == 0
    assert frame["px"].to_list() == [0, 0.25, 0.5]
    assert changes["px"].to_list() == [0.75]
    assert buffer._stage.settled == 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [1, 8])
def test_batch_that_breaks_off_leaves_nothing_behind(kind, part, monkeypatch):
    """Rows after an error stand where they belong, with their own values."""
    monkeypatch.setattr(stage, "_PART", part)
    filled = fill(table(kind, key=("text",)), range(3))
    with pytest.raises(AttributeError):
        filled.append([full_row(7), AnyRow(ts=8), object()], SECOND, "BTC-USDT")
    seen = filled.snapshot()["px"].to_list()
    fill(filled, range(3, 6))

    assert seen == [0, 0.25, 0.5]
    expected = fill(table(kind, key=("text",)), range(6)).snapshot()
    assert filled.snapshot().equals(expected)


def test_row_that_breaks_off_leaves_no_mark():
    """What was missing of it is not missing of the next one in its place."""

    class Half:
        ts, px, sz, trade_id, count, bids = 5, 1.0, 1.0, 1, "", ()

    filled = fill(table(), range(3))
    with pytest.raises(AttributeError):
        filled.append([Half()], SECOND, "BTC-USDT")
    fill(filled, [3])

    assert filled.snapshot().equals(fill(table(), range(4)).snapshot())


def test_insert_that_fails_behind_a_full_buffer_does_no_harm():
    """The next row makes room for itself, as if nobody had tried."""
    filled = table(window=10_000, max_rows=10_000)
    capacity = filled._buffer.capacity
    filled.append([full_row(number) for number in range(capacity)], SECOND, "BTC-USDT")
    with pytest.raises(AttributeError):
        filled.insert([object()], SECOND, "BTC-USDT", key="trade_id")
    fill(filled, [capacity])

    assert filled.snapshot()["trade_id"].to_list() == list(range(capacity + 1))


def test_stage_that_cannot_be_had_puts_no_row_in_anothers_place(monkeypatch):
    """A batch breaks off and memory is short: the next rows begin with a stage."""
    filled = fill(table(), range(3))

    def refuse(*_):
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(storage, "Stage", refuse)
        with pytest.raises(MemoryError):
            filled.append([full_row(7), object()], SECOND, "BTC-USDT")
    fill(filled, range(3, 6))

    assert filled.snapshot().equals(fill(table(), range(6)).snapshot())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("px", ["1.5", 1j, b"1", 10**400]),
        ("trade_id", [1.0, "1", 2**63, -(2**63) - 1]),
        ("count", [1.0, "1", 2**63]),
        ("flag", ["true", 1.0, 256, -1]),
        ("until", [1.0, "1", 2**63]),
    ],
)
def test_what_is_no_such_number_is_refused(name, values):
    """A record takes what its column means and nothing that only looks like it."""
    filled = table()
    for number, value in enumerate(values):
        row = full_row(number)
        setattr(row, name, value)
        filled.append([row], SECOND)
    frame = filled.snapshot()
    missing = frame[name] == -1 if name == "trade_id" else frame[name].isna()

    assert missing.all()
    assert frame["sz"].to_list() == list(range(len(values)))
    assert [key[0] for key in filled.unknown] == [name] * len(values)


def test_table_without_a_number_keeps_its_rows():
    """A record may be empty: texts alone make up a row as well."""
    columns = (Column(name="text", kind="str", field="text"),)
    filled = table("state", columns=columns, key=("text",), window=10)
    for text in ("one", "two"):
        filled.append([AnyRow(text=text)], SECOND)

    assert filled.snapshot().index.to_list() == ["one", "two"]
