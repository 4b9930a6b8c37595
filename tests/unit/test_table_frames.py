"""okxlab.table.frames: snapshots share the table's memory, writes never do.

What this file holds down depends on pandas' insides: if one of these tests fails
after an update of pandas, `okxlab.table.frames` is the place to look.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import weakref

import numpy as np
import pandas as pd
import pytest

from tests.unit.table_rows import COLUMNS, DTYPES, NAMES, fill, table

PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])

NEW_VALUES = {
    "inst_id": ["ETH-USDT", np.nan],
    "px": [9.5, np.nan],
    "sz": [9.5, np.nan],
    "trade_id": [9],
    "count": [9, pd.NA],
    "flag": [True, pd.NA],
    "text": ["mine", np.nan],
    "side": ["both", np.nan],
    "until": [pd.Timestamp(9, unit="s", tz="UTC"), pd.NaT],
    "payload": ["mine", None],
    "bid_px_1": [9.5, np.nan],
    "bid_orders_1": [9, pd.NA],
    "bid_px_2": [9.5, np.nan],
    "bid_orders_2": [9, pd.NA],
    "recv": [pd.Timestamp(9, unit="s", tz="UTC"), pd.NaT],
    "origin": ["history", np.nan],
}


def write_series(frame, name, value):
    """Write into a column that was taken out of the frame; return the column."""
    series = frame[name]
    series.iloc[1] = value
    return series


WRITES = {
    "loc": lambda frame, name, value: frame.loc.__setitem__(
        (frame.index[1], name), value
    ),
    "iloc": lambda frame, name, value: frame.iloc.__setitem__(
        (1, frame.columns.get_loc(name)), value
    ),
    "at": lambda frame, name, value: frame.at.__setitem__(
        (frame.index[1], name), value
    ),
    "mask": lambda frame, name, value: frame.loc.__setitem__(
        (frame.index == frame.index[1], name), value
    ),
    "whole column in place": lambda frame, name, value: frame.iloc.__setitem__(
        (slice(None), frame.columns.get_loc(name)), value
    ),
    "new column": lambda frame, name, value: frame.__setitem__(name, value),
    "series": write_series,
}


def rows_of(filled):
    """Return a deep copy of what the table shows."""
    return filled.snapshot().copy()


def memory_of(frame, name):
    """Return the memory that holds a column."""
    values = frame[name].array
    for attribute in ("_data", "_ndarray"):
        if hasattr(values, attribute):
            return getattr(values, attribute)
    return np.asarray(values)


@pytest.mark.parametrize("name", NAMES)
def test_snapshot_copies_nothing(name):
    """Every column of two snapshots is the same memory, whatever its kind."""
    filled = fill(table(), range(5))
    one, other = filled.snapshot(), filled.snapshot()

    assert np.shares_memory(memory_of(one, name), memory_of(other, name))


def test_index_copies_nothing():
    """The time index is the table's memory as well, without a copy for the zone."""
    filled = fill(table(), range(5))

    assert np.shares_memory(filled.snapshot().index.asi8, filled._buffer.cells[0].array)


def test_rows_written_later_appear_in_later_snapshots_only():
    """The sheet over the buffer is made once, and yet shows what comes later."""
    filled = fill(table(), range(3))
    before = filled.snapshot()
    fill(filled, range(3, 6))
    after = filled.snapshot()

    assert before["sz"].to_list() == [0, 1, 2]
    assert after["sz"].to_list() == [0, 1, 2, 3, 4, 5]
    assert after["text"].to_list() == [f"text {n}" for n in range(6)]
    assert after["side"].to_list() == ["buy", "sell", "both"] * 2
    assert after["count"].to_list() == list(range(6))
    assert after.index.asi8.tolist() == [1_000 * n for n in range(6)]


@pytest.mark.parametrize("owner_is_gone", [False, True])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("name", NAMES)
def test_writing_into_a_frame_never_changes_another(name, write, owner_is_gone):
    """Copy-on-write isolates a user's writes, also when the table is long gone."""
    filled = fill(table(), range(6))
    expected = rows_of(filled)
    other = filled.snapshot()
    frames = [filled.snapshot() for _ in NEW_VALUES[name]]
    if owner_is_gone:
        del filled
    for mine, value in zip(frames, NEW_VALUES[name], strict=True):
        series = write(mine, name, value)
        written = (mine[name] if series is None else series).iloc[1]

        assert pd.isna(written) if pd.isna(value) else written == value
    after = other if owner_is_gone else filled.snapshot()

    pd.testing.assert_frame_equal(expected, other)
    pd.testing.assert_frame_equal(expected, after)


def masked(name):
    """Whether a column is a masked array, which pandas 3.0 cannot forbid to write."""
    return DTYPES.get(name) in ("Int64", "boolean")


@pytest.mark.filterwarnings("ignore:.*timezone")  # `.values` of times
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "reach",
    [
        lambda series: series.array,
        lambda series: series.values,  # noqa: PD011 # that is the question
        lambda series: series.to_numpy(),
        lambda series: series.array[:3],
        np.asarray,
    ],
    ids=["array", "values", "to_numpy", "slice of array", "asarray"],
)
def test_arrays_below_a_frame_do_not_reach_the_table(name, reach):
    """What ``.array`` and its like hand out is read-only, or a copy."""
    if masked(name) and PANDAS < (3, 1):
        pytest.skip("pandas 3.0 has no read-only masked arrays")
    filled = fill(table(), range(6))
    expected = rows_of(filled)
    for value in NEW_VALUES[name]:
        with contextlib.suppress(ValueError, TypeError):
            reach(filled.snapshot()[name])[0] = value

    pd.testing.assert_frame_equal(expected, filled.snapshot())


@pytest.mark.filterwarnings("ignore:.*timezone")  # `.values` of times
@pytest.mark.parametrize(
    "reach",
    [
        lambda index: index.asi8,
        lambda index: index.values,  # noqa: PD011 # that is the question
        lambda index: np.asarray(index, dtype="M8[ms]"),
        lambda index: index.to_series().array,
    ],
    ids=["asi8", "values", "asarray", "to_series"],
)
def test_arrays_below_the_index_do_not_reach_the_table(reach):
    """The time index is read-only all the way down."""
    filled = fill(table(), range(6))
    expected = rows_of(filled)
    with contextlib.suppress(ValueError, TypeError):
        reach(filled.snapshot().index)[0] = 9

    pd.testing.assert_frame_equal(expected, filled.snapshot())


@pytest.mark.parametrize("index_is_gone", [False, True])
@pytest.mark.parametrize("owner_is_gone", [False, True])
def test_index_that_becomes_a_column_is_isolated(index_is_gone, owner_is_gone):
    """A write into a column that was the index copies it first, whoever is left."""
    filled = fill(table(), range(6))
    other = filled.snapshot()
    expected = other.copy()
    mine = filled.snapshot()
    series = mine.index.to_series(index=range(6))
    if index_is_gone:
        del mine
    if owner_is_gone:
        del filled
        gc.collect()
    series.iloc[1] = pd.Timestamp(9, unit="s", tz="UTC")

    pd.testing.assert_frame_equal(expected, other)
    assert series.iloc[1] == pd.Timestamp(9, unit="s", tz="UTC")


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_frame_is_put_together_as_pandas_does(kind):
    """What is made by hand here is no different from what pandas makes of it."""
    filled = fill(table(kind), range(4))
    frame = filled.snapshot()
    same = pd.DataFrame({name: frame[name].copy() for name in NAMES}, frame.index)
    frame._mgr._verify_integrity()

    pd.testing.assert_frame_equal(same, frame)
    assert frame.index.freq is None
    assert frame.index.equals(pd.date_range("1970", periods=4, freq="s", tz="UTC"))
    assert frame.flags.allows_duplicate_labels
    assert frame.columns.get_loc("sz") == NAMES.index("sz")
    assert frame.columns.is_(filled.snapshot().columns)


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_names_and_attributes_are_the_users_own(kind):
    """Renaming an axis or setting an attribute stays in the frame it was done to."""
    filled = fill(table(kind), range(4))
    mine = filled.snapshot()
    mine.columns.name = "mine"
    mine.index.name = "when"
    mine.attrs["mine"] = 1
    mine.flags.allows_duplicate_labels = True
    mine.insert(0, "new", 1)
    later = filled.snapshot()

    assert list(later.columns) == NAMES
    assert later.columns.name is None
    assert later.index.name == "ts"
    assert later.attrs == {}


def test_frame_is_written_in_place_as_any_other():
    """What pandas calls in-place works on a snapshot and stays in it."""
    filled = fill(table(), range(6))
    expected = rows_of(filled)
    mine = filled.snapshot()
    mine["px"] += 1
    mine["count"] += 1
    mine.loc[mine["sz"] > 2, ["px", "sz"]] = 0.0
    mine["text"] = mine["text"].str.upper()
    mine = mine.reset_index()
    mine.loc[0, "ts"] = pd.Timestamp(9, unit="s", tz="UTC")

    pd.testing.assert_frame_equal(expected, filled.snapshot())
    assert mine["sz"].to_list() == [0, 1, 2, 0, 0, 0]
    assert mine["count"].to_list() == [1, 2, 3, 4, 5, 6]
    assert mine["ts"].iloc[0] == pd.Timestamp(9, unit="s", tz="UTC")


@pytest.mark.parametrize("kind", ["log", "bars"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_last_frame_of_a_table_can_be_written_into(write, kind):
    """Who is left alone with the memory of a table may still write, all of it."""
    frame = fill(table(kind), range(6)).snapshot()
    for name in NAMES:
        for value in NEW_VALUES[name]:
            series = write(frame, name, value)
            written = (frame[name] if series is None else series).iloc[1]

            assert pd.isna(written) if pd.isna(value) else written == value


def test_views_of_one_frame_are_isolated_from_one_another():
    """Two frames of a table that is gone share memory, and still no writes."""
    filled = fill(table(), range(6))
    one, other = filled.snapshot(last=4), filled.snapshot()
    expected = other.copy()
    del filled
    gc.collect()
    one.iloc[:, one.columns.get_loc("px")] = -1.0

    pd.testing.assert_frame_equal(expected, other)
    assert one["px"].to_list() == [-1.0] * 4


def test_accumulating_a_nullable_column_works():
    """pandas' cumsum writes below the mask: it must be allowed to."""
    filled = fill(table(), range(4))
    mine = filled.snapshot()
    mine.loc[mine.index[1], "count"] = pd.NA

    assert filled.snapshot()["count"].cumsum().to_list() == [0, 1, 3, 6]
    assert mine["count"].cumsum().to_list() == [0, pd.NA, 2, 5]


def test_str_columns_are_str_whatever_is_installed():
    """The dtype of texts is pandas' ``str``, with NaN for missing."""
    filled = fill(table(), range(3))
    frame = filled.snapshot()

    assert frame["text"].dtype == "str"
    assert np.isnan(frame["text"].dtype.na_value)
    assert frame["text"].str.upper().to_list() == ["TEXT 0", "TEXT 1", "TEXT 2"]
    joined = pd.concat([frame["text"], pd.Series(["more"])])
    assert joined.dtype == "str"


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_frame_survives_pickling(kind):
    """A snapshot can be sent to another process."""
    frame = fill(table(kind), range(4)).snapshot()

    pd.testing.assert_frame_equal(frame, pickle.loads(pickle.dumps(frame)))


def test_memory_of_an_old_buffer_goes_with_its_last_frame():
    """A buffer that was left lives as long as somebody looks at it, not longer."""
    filled = fill(table(window=10), range(4))
    frame = filled.snapshot()
    memory = weakref.ref(filled._buffer.cells[2].array.base)
    kept = frame["px"]
    gc.disable()
    try:
        filled._roll(0)
        del frame
        held = memory() is not None
        expected = [0, 0.25, 0.5, 0.75]

        assert held
        assert expected == kept.to_list()
        del kept
        assert memory() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["log", "bars", "state"])
def test_table_is_freed_at_once(kind):
    """Nothing in a table refers back to it: no garbage collector is waited for."""
    filled = fill(table(kind, key=("text",)), range(4))
    filled.snapshot()
    gone = weakref.ref(filled)
    gc.disable()
    try:
        del filled

        assert gone() is None
    finally:
        gc.enable()


def test_columns_of_the_tests_are_of_every_kind():
    """These tests try each kind of column that there is."""
    kinds = {column.kind for column in COLUMNS}
    expected = {"float", "ms", "us", "int64", "Int64", "boolean", "str", "category"}

    assert kinds == expected | {"object"}
