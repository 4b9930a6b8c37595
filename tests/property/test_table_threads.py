"""One thread writes, others read, nobody waits: every snapshot is whole."""

from __future__ import annotations

import sys
import threading
from functools import partial

import numpy as np
import pytest

from okxlab.protocol.columns import Level
from okxlab.table import Window, stage, storage
from tests.unit.table_rows import AnyRow, table

BATCHES = 2_000
READS = 60
"""Snapshots a reader looks at before the writer may stop."""
PATIENCE = 60.0


@pytest.fixture
def _restless(monkeypatch):
    """Let threads take turns often, and buffers be full soon."""
    monkeypatch.setattr(storage, "FIRST_CAPACITY", 64)
    monkeypatch.setattr(stage, "_PART", 2)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def row_of(number, key=None):
    """Return a row in which every value follows from one number."""
    return AnyRow(
        ts=number if key is None else key,
        px=float(number),
        sz=number / 2,
        trade_id=number,
        count=number if number % 5 else "",
        flag=number % 2 == 0,
        text=str(number),
        side=("buy", "sell", "both")[number % 3],
        until=number,
        payload=number,
        bids=[Level(px=float(number), sz=1.0, orders=number)] * (number % 3),
    )


def assert_whole(frame):
    """Check that every row of a frame holds together."""
    ids = frame["trade_id"].to_numpy()
    side = frame["side"].cat.codes.to_numpy()
    count = frame["count"].to_numpy("float64", na_value=-1.0)
    orders = frame["bid_orders_1"].to_numpy("float64", na_value=-1.0)

    assert (frame["px"].to_numpy() == ids).all()
    assert (frame["sz"].to_numpy() * 2 == ids).all()
    assert (count == np.where(ids % 5, ids, -1)).all()
    assert (frame["flag"].to_numpy("bool") == (ids % 2 == 0)).all()
    assert frame["text"].to_list() == [str(number) for number in ids]
    assert (side == ids % 3).all()
    assert (frame["until"].astype("int64").to_numpy() == ids).all()
    assert frame["payload"].to_list() == ids.tolist()
    assert (orders == np.where(ids % 3, ids, -1)).all()
    assert (frame["bid_px_2"].notna().to_numpy() == (ids % 3 == 2)).all()


class Reader(threading.Thread):
    """Looks at snapshots until it has seen enough."""

    def __init__(self, look):
        super().__init__(daemon=True)
        self.look = look
        self.enough = threading.Event()
        self.error = None

    def run(self):
        try:
            for _ in range(READS):
                self.look()
        except BaseException as error:  # noqa: BLE001 # the test raises it
            self.error = error
        finally:
            self.enough.set()


def write_until_read(write, looks):
    """Write in this thread while others read; return how many batches it took."""
    readers = [Reader(look) for look in looks]
    for reader in readers:
        reader.start()
    batches = 0
    while batches < BATCHES or not all(reader.enough.is_set() for reader in readers):
        write(batches)
        batches += 1
    for reader in readers:
        reader.join(PATIENCE)

        assert not reader.is_alive()
        if reader.error is not None:
            raise reader.error
    return batches


@pytest.mark.usefixtures("_restless")
@pytest.mark.parametrize(
    "window", [Window(50, None, 50), Window(None, 30, 20)], ids=["rows", "duration"]
)
def test_rolling_readers_see_whole_and_unbroken_windows(window):
    """Ids in a window follow one another, up to the newest batch as a whole."""
    made = table(window=window)
    marks = [0, 0]

    def write(batch):
        start = batch * 3
        made.append([row_of(start + n) for n in range(3)], start, "BTC-USDT", batch % 2)

    def unbroken(frame, mark):
        ids = frame["trade_id"].to_numpy()
        assert_whole(frame)
        assert (np.diff(ids) == 1).all()
        assert (frame.index.asi8 == ids).all()
        assert len(frame) <= window.limit
        # Batches appear as one: three rows, of one receive time and origin.
        assert mark is None or len(ids) == 0 or ids[-1] == mark - 1
        assert len(ids) == 0 or ids[-1] % 3 == 2
        assert (frame["recv"].astype("int64").to_numpy() == ids // 3 * 3).all()
        assert (frame["origin"].cat.codes.to_numpy() == ids // 3 % 2).all()

    def look():
        before = made.mark
        frame = made.snapshot()
        unbroken(frame, None)
        if before:
            assert frame["trade_id"].iloc[-1] >= before - 1

    def follow():
        first = made.first_mark
        frame, now = made.changes(marks[0])
        unbroken(frame, now)
        assert now >= marks[0]
        if len(frame):
            # Nothing twice, and nothing lost that was still there to get.
            assert frame["trade_id"].iloc[0] >= marks[0]
            assert frame["trade_id"].iloc[0] <= max(marks[0], made.first_mark)
            assert frame["trade_id"].iloc[0] >= min(marks[0], first)
        marks[0] = now

    batches = write_until_read(write, [look, follow])

    assert made.mark == batches * 3
    unbroken(made.snapshot(), made.mark)


@pytest.mark.usefixtures("_restless")
@pytest.mark.parametrize("kind", ["bars", "state"])
def test_keyed_readers_see_whole_rows_that_never_go_back(kind):
    """A row is one version, and a later snapshot never has an older one."""
    made = table(kind, Window(50, None, 200), key=("inst_id", "until"))
    keys = 40

    def write(batch):
        # A few keys are updated over and over; now and then one is left out and
        # comes late, and sometimes a new one is begun.
        key = batch // 100 + batch % keys - (7 if batch % 50 == 0 else 0)
        row = row_of(batch, key=max(key, 0))
        if kind == "state":
            row.inst_id, row.until = "BTC-USDT", max(key, 0)
        made.append([row], batch, "BTC-USDT")

    def look(seen):
        mark = made.mark
        frame = made.snapshot()
        ids = frame["trade_id"].to_numpy()
        whole = frame.copy()
        if kind == "state":
            keys_seen = frame.index.get_level_values("until").astype("int64").tolist()
            whole = frame.reset_index().assign(
                until=frame["trade_id"].to_numpy().astype("M8[ms]")
            )
        else:
            keys_seen = frame.index.asi8.tolist()
            assert (np.diff(frame.index.asi8) > 0).all()
        assert_whole(whole)
        assert len(set(keys_seen)) == len(keys_seen)
        for key, number in zip(keys_seen, ids.tolist(), strict=True):
            assert number >= seen.get(key, 0)
            seen[key] = number
        assert not mark or ids.max() >= mark - 1

    missed = {}
    at = [0]

    def follow():
        frame, now = made.changes(at[0])
        for number in frame["trade_id"].tolist():
            missed[number] = True
        assert now >= at[0]
        assert len(frame) == 0 or frame["trade_id"].min() >= at[0]
        at[0] = now

    lookers = [partial(look, {}), partial(look, {})]
    batches = write_until_read(write, [*lookers, follow])
    follow()
    current = set(made.snapshot()["trade_id"])

    assert made.mark == batches
    assert {number for number in current if number >= 1} <= missed.keys() | {0}
