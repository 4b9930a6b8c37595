"""The written side of a book, without a network."""

import msgspec
import numpy as np
import pytest

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.events import Push
from okxlab.protocol.rows import BookTop
from okxlab.stream.book_tape import BookTape
from okxlab.stream.level_history import LevelHistory
from okxlab.stream.resync_log import ResyncLog
from okxlab.table import parse_window
from tests.unit.book_rows import book_row

BTC = Arg("books", instId="BTC-USDT")
SECOND = 1_000_000
BIDS, ASKS = [(100, 1), (99, 2)], [(101, 3), (102, 4)]


def tape(name="books"):
    """Return the tape of a book."""
    arg = Arg(name, instId="BTC-USDT")
    return BookTape(channel(name), arg, parse_window(100))


def snapshot(seq=10, ts=1_000, **more):
    """Return the push of a snapshot."""
    return Push(BTC, [book_row(BIDS, ASKS, seq=seq, ts=ts, **more)], "snapshot")


def update(seq, prev, bids=(), ts=1_100):
    """Return the push of an update."""
    return Push(BTC, [book_row(bids, seq=seq, prev=prev, ts=ts)], "update")


def test_the_life_of_a_book():
    """Connecting, waiting, live, torn, live, connection lost, live, closed."""
    one = tape()
    seen = [one.status]
    one.acknowledged(BTC, (), 0)
    seen.append(one.status)
    one.receive(snapshot(), SECOND)
    seen.append(one.status)
    one.receive(update(20, 15), 2 * SECOND)
    seen.append(one.status)
    one.receive(snapshot(30), 3 * SECOND)
    seen.append(one.status)
    one.lost([BTC], "connection lost: reset", 4 * SECOND)
    seen.append(one.status)
    one.acknowledged(BTC, (), 5 * SECOND)
    seen.append(one.status)
    one.receive(snapshot(40), 6 * SECOND)
    seen.append(one.status)
    one.close()
    seen.append(one.status)

    assert seen == [
        "connecting",
        "waiting",
        "live",
        "resyncing",
        "live",
        "reconnecting",
        "resyncing",
        "live",
        "closed",
    ]


def test_history_has_a_row_for_each_change():
    """Best prices, sizes, orders, mid, spread, imbalance, in order; none if quiet."""
    one = tape()
    one.receive(snapshot(), SECOND)
    one.receive(update(15, 10, [(100.5, 9)]), 2 * SECOND)
    one.receive(update(15, 15), 3 * SECOND)
    frame = one.table.snapshot()

    assert frame["bid"].tolist() == [100, 100.5]
    assert frame["bid_sz"].tolist() == [1, 9]
    assert frame["ask"].tolist() == [101, 101]
    assert frame["mid"].tolist() == [100.5, 100.75]
    assert frame["spread"].tolist() == [1, 0.5]
    assert frame["imbalance"].tolist() == [-0.5, 0.5]
    assert frame["seq_id"].tolist() == [10, 15]
    assert frame["origin"].tolist() == ["live", "live"]
    assert one.latest.bid == 100.5
    assert one.frames == 3


def test_history_of_an_empty_side():
    """A side without levels is missing, never 0."""
    one = tape()
    one.receive(Push(BTC, [book_row(BIDS, [])], "snapshot"), SECOND)
    row = one.table.snapshot().iloc[0]

    assert row["bid"] == 100
    assert np.isnan(row["ask"])
    assert np.isnan(row["mid"])
    assert one.table.snapshot()["ask_orders"].isna().all()


def test_torn_book_is_on_record():
    """From the last good message to the new snapshot: ledger, log and counters."""
    one = tape()
    one.receive(snapshot(), SECOND)
    one.receive(update(20, 15), 2 * SECOND)
    latest = one.latest
    one.resync_log.tell("resubscribed", 1)
    one.receive(snapshot(30), 3 * SECOND)
    gaps, events = one.gaps.snapshot(), one.resync_log.snapshot()

    assert latest is None
    for frame in (gaps, events):
        assert len(frame) == 1
        assert frame["start"].astype("int64").tolist() == [SECOND]
        assert frame["end"].astype("int64").tolist() == [3 * SECOND]
        assert "prevSeqId" in frame["reason"].iloc[0]
    assert events["how"].tolist() == ["resubscribed"]
    assert events["attempts"].tolist() == [1]
    assert one.stats().resyncs == 1


def test_lost_connection_is_one_gap_until_the_snapshot():
    """An acknowledgement does not make a book good."""
    one = tape()
    one.receive(snapshot(), SECOND)
    one.lost([BTC], "reset", 2 * SECOND)
    torn = one.book.is_synced
    one.acknowledged(BTC, (), 3 * SECOND)
    still_open = one.gaps.snapshot()["end"].isna().tolist()
    one.receive(snapshot(30), 4 * SECOND)

    assert not torn
    assert still_open == [True]
    assert one.gaps.snapshot()["end"].isna().tolist() == [False]
    assert one.resync_log.snapshot()["how"].tolist() == ["reconnected"]
    assert (one.stats().reconnects, one.stats().resyncs) == (1, 1)


def test_connection_lost_before_the_first_snapshot():
    """A book that was never there was not torn."""
    one = tape()
    one.acknowledged(BTC, (), SECOND)
    one.lost([BTC], "reset", 2 * SECOND)

    assert one.book.state == "waiting"
    assert len(one.resync_log) == 0


def test_whoever_brings_it_back_is_told():
    """Once when it is torn, once when it is synced, not in between."""
    one = tape()
    told = []
    one.on_change = lambda: told.append(one.book.state)
    one.receive(snapshot(), SECOND)
    one.receive(update(20, 15), SECOND)
    one.receive(update(25, 20), SECOND)
    one.receive(update(30, 25), SECOND)
    one.receive(snapshot(40), SECOND)

    assert told == ["synced", "resyncing", "synced"]


def test_listeners_get_the_rows():
    """Callbacks and iterators hear of each change, with its rows."""
    one = tape()
    heard = []
    one.listen(heard.append)
    one.receive(snapshot(), SECOND)

    assert [row.bid for rows in heard for row in rows] == [100]


def test_join_by_rest():
    """A snapshot by REST counts as a resync, and its row says where it is from."""
    one = tape()
    one.receive(snapshot(), SECOND)
    one.receive(update(20, 15, [(98, 1)]), 2 * SECOND)
    too_old = one.join(book_row(BIDS, ASKS, seq=12, ts=1_100), 3 * SECOND)
    joined = one.join(book_row(BIDS, ASKS, seq=16, ts=1_100), 4 * SECOND, "fetched", 2)
    frame, events = one.table.snapshot(), one.resync_log.snapshot()

    assert (too_old, joined) == (False, True)
    assert one.status == "live"
    assert one.book.seq_id == 20
    assert frame["origin"].tolist() == ["live", "history"]
    assert events["how"].tolist() == ["fetched"]
    assert events["attempts"].tolist() == [2]


def test_join_that_comes_too_late():
    """A pushed snapshot was faster: nothing is written."""
    one = tape()
    one.receive(snapshot(), SECOND)

    assert one.join(book_row([], [], seq=99), 2 * SECOND)
    assert one.book.seq_id == 10
    assert len(one.table) == 1


def test_unreadable_frame_of_this_book_tears_it():
    """A frame that could not be read was an update that is missing now."""
    one = tape()
    one.receive(snapshot(), SECOND)
    one.missed("malformed frame", 2 * SECOND, BTC)
    one.missed("malformed frame", 2 * SECOND, BTC)

    assert one.status == "resyncing"
    assert one.resync_log.snapshot()["reason"].tolist() == ["malformed frame"]


def test_unreadable_frame_of_anything_tears_nothing():
    """If it was an update of this book, the next one will not follow."""
    one = tape()
    one.receive(snapshot(), SECOND)
    one.missed("malformed frame", 2 * SECOND)

    assert one.status == "live"
    assert len(one.gaps) == 0


def test_checksum_of_an_old_recording_is_verified():
    """The texts are read from the message itself."""
    one = tape()
    push = snapshot(checksum=42)
    wire = {
        "data": [
            {"bids": [["100", "1"], ["99", "2"]], "asks": [["101", "3"], ["102", "4"]]}
        ]
    }
    push.text = msgspec.json.encode(wire).decode()
    one.receive(push, SECOND)

    assert one.status == "resyncing" or not one.book.is_synced
    assert len(one.table) == 0
    assert one.latest is None


@pytest.mark.parametrize("name", ["books5", "bbo-tbt"])
def test_whole_books_heal_themselves(name):
    """A lost connection empties them, the next row fills them."""
    one = tape(name)
    arg = one.args[0]
    one.receive(Push(arg, [book_row(BIDS, ASKS, seq=5, kind=BookTop)]), SECOND)
    one.lost([arg], "reset", 2 * SECOND)
    torn = one.book.read().bids
    one.acknowledged(arg, (), 3 * SECOND)
    one.receive(Push(arg, [book_row(BIDS, ASKS, seq=9, kind=BookTop)]), 4 * SECOND)

    assert torn == []
    assert one.status == "live"
    assert one.stats().resyncs == 1


def test_levels_are_recorded_at_equal_distances():
    """One row for each half second in which the book changed."""
    one = tape()
    history = LevelHistory(0.5, 2, parse_window(10))
    one.keep(history)
    one.receive(snapshot(ts=1_000), SECOND)
    for seq, ts in ((11, 1_100), (12, 1_499), (13, 1_500), (14, 3_100)):
        one.receive(update(seq, seq - 1, [(100, seq)], ts=ts), SECOND)
    one.leave(history)
    one.receive(update(15, 14, [(100, 1)], ts=9_000), SECOND)
    frame = history.df

    assert frame["bid_sz_1"].tolist() == [1, 13, 14]
    assert frame["ask_px_2"].tolist() == [102, 102, 102]
    assert list(frame.columns) == [
        *("bid_px_1", "bid_sz_1", "bid_px_2", "bid_sz_2"),
        *("ask_px_1", "ask_sz_1", "ask_px_2", "ask_sz_2"),
        "recv",
    ]
    assert repr(history) == "<LevelHistory 2 levels every 0.5 s: 3 rows>"


def test_levels_of_a_thin_book_are_missing():
    """Levels that a side does not have are NaN."""
    one = tape()
    history = LevelHistory(1.0, 3, parse_window(10))
    one.keep(history)
    one.receive(snapshot(), SECOND)

    assert history.df["bid_px_2"].tolist() == [99]
    assert history.df["bid_px_3"].isna().all()


def test_the_log_of_resyncs_keeps_the_newest():
    """A book that is torn for days does not fill the memory; the count goes on."""
    log = ResyncLog(bound=3)
    for number in range(5):
        log.begin(f"tear {number}", number)
        log.end(number + 1)
    log.end(99)  # nothing is open

    assert log.snapshot()["reason"].tolist() == ["tear 2", "tear 3", "tear 4"]
    assert len(log) == 5
