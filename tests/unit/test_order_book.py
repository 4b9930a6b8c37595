"""Order books: chains, tears, joins, whole books, checksums, readers beside."""

import sys
import threading
import zlib

import msgspec
import pytest

from okxlab.book import OrderBook
from okxlab.book.checksum import checksum, read_texts
from okxlab.protocol.rows import (
    BookTop,
    BookUpdate,
    RpiBookUpdate,
    SpreadBookUpdate,
)
from tests.unit.book_rows import book_row, pairs

BIDS = [(100, 1), (99.5, 2), (99, 3)]
ASKS = [(100.5, 4), (101, 5)]


def synced(seq=10, **more):
    """Return a book after its snapshot."""
    book = OrderBook()
    book.apply(book_row(BIDS, ASKS, seq=seq, **more), "snapshot")
    return book


def test_a_new_book_waits_and_shows_nothing():
    """Before the first snapshot there is no level, no id and no best price."""
    book = OrderBook()

    assert book.state == "waiting"
    assert not book.is_synced
    assert book.seq_id is None
    assert book.top is None
    assert book.read().bids == []


def test_snapshot_syncs():
    """A snapshot is the book, best level first on both sides."""
    book = synced()

    assert book.state == "synced"
    assert book.seq_id == 10
    assert pairs(book.read().bids) == BIDS
    assert pairs(book.read().asks) == ASKS


def test_snapshot_in_any_order_is_sorted():
    """The order of a snapshot is not relied upon."""
    book = OrderBook()
    book.apply(book_row(BIDS[::-1], ASKS[::-1]), "snapshot")

    assert pairs(book.read().bids) == BIDS
    assert pairs(book.read().asks) == ASKS


def test_snapshot_without_action_is_known_by_its_id():
    """A prevSeqId of -1 makes a snapshot where the action was left out."""
    book = OrderBook()

    assert book.apply(book_row(BIDS, ASKS))
    assert book.is_synced


def test_update_replaces_inserts_and_deletes():
    """One update changes a size, brings a level and takes one away."""
    book = synced()
    changed = [(100, 7), (99.7, 8), (99, 0)]

    written = book.apply(book_row(changed, [(100.4, 1)], seq=15, prev=10), "update")

    assert written
    assert pairs(book.read().bids) == [(100, 7), (99.7, 8), (99.5, 2)]
    assert pairs(book.read().asks) == [(100.4, 1), *ASKS]
    assert book.seq_id == 15


def test_delete_of_an_absent_price_is_harmless():
    """The exchange deletes prices that were never sent."""
    book = synced()
    book.apply(book_row([(42, 0)], [(1_000, 0)], seq=11, prev=10), "update")

    assert book.is_synced
    assert pairs(book.read().bids) == BIDS
    assert pairs(book.read().asks) == ASKS


def test_published_chain_holds():
    """Snapshot, update, keep-alive, reset to a smaller id, update: all one chain."""
    book = OrderBook()
    book.apply(book_row(BIDS, ASKS, seq=10), "snapshot")
    written = [
        book.apply(book_row([(98, 1)], seq=15, prev=10), "update"),
        book.apply(book_row(seq=15, prev=15), "update"),
        book.apply(book_row([(98, 2)], seq=3, prev=15), "update"),
        book.apply(book_row([(98, 3)], seq=5, prev=3), "update"),
    ]

    assert written == [True, False, True, True]
    assert book.is_synced
    assert book.seq_id == 5
    assert pairs(book.read().bids) == [*BIDS, (98, 3)]
    assert book.tears == 0


@pytest.mark.parametrize(
    ("seq", "prev"), [(20, 16), (15, 10), (12, 11), (9, 8), (30, -1), (16, 16)]
)
def test_broken_chain_empties_the_book(seq, prev):
    """Anything that does not follow the last id tears the book at once."""
    book = synced()
    book.apply(book_row([(98, 1)], seq=15, prev=10), "update")
    book.apply(book_row([(97, 1)], seq=seq, prev=prev), "update")

    assert book.state == "resyncing"
    assert book.read().bids == book.read().asks == []
    assert book.top is None
    assert book.seq_id is None
    assert book.tears == 1
    assert str(prev) in book.why


def test_torn_book_ignores_updates_until_a_snapshot():
    """Not even updates that continue one another bring a torn book back."""
    book = synced()
    book.apply(book_row(seq=30, prev=20), "update")
    for seq in range(30, 40):
        book.apply(book_row([(98, 1)], seq=seq + 1, prev=seq), "update")
    still_torn = book.state
    book.apply(book_row([(50, 1)], [(51, 1)], seq=100), "snapshot")

    assert still_torn == "resyncing"
    assert book.is_synced
    assert pairs(book.read().bids) == [(50, 1)]
    assert book.ignored == 11


def test_tear_by_the_owner():
    """Whoever loses the connection tears the book, once."""
    book = synced()
    book.tear("connection lost")
    book.tear("again")

    assert book.state == "resyncing"
    assert book.why == "connection lost"
    assert book.tears == 1


def test_waiting_book_cannot_be_torn():
    """A book that shows nothing goes on waiting."""
    book = OrderBook()
    book.tear("connection lost")

    assert book.state == "waiting"
    assert book.tears == 0


def test_empty_sides():
    """A side may be empty; the other one is served."""
    book = OrderBook()
    book.apply(book_row(BIDS, []), "snapshot")

    assert book.is_synced
    assert book.best_bid == 100
    assert book.best_ask is None
    assert book.mid is None
    assert book.top.ask_orders == ""


def test_bids_may_be_missing():
    """The same with the sides exchanged."""
    book = OrderBook()
    book.apply(book_row([], ASKS), "snapshot")

    assert book.best_bid is None
    assert book.best_ask == 100.5
    assert book.mid is None


def test_crossed_book_is_legal():
    """In an auction the best bid may be above the best ask."""
    book = OrderBook()
    book.apply(book_row([(101, 1)], [(100, 1)]), "snapshot")

    assert book.is_synced
    assert book.spread == -1


@pytest.mark.parametrize("kind", [BookUpdate, RpiBookUpdate, SpreadBookUpdate])
def test_levels_of_each_kind(kind):
    """Three columns, four, and four with another third: px, sz, orders hold."""
    book = OrderBook()
    book.apply(book_row([(1.5, 2, 3)], [(2.5, 4, 5)], kind=kind), "snapshot")
    snapshot = book.snapshot()

    assert snapshot.bids[["px", "sz", "orders"]].iloc[0].tolist() == [1.5, 2, 3]
    assert snapshot.asks[["px", "sz", "orders"]].iloc[0].tolist() == [2.5, 4, 5]
    assert ("organic_sz" in snapshot.bids) == (kind is RpiBookUpdate)


def test_negative_prices():
    """A spread's prices may be negative and are sorted as numbers."""
    book = OrderBook()
    bids, asks = [(-0.6, 1), (-0.1, 2), (-12, 3)], [(0.2, 1), (0, 2)]
    book.apply(book_row(bids, asks, kind=SpreadBookUpdate), "snapshot")

    assert book.best_bid == -0.1
    assert book.best_ask == 0
    assert [px for px, _ in pairs(book.read().bids)] == [-0.1, -0.6, -12]


# Whole books.


def test_whole_book_replaces():
    """Each row of books5 is the book."""
    book = OrderBook(whole=True)
    book.apply(book_row(BIDS, ASKS, seq=5, kind=BookTop))
    book.apply(book_row([(90, 1)], [(91, 1)], seq=8, kind=BookTop))

    assert pairs(book.read().bids) == [(90, 1)]
    assert book.seq_id == 8


def test_whole_book_drops_what_is_stale_or_repeated():
    """A row with an older or the same id changes nothing and tears nothing."""
    book = OrderBook(whole=True)
    book.apply(book_row(BIDS, ASKS, seq=5, ts=2_000, kind=BookTop))
    written = [
        book.apply(book_row([(1, 1)], [], seq=4, ts=1_900, kind=BookTop)),
        book.apply(book_row([(1, 1)], [], seq=5, ts=2_000, kind=BookTop)),
    ]

    assert written == [False, False]
    assert book.is_synced
    assert pairs(book.read().bids) == BIDS


def test_whole_book_tolerates_a_reset():
    """A smaller id is believed if the exchange's clock says that it is newer."""
    book = OrderBook(whole=True)
    book.apply(book_row(BIDS, ASKS, seq=500, ts=2_000, kind=BookTop))
    book.apply(book_row([(1, 1)], [], seq=3, ts=2_100, kind=BookTop))

    assert book.seq_id == 3
    assert pairs(book.read().bids) == [(1, 1)]


# Joins.


def torn_at_20():
    """Return a torn book with the changes 18-20, 20-25, 25-30 kept aside."""
    book = synced()
    for prev, seq in ((18, 20), (20, 25), (25, 30)):
        book.apply(book_row([(98, seq)], seq=seq, prev=prev, ts=2_000), "update")
    return book


@pytest.mark.parametrize("seq", [18, 19, 20, 22, 25, 29])
def test_join_continues_with_what_was_kept_aside(seq):
    """The snapshot is brought forward by the changes that end behind it."""
    book = torn_at_20()

    assert book.join(book_row([(50, 1)], [(51, 1)], seq=seq, ts=2_000))
    assert book.seq_id == 30
    assert pairs(book.read().bids) == [(98, 30), (50, 1)]


def test_join_of_the_newest_snapshot():
    """A snapshot newer than all changes stands alone; the next one must fit."""
    book = torn_at_20()
    joined = book.join(book_row([(50, 1)], [(51, 1)], seq=33, ts=2_050))
    alone = pairs(book.read().bids)
    book.apply(book_row([(97, 1)], seq=32, prev=30, ts=2_050), "update")
    old = pairs(book.read().bids)
    book.apply(book_row([(97, 2)], seq=35, prev=32, ts=2_100), "update")

    assert joined
    assert alone == old == [(50, 1)]
    assert book.is_synced
    assert book.seq_id == 35
    assert pairs(book.read().bids) == [(97, 2), (50, 1)]


def test_join_of_a_snapshot_that_is_too_old():
    """A snapshot from before the first change leaves a hole: not synced."""
    book = torn_at_20()

    assert not book.join(book_row([(50, 1)], [(51, 1)], seq=17))
    assert book.state == "resyncing"
    assert book.read().bids == []
    assert book.join(book_row([(50, 1)], [(51, 1)], seq=18, ts=2_000))


def test_first_change_after_a_join_that_leaves_a_hole_tears():
    """A change that begins behind the snapshot does not join."""
    book = torn_at_20()
    book.join(book_row([(50, 1)], [(51, 1)], seq=33, ts=2_050))
    book.apply(book_row([(97, 1)], seq=40, prev=35, ts=2_100), "update")

    assert book.state == "resyncing"


def test_join_is_over_with_the_first_change():
    """Later changes must follow exactly, as in any other chain."""
    book = torn_at_20()
    book.join(book_row([(50, 1)], [(51, 1)], seq=33, ts=2_050))
    book.apply(book_row([(97, 1)], seq=35, prev=33, ts=2_100), "update")
    book.apply(book_row([(97, 2)], seq=35, prev=33, ts=2_100), "update")

    assert book.state == "resyncing"


def test_hole_among_the_changes_kept_aside():
    """Only changes behind the last hole count: the snapshot must reach it."""
    book = torn_at_20()
    book.apply(book_row([(98, 50)], seq=50, prev=45, ts=3_000), "update")

    assert not book.join(book_row([(50, 1)], [(51, 1)], seq=30, ts=2_900))
    assert book.join(book_row([(50, 1)], [(51, 1)], seq=45, ts=3_000))
    assert book.seq_id == 50


def test_ids_that_begin_anew_while_torn():
    """A snapshot made before the reset has higher ids and is refused."""
    book = torn_at_20()
    book.apply(book_row([(98, 1)], seq=3, prev=30, ts=5_000), "update")
    book.apply(book_row([(98, 2)], seq=6, prev=3, ts=5_100), "update")

    assert not book.join(book_row([(50, 1)], [(51, 1)], seq=30, ts=4_900))
    assert book.join(book_row([(50, 1)], [(51, 1)], seq=4, ts=5_050))
    assert book.seq_id == 6


@pytest.mark.parametrize(("seq", "prev"), [(3, 10), (8, 6)])
def test_ids_that_begin_anew_right_after_a_join(seq, prev):
    """Lower ids made much later are no old changes: the book is torn."""
    book = torn_at_20()
    book.join(book_row([(50, 1)], [(51, 1)], seq=33, ts=2_050))
    book.apply(book_row([(97, 1)], seq=seq, prev=prev, ts=9_000), "update")

    assert book.state == "resyncing"


def test_changes_kept_aside_that_lead_nowhere():
    """Lower ids made much later: the join fails, and counts as no further tear."""
    book = torn_at_20()
    why = book.why
    joined = book.join(book_row([(50, 1)], [(51, 1)], seq=33, ts=10))

    assert not joined
    assert book.state == "resyncing"
    assert (book.tears, book.why) == (1, why)


def test_pushed_snapshot_beats_a_join():
    """A snapshot by REST that comes after a pushed one changes nothing."""
    book = torn_at_20()
    book.apply(book_row(BIDS, ASKS, seq=60), "snapshot")

    assert book.join(book_row([(50, 1)], [(51, 1)], seq=40))
    assert pairs(book.read().bids) == BIDS


def test_what_is_kept_aside_is_bounded():
    """A book that stays torn for long keeps the newest changes only."""
    book = synced()
    for seq in range(20, 5_000):
        book.apply(book_row([(98, 1)], seq=seq + 1, prev=seq), "update")

    assert len(book._aside) <= 600
    assert book.join(book_row([(50, 1)], [(51, 1)], seq=4_990))
    assert book.seq_id == 5_000


# Checksums.


def texts_of(row):
    """Return the texts of a row made of whole numbers and halves."""
    wire = {"data": [msgspec.to_builtins(row, str_keys=True)]}
    for side in ("bids", "asks"):
        levels = wire["data"][0][side]
        wire["data"][0][side] = [[str(part) for part in level] for level in levels]
    return read_texts(msgspec.json.encode(wire).decode())[0]


def signed_crc(text):
    """Return a CRC-32 as OKX writes it."""
    crc = zlib.crc32(text.encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def test_checksum_pairs_levels_and_keeps_texts():
    """Bid, ask, bid, ask; the longer side goes on alone; texts stay as they are."""
    found = checksum([("3366.10", "7"), ("3366", "6")], [("3366.8", "9")])

    assert found == signed_crc("3366.10:7:3366.8:9:3366:6")


def test_checksum_covers_25_levels():
    """The 26th level does not count."""
    levels = [(str(px), "1") for px in range(30)]

    assert checksum(levels, levels) == checksum(levels[:25], levels[:25])


def test_wrong_checksum_tears():
    """A book that differs from the exchange's is not served."""
    book = OrderBook()
    row = book_row(BIDS, ASKS, checksum=12345)
    book.apply(row, "snapshot", texts_of(row))

    assert book.state == "resyncing"
    assert "checksum" in book.why
    assert book.read().bids == []


@pytest.mark.parametrize("more", [{"checksum": 0}, {"checksum": ""}, {}])
def test_checksum_of_0_or_none_is_not_verified(more):
    """Since June 2026 it is always 0; some channels never had one."""
    book = OrderBook()
    row = book_row(BIDS, ASKS, **more)
    book.apply(row, "snapshot", texts_of(row))

    assert book.is_synced


def test_checksum_is_not_verified_where_texts_are_missing():
    """One row without texts, and the whole cannot be known until a snapshot."""
    book = OrderBook()
    first = book_row(BIDS, ASKS, seq=1)
    book.apply(first, "snapshot", texts_of(first))
    book.apply(book_row([(98, 1)], seq=2, prev=1), "update")
    third = book_row([(97, 1)], seq=3, prev=2, checksum=12345)
    book.apply(third, "update", texts_of(third))

    assert book.is_synced


@pytest.mark.parametrize(
    "names",
    [
        ["books-snapshot-futures"],
        ["books-snapshot-swap"],
        ["books-snapshot-39x37"],
        ["books-snapshot-400", "books-update-checksum"],
    ],
    ids=lambda names: names[-1],
)
def test_real_checksums_verify(frames, names):
    """Frames captured before the checksum was retired verify, update included."""
    book = OrderBook()
    found = []
    for name in names:
        text = (frames / f"{name}.json").read_text()
        push = msgspec.json.decode(text)
        row = msgspec.convert(push["data"][0], BookUpdate, strict=False)
        book.apply(row, push["action"], read_texts(text)[0])
        found.append(row.checksum)

    assert all(found)
    assert book.is_synced


def test_real_checksum_notices_a_lost_update(frames):
    """A level that differs in its last digit is found out."""
    text = (frames / "books-snapshot-futures.json").read_text()
    push = msgspec.json.decode(text)
    push["data"][0]["bids"][7][1] += "1"
    row = msgspec.convert(push["data"][0], BookUpdate, strict=False)
    book = OrderBook()
    book.apply(row, "snapshot", read_texts(msgspec.json.encode(push).decode())[0])

    assert book.state == "resyncing"


# Readers in other threads.


def wave(size, seq, prev):
    """Return an update that changes every price and size of a book."""
    gone = [(px + (seq + 1) % 2 / 4, 0) for px in range(50)]
    come = [(px + seq % 2 / 4, size) for px in range(50)]
    asks = [(1_000 + px, 0) for px, _ in gone], [(1_000 + px, sz) for px, sz in come]
    return book_row(gone + come, asks[0] + asks[1], seq=seq, prev=prev)


def test_readers_never_see_half_of_an_update():
    """Whoever reads beside the writer sees one update whole, never two in part."""
    book = OrderBook()
    book.apply(wave(1, 1, -1), "snapshot")
    done = threading.Event()
    torn, seen = [], set()

    def read():
        while not done.is_set():
            levels = book.read()
            sizes = {level.sz for level in (*levels.bids, *levels.asks)}
            counts = {len(levels.bids), len(levels.asks)}
            seen.add(levels.seq_id)
            if sizes != {levels.seq_id} or counts != {50}:
                torn.append((levels.seq_id, sizes, counts))

    updates = [wave(seq, seq, seq - 1) for seq in range(2, 3_000)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # as many chances to come in between as possible
    try:
        for reader in readers:
            reader.start()
        for update in updates:
            book.apply(update, "update")
    finally:
        done.set()
        for reader in readers:
            reader.join()
        sys.setswitchinterval(interval)

    assert torn == []
    assert len(seen) > 1


@pytest.mark.parametrize("change", ["update", "snapshot", "tear"])
def test_writer_leaves_a_copy_for_who_asked(change):
    """A reader that always came in the middle finds the book after the next change."""
    book = synced()
    book._is_asked = True
    if change == "tear":
        book.tear("test")
    else:
        book.apply(book_row([(100, 9)], ASKS, seq=11, prev=10), change)
    version, left = book._left

    assert not book._is_asked
    assert version == book._version
    assert left == book.read()


def test_reader_takes_what_was_left_for_it(monkeypatch):
    """While one change follows another, the copy of the last one will do."""
    book = synced()
    book._version += 1

    def finish(_pause):
        book._left = book._version + 1, full

    full = synced().read()
    monkeypatch.setattr(sys.modules[OrderBook.__module__]._never, "wait", finish)

    assert pairs(book.read(2).bids) == BIDS[:2]


def test_reader_gives_up_on_a_change_that_never_ends(monkeypatch):
    """In a copy of the process made in the middle of a change nobody ends it."""
    monkeypatch.setattr(sys.modules[OrderBook.__module__], "_PAUSE", 0)
    book = synced()
    book._version += 1

    assert book.read().bids == []
    assert book.best_bid == 100  # one value cannot be torn


def test_reader_that_fails_by_itself_is_heard():
    """Only what a change can cause is tried again; our own mistakes surface."""
    book = synced()
    del book._bids.levels[100.0]

    with pytest.raises(KeyError):
        book.read()


def test_repr_says_what_there_is():
    """The repr is one short line."""
    assert repr(synced()) == "<OrderBook synced: 3 bids, 2 asks, seq_id 10>"
