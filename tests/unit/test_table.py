"""okxlab.table: typed rows in, DataFrame snapshots out."""

from __future__ import annotations

import logging
import math

import msgspec
import numpy as np
import pandas as pd
import pytest

from okxlab.protocol.channels import CHANNELS, channel
from okxlab.protocol.columns import Column, Level
from okxlab.protocol.rows import Candle, Instrument, Trade
from okxlab.table import (
    BarTable,
    RollingTable,
    StateTable,
    Window,
    make_table,
    parse_window,
    storage,
)
from tests.unit.table_rows import COLUMNS, DTYPES, SECOND, AnyRow, fill, full_row, table

KINDS = ("log", "bars", "state")
HOUR = 3_600_000


def any_table(kind, **kwargs):
    """Return an empty table of a kind, told apart by text if it is a state."""
    return table(kind, key=("text",), **kwargs)


@pytest.fixture
def small_buffers(monkeypatch):
    """Let a buffer be full after a few rows."""
    monkeypatch.setattr(storage, "FIRST_CAPACITY", 4)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("log", RollingTable),
        ("series", RollingTable),
        ("bars", BarTable),
        ("state", StateTable),
    ],
)
def test_kind_of_the_channel_decides_the_table(kind, expected):
    """Events and successive states roll, bars and states are updated."""
    assert expected is type(any_table(kind))


def test_book_has_no_table():
    """An order book is no table."""
    with pytest.raises(ValueError, match="book"):
        any_table("book")


@pytest.mark.parametrize("key", [(), ("no_such_column",)])
def test_state_needs_the_columns_of_its_key(key):
    """A state table without a key, or with a foreign one, is refused."""
    with pytest.raises(ValueError, match="key"):
        table("state", key=key)


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_are_the_same_before_the_first_row(kind):
    """Columns, dtypes and index do not depend on what has come."""
    empty = any_table(kind).snapshot()
    filled = fill(any_table(kind), range(3)).snapshot()

    pd.testing.assert_series_equal(empty.dtypes, filled.dtypes)
    assert len(empty) == 0
    assert empty.index.dtype == filled.index.dtype
    assert empty.index.name == filled.index.name
    for name in filled.columns:
        wanted = "datetime64[ms, UTC]" if name == "ts" else DTYPES[name]
        assert filled[name].dtype == wanted, name


@pytest.mark.parametrize(
    "entry",
    [entry for entry in CHANNELS if entry.kind != "book"],
    ids=lambda entry: entry.name,
)
def test_every_channel_has_a_table(entry):
    """A row of any channel goes into its table, all of it missing or not."""
    entry = channel(entry.names[0])
    made = make_table(
        entry.kind, entry.columns(many=True), window=parse_window(10), key=entry.key
    )
    before = made.snapshot()
    made.append([entry.table_row()], SECOND, "BTC-USDT")
    if entry.kind == "bars":  # a bar without a time is no bar
        made.append([entry.table_row(ts=5)], SECOND, "BTC-USDT")
    after = made.snapshot()

    assert len(after) == 1
    pd.testing.assert_series_equal(before.dtypes, after.dtypes)
    if entry.kind != "state":
        assert after["recv"].to_list() == [pd.Timestamp(1, unit="s", tz="UTC")]
        assert after["origin"].to_list() == ["live"]


def test_row_lands_in_its_columns():
    """Every value stands under its name, in its type."""
    frame = fill(table(), [3]).snapshot()
    row = frame.iloc[0]

    assert frame.index.to_list() == [pd.Timestamp(3, unit="s", tz="UTC")]
    assert row["inst_id"] == "BTC-USDT"
    assert (row["px"], row["sz"], row["trade_id"]) == (0.75, 3.0, 3)
    assert (row["count"], row["flag"]) == (3, False)
    assert (row["text"], row["side"]) == ("text 3", "buy")
    assert row["until"] == pd.Timestamp(3_500, unit="ms", tz="UTC")
    assert row["payload"] == {"number": 3}
    assert row[["bid_px_1", "bid_orders_1", "bid_px_2", "bid_orders_2"]].to_list() == [
        3.5,
        3,
        0.5,
        1,
    ]
    assert row["recv"] == pd.Timestamp(3, unit="s", tz="UTC")
    assert row["origin"] == "live"


@pytest.mark.parametrize("missing", ["", None])
@pytest.mark.parametrize("kind", ["log", "bars"])
def test_empty_value_is_missing_and_never_zero(kind, missing):
    """What OKX leaves empty is NaN, NaT or NA, in every row and on its own."""
    made = table(kind)
    fields = ("px", "count", "flag", "text", "side", "until")
    batch = [
        msgspec.structs.replace(full_row(n), **{field: missing})
        for n, field in enumerate(fields)
    ]
    made.append(batch, SECOND)
    frame = made.snapshot()
    found = frame[list(fields)].isna()

    assert np.eye(len(fields), dtype=bool).tolist() == found.to_numpy().tolist()
    assert frame["inst_id"].isna().all()
    assert frame["sz"].to_list() == list(range(len(fields)))
    assert made.unknown == {}


def test_missing_time_of_an_event_is_nat():
    """An event without a time is kept; its time is missing."""
    made = table()
    made.append([AnyRow(px=1.5)], SECOND)

    assert made.snapshot().index.isna().tolist() == [True]
    assert made.snapshot()["px"].to_list() == [1.5]


def test_thin_book_has_missing_levels():
    """Levels that a book does not have are missing; the others are not."""
    made = table()
    made.append(
        [AnyRow(ts=1, bids=[Level(px=7.0, sz=1.0, orders=2)]), AnyRow(ts=2)], SECOND
    )
    frame = made.snapshot()

    assert frame["bid_px_1"].iloc[0] == 7.0
    assert frame["bid_orders_1"].iloc[0] == 2
    assert frame["bid_px_2"].isna().all()
    assert frame["bid_orders_2"].isna().all()
    assert math.isnan(frame["bid_px_1"].iloc[1])
    assert made.unknown == {}


def test_unknown_category_is_missing_counted_and_logged_once(caplog):
    """A text that is no category is missing; the log says so once."""
    made = table()
    with caplog.at_level(logging.WARNING, "okxlab.table"):
        for _ in range(3):
            made.append([AnyRow(ts=1, px=2.5, side="neither")], SECOND)
    frame = made.snapshot()

    assert frame["side"].isna().all()
    assert frame["px"].to_list() == [2.5] * 3
    assert list(frame["side"].cat.categories) == ["buy", "sell", "both"]
    assert made.unknown == {("side", "neither"): 3}
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("px", "abc"),
        ("px", 10**400),
        ("ts", 2**63),
        ("until", 1.5),
        ("count", 2**70),
        ("trade_id", "7"),
        ("flag", "yes"),
        ("side", ["buy"]),
    ],
)
def test_value_that_does_not_fit_is_missing(field, value):
    """Nothing that a hostile frame may hold raises; the rest of the row stands."""
    made = table()
    row = msgspec.structs.replace(full_row(4), **{field: value})

    assert made.append([full_row(3), row, full_row(5)], SECOND) == 3
    frame = made.snapshot().reset_index()
    assert frame["sz"].to_list() == [3, 4, 5]
    expected = -1 if field == "trade_id" else None
    found = frame[field].iloc[1]
    assert found == expected if expected is not None else pd.isna(found)
    assert {(field, str(value)[:64]): 1} == made.unknown


def test_unknown_values_are_counted_within_bounds(caplog):
    """A stream of ever new values does not fill the memory."""
    caplog.set_level(logging.ERROR, "okxlab.table")
    made = table()
    for number in range(1_500):
        made.append([AnyRow(ts=1, side=f"side {number}")], SECOND)

    assert len(made.unknown) == 1_001
    assert made.unknown["side", "(others)"] == 500


def test_many_categories_need_wider_codes():
    """More categories than fit eight bits are no trouble."""
    names = tuple(f"c{number}" for number in range(300))
    columns = (
        COLUMNS[0],
        Column(name="side", kind="category", field="side", categories=names),
    )
    made = table(columns=columns)
    made.append([AnyRow(ts=1, side=name) for name in ("c0", "c299", "", "x")], SECOND)

    assert made.snapshot()["side"].to_list()[:2] == ["c0", "c299"]
    assert made.snapshot()["side"].isna().to_list() == [False, False, True, True]


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_origin_tells_history_from_live(kind):
    """Rows of history are marked; the others are not touched."""
    made = fill(table(kind), range(2))
    fill(made, range(2, 4), origin=1)
    fill(made, range(4, 5))

    assert made.snapshot()["origin"].to_list() == ["live"] * 2 + ["history"] * 2 + [
        "live"
    ]


def test_append_says_how_many_rows():
    """An empty batch is no row and no trouble."""
    made = table()

    assert made.append([], SECOND) == 0
    assert made.append([full_row(1), full_row(2)], SECOND) == 2
    assert made.mark == 2


@pytest.mark.usefixtures("small_buffers")
def test_append_is_one_function_for_life():
    """Who keeps the function need not know of buffers."""
    made = table(window=3)
    append = made.append
    for number in range(50):
        append([full_row(number)], SECOND)

    assert made.snapshot()["sz"].to_list() == [47, 48, 49]


@pytest.mark.parametrize("kind", KINDS)
def test_last_rows_only(kind):
    """`last` keeps the newest rows, and may be more than there are."""
    made = fill(any_table(kind), range(5))

    assert made.snapshot(last=2)["sz"].to_list() == [3, 4]
    assert made.snapshot(last=0)["sz"].to_list() == []
    assert made.snapshot(last=99)["sz"].to_list() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="negative"):
        made.snapshot(last=-1)


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize("kind", KINDS)
def test_batch_larger_than_the_window_leaves_its_end(kind):
    """A burst larger than buffer and window goes in whole and is cut after."""
    made = any_table(kind, window=5, max_rows=5)
    made.append([full_row(number) for number in range(40)], SECOND)
    fill(made, [40])

    assert made.snapshot()["sz"].to_list() == [36, 37, 38, 39, 40]
    assert len(made) == 5
    assert made.mark == 41


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_duration_counts_back_from_the_newest_time(kind):
    """As in rolling, a row as old as the duration is out."""
    made = table(kind, Window(None, 3_000, 100))
    fill(made, range(10))

    assert made.snapshot()["sz"].to_list() == [7, 8, 9]
    assert not made.capped


def test_late_row_stays_where_it_arrived():
    """A row with an older time neither ends nor shifts a duration window."""
    made = table(window=Window(None, 3_000, 100))
    fill(made, [5, 6, 7, 1, 8, 2])

    assert made.snapshot()["sz"].to_list() == [6, 7, 1, 8, 2]


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_duration_window_begins_empty(kind):
    """Without a row there is nothing to count back from."""
    made = table(kind, Window(None, 3_000, 100))

    assert len(made) == 0
    assert len(made.snapshot()) == 0
    assert not made.capped


def test_rows_without_a_time_stay_until_there_is_one():
    """Missing times are older than any other, unless there is no other."""
    made = table(window=Window(None, 3_000, 100))
    made.append([AnyRow(px=1.5), AnyRow(px=2.5)], SECOND)
    before = len(made)
    fill(made, [5])
    made.append([AnyRow(px=3.5)], SECOND)

    assert before == 2
    assert made.snapshot()["px"].to_list() == [1.25, 3.5]


def test_duration_leaves_many_rows_behind_at_once():
    """A pause longer than the duration ends the window, however long it was."""
    made = table(window=Window(None, 60_000, 100_000))
    made.append([AnyRow(ts=number) for number in range(20_000)], SECOND)
    before = len(made)
    fill(made, [1_000])

    assert before == 20_000
    assert made.snapshot()["sz"].to_list() == [1_000]


def test_row_far_ahead_does_not_blind_a_duration_for_good():
    """After an absurd time the window recovers as soon as that row is cut off."""
    made = table(window=Window(None, 3_000, 4))
    fill(made, [1, 2, 100_000, 3, 4, 5])
    blinded = made.snapshot()["sz"].to_list()
    fill(made, [6, 7])

    assert blinded == [100_000, 3, 4, 5]
    assert made.snapshot()["sz"].to_list() == [5, 6, 7]


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_cap_of_a_duration_is_visible(kind):
    """A duration that would keep too many rows keeps the newest and says so."""
    made = table(kind, Window(None, HOUR, 4))
    fill(made, range(3))
    before = made.capped
    fill(made, range(3, 9))

    assert not before
    assert made.capped
    assert made.snapshot()["sz"].to_list() == [5, 6, 7, 8]


@pytest.mark.parametrize("kind", ["log", "bars"])
def test_rows_are_never_capped(kind):
    """The cap is for durations."""
    made = fill(table(kind, window=200, max_rows=10), range(30))

    assert len(made) == 30
    assert not made.capped


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize("kind", ["log", "bars"])
def test_larger_window_grows_in_place(kind):
    """From then on more rows stay; snapshots taken before are as they were."""
    made = fill(table(kind, window=3), range(20))
    before = made.snapshot()
    made.grow(Window(6, None, 100))
    fill(made, range(20, 40))

    assert before["sz"].to_list() == [17, 18, 19]
    assert made.snapshot()["sz"].to_list() == [34, 35, 36, 37, 38, 39]
    assert made.window == Window(6, None, 100)


def test_smaller_window_changes_nothing():
    """A table that somebody else wants large stays large."""
    made = fill(table(window=6), range(20))
    made.grow(Window(3, None, 100))

    assert len(made) == 6


def test_rows_and_duration_add_up():
    """A row stays that either of two windows keeps."""
    made = fill(table(window=Window(2, 5_000, 100)), [1, 2, 3, 4])
    few = made.snapshot()["sz"].to_list()
    fill(made, [20])

    assert few == [1, 2, 3, 4]
    assert made.snapshot()["sz"].to_list() == [4, 20]


@pytest.mark.usefixtures("small_buffers")
def test_marks_tell_what_is_new_and_what_was_missed():
    """A reader that comes late gets what is left and can count the rest."""
    made = fill(table(window=4), range(3))
    mark = made.mark
    fill(made, range(3, 5))
    soon, next_mark = made.changes(mark)
    fill(made, range(5, 20))
    late, _ = made.changes(next_mark)

    assert soon["sz"].to_list() == [3, 4]
    assert next_mark == 5
    assert late["sz"].to_list() == [16, 17, 18, 19]
    assert made.first_mark - next_mark == 11
    assert len(made.since(made.mark)) == 0


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize("kind", KINDS)
def test_taken_frame_never_changes(kind):
    """A snapshot is what it was, however much is written and replaced after it."""
    made = fill(any_table(kind), range(3))
    frame = made.snapshot()
    kept = frame.copy()
    fill(made, [1, 2, 3, 2, *range(100)])

    pd.testing.assert_frame_equal(kept, frame)


def bar(ts, close=0.0, *, confirm=False):
    """Return a bar."""
    return Candle(ts=ts, close=close, confirm=confirm)


def bars(window=10, *, many=False):
    """Return an empty table of one-minute bars."""
    entry = channel("candle1m")
    return make_table("bars", entry.columns(many=many), window=Window(window, None, 9))


def shown(made, *names):
    """Return columns of a snapshot as tuples, the time in ms first."""
    frame = made.snapshot()
    columns = [frame[name].to_list() for name in names]
    return list(zip(frame.index.asi8.tolist(), *columns, strict=True))


def test_bar_is_updated_in_its_place():
    """Until it closes, and after, a bar is one row."""
    made = bars()
    made.append([bar(1, 1.0)], SECOND)
    made.append([bar(1, 2.0)], SECOND)
    made.append([bar(1, 3.0, confirm=True), bar(2, 4.0)], SECOND)
    made.append([bar(1, 5.0, confirm=True)], SECOND)

    assert shown(made, "close", "confirm") == [(1, 5.0, True), (2, 4.0, False)]
    assert made.mark == 5


def test_late_bar_goes_to_its_place():
    """A bar that was left out is inserted before the next one."""
    made = bars()
    made.append([bar(1), bar(4)], SECOND)
    made.append([bar(3, 3.0), bar(2, 2.0), bar(3, 3.5), bar(5)], SECOND)
    made.append([bar(0)], SECOND)

    assert [ts for (ts,) in shown(made)] == [0, 1, 2, 3, 4, 5]
    assert shown(made, "close")[2:4] == [(2, 2.0), (3, 3.5)]


def test_bar_older_than_a_full_window_falls_out():
    """What the window would have let go by now does not come in again."""
    made = bars(window=3)
    made.append([bar(ts) for ts in (2, 3, 4)], SECOND)
    made.append([bar(1)], SECOND)
    made.append([bar(5)], SECOND)
    made.append([bar(2, 9.0)], SECOND)

    assert [ts for (ts,) in shown(made)] == [3, 4, 5]


def test_bars_of_several_instruments_share_a_table():
    """Each instrument has its own bar of a time, in the order of arrival."""
    made = bars(many=True)
    made.append([bar(1, 1.0)], SECOND, "BTC-USDT")
    made.append([bar(1, 2.0)], SECOND, "ETH-USDT")
    made.append([bar(2, 3.0)], SECOND, "BTC-USDT")
    made.append([bar(1, 4.0)], SECOND, "ETH-USDT")
    made.append([bar(1, 5.0)], SECOND, "SOL-USDT")

    assert shown(made, "inst_id", "close") == [
        (1, "SOL-USDT", 5.0),
        (1, "BTC-USDT", 1.0),
        (1, "ETH-USDT", 4.0),
        (2, "BTC-USDT", 3.0),
    ]


def test_rows_may_name_their_instrument_themselves():
    """Where the rows have an instrument, that one tells bars apart."""
    columns = (
        COLUMNS[0],
        Column(name="inst_id", kind="str", field="inst_id"),
        Column(name="px", kind="float", field="px"),
    )
    made = table("bars", columns=columns)
    for px, inst_id in enumerate(("BTC-USDT", "ETH-USDT", "BTC-USDT")):
        made.append([AnyRow(ts=1, inst_id=inst_id, px=px)], SECOND)

    assert shown(made, "inst_id", "px") == [(1, "BTC-USDT", 2.0), (1, "ETH-USDT", 1.0)]


@pytest.mark.parametrize("ts", ["", None, 2**70])
def test_bar_without_a_time_is_no_bar(ts):
    """It is counted and left out."""
    made = bars()
    made.append([bar(1), bar(ts), bar(2)], SECOND)

    assert [ts for (ts,) in shown(made)] == [1, 2]
    assert made.unknown == {("ts", str(ts)): 1}


def test_changed_bars_are_those_written_since():
    """A bar that was updated counts as new, once."""
    made = bars()
    made.append([bar(1), bar(2), bar(3)], SECOND)
    mark = made.mark
    made.append([bar(2, 1.0), bar(4), bar(2, 2.0)], SECOND)
    frame, now = made.changes(mark)

    assert frame.index.asi8.tolist() == [2, 4]
    assert frame["close"].to_list() == [2.0, 0.0]
    assert now == mark + 3


@pytest.mark.usefixtures("small_buffers")
def test_bars_that_left_are_counted():
    """Changes that a reader missed for good lie before the first mark."""
    made = bars(window=2)
    for ts in range(5):
        made.append([bar(ts), bar(ts, 1.0)], SECOND)

    assert made.mark == 10
    assert made.first_mark == 6
    assert made.since(0).index.asi8.tolist() == [3, 4]


@pytest.mark.usefixtures("small_buffers")
def test_updates_do_not_use_up_the_window():
    """However often a bar is updated, the others stay."""
    made = bars(window=3)
    made.append([bar(1), bar(2)], SECOND)
    for close in range(100):
        made.append([bar(3, float(close))], SECOND)

    assert shown(made, "close") == [(1, 0.0), (2, 0.0), (3, 99.0)]


def test_unchanged_bars_are_not_copied_again():
    """A snapshot of what has not changed is the one taken before."""
    made = bars()
    made.append([bar(1), bar(2)], SECOND)
    one, other = made.snapshot(), made.snapshot()
    made.append([bar(2, 1.0)], SECOND)
    new = made.snapshot()

    assert np.shares_memory(one["close"].array, other["close"].array)
    assert not np.shares_memory(one["close"].array, new["close"].array)


def instruments(max_rows=100):
    """Return an empty table of instruments."""
    entry = channel("instruments")
    window = Window(5, None, max_rows)
    return make_table("state", entry.columns(), window=window, key=entry.key)


def listed(*names, **fields):
    """Return rows of instruments."""
    return [Instrument(inst_id=name, **fields) for name in names]


def test_state_has_a_row_for_each_key():
    """The current row of each key, in order of first arrival, under its key."""
    made = instruments()
    made.append(listed("BTC-USDT", "ETH-USDT", tick_sz=0.1), SECOND)
    made.append(listed("SOL-USDT", "BTC-USDT", tick_sz=0.2), SECOND)
    frame = made.snapshot()

    assert frame.index.name == "inst_id"
    assert frame["tick_sz"].to_dict() == {
        "BTC-USDT": 0.2,
        "ETH-USDT": 0.1,
        "SOL-USDT": 0.2,
    }
    assert list(frame.index) == ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
    assert "inst_id" not in frame.columns


def test_key_of_several_columns_is_a_multiindex():
    """A key may be made of several columns."""
    made = table("state", key=("text", "trade_id"))
    made.append([AnyRow(text="a", trade_id=1, px=1.0)], SECOND)
    made.append([AnyRow(text="a", trade_id=2, px=2.0)], SECOND)
    made.append([AnyRow(text="a", trade_id=1, px=3.0)], SECOND)

    assert made.snapshot()["px"].to_dict() == {("a", 1): 3.0, ("a", 2): 2.0}
    assert made.discard([("a", 1)]) == 1
    assert made.snapshot()["px"].to_dict() == {("a", 2): 2.0}


def test_instrument_that_came_along_may_be_the_key():
    """The key may be, or hold, the instrument that rows came with."""
    made = table("state", key=("inst_id",))
    pair = table("state", key=("inst_id", "text"))
    for one in (made, pair):
        for number, inst_id in enumerate(("BTC-USDT", "ETH-USDT", "BTC-USDT")):
            one.append([AnyRow(text="a", px=number)], SECOND, inst_id)

    assert made.snapshot()["px"].to_dict() == {"BTC-USDT": 2.0, "ETH-USDT": 1.0}
    assert list(pair.snapshot().index) == [("BTC-USDT", "a"), ("ETH-USDT", "a")]


def test_discarded_rows_are_gone():
    """A key that was discarded is new when it comes again."""
    made = instruments()
    made.append(listed("a", "b", "c"), SECOND)

    assert made.discard(["b", "no such key"]) == 1
    assert list(made.snapshot().index) == ["a", "c"]
    made.append(listed("b", "c"), SECOND)
    assert list(made.snapshot().index) == ["a", "c", "b"]
    assert made.discard([]) == 0


@pytest.mark.usefixtures("small_buffers")
def test_replacing_shows_the_new_rows_only():
    """A whole snapshot of the exchange's lets go of what is not in it."""
    made = instruments()
    made.append(listed("a", "b", "c", tick_sz=0.1), SECOND)
    mark = made.mark
    made.replace(listed("d", "c", "a", tick_sz=0.2), SECOND)
    frame = made.snapshot()

    assert frame["tick_sz"].to_dict() == {"a": 0.2, "c": 0.2, "d": 0.2}
    assert list(frame.index) == ["a", "c", "d"]
    assert len(made.since(mark)) == 3
    made.replace([], SECOND)
    assert len(made) == 0
    made.append(listed("a"), SECOND)
    assert list(made.snapshot().index) == ["a"]


@pytest.mark.usefixtures("small_buffers")
def test_state_is_bounded_too():
    """More keys than `max_rows` push out those that came first."""
    made = instruments(max_rows=3)
    for number in range(20):
        made.append(listed(str(number)), SECOND)

    assert list(made.snapshot().index) == ["17", "18", "19"]
    assert made.capped


@pytest.mark.parametrize(
    ("live", "incoming", "limit", "expected"),
    [
        (0, 1, 10_000, 2_048),
        (1_000, 1, 10_000, 2_048),
        (2_048, 1, 10_000, 4_096),
        (8_192, 1, 10_000, 16_000),
        (10_000, 1, 10_000, 16_000),
        (1_000_000, 1, 1_000_000, 1_600_000),
        (3, 1, 3, 2_048),
        (10, 50_000, 10, 50_010),
    ],
)
def test_buffers_double_up_to_their_full_size(live, incoming, limit, expected):
    """Small streams stay small; at full size a row is moved once or twice."""
    assert expected == storage.capacity_for(live, incoming, limit)


def test_trades_go_in_as_they_are_decoded():
    """The registry's own structs and columns fit together."""
    entry = channel("trades")
    made = make_table(entry.kind, entry.columns(), window=parse_window(10))
    made.append(
        [Trade(ts=5, trade_id=7, px=1.5, sz=2.5, side="sell", count=3, source="0")],
        SECOND,
    )
    row = made.snapshot().iloc[0]

    assert (row["trade_id"], row["px"], row["sz"]) == (7, 1.5, 2.5)
    assert (row["side"], row["count"], row["source"]) == ("sell", 3, "0")
    assert row["seq_id"] == -1
