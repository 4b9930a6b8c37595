"""Books of every kind against the far end: one vocabulary, one way back."""

from urllib.request import urlopen

import msgspec
import pytest

import okxlab
from okxlab import errors
from okxlab.protocol.channels import CHANNELS, channel

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
SPREAD = "BTC-USDT_BTC-USDT-SWAP"
KEYS = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
KINDS = [entry.name for entry in CHANNELS if entry.kind == "book" or entry.depth]
CHAINED = [entry.name for entry in CHANNELS if entry.kind == "book"]


def named(name):
    """Return what a book of this kind is of."""
    return SPREAD if name.startswith("sprd") else "BTC-USDT"


@pytest.fixture
def own():
    """Give a simulator to be disturbed, and a lab that may see every book."""
    with okxlab.Simulator(seed=3) as simulator:
        environment = okxlab.Environment(
            simulator.ws,
            simulator.rest,
            backoff_initial=0.05,
            backoff_max=0.2,
            connects_per_second=100,
        )
        with okxlab.connect(environment, credentials=KEYS) as lab:
            yield simulator, lab


def until(book, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert book._tape.wait_for(condition, PATIENCE), (book, book.stats, book.events)


def theirs(simulator, sprd_id):
    """Return the exchange's own book of a spread, by REST."""
    url = f"{simulator.rest}/api/v5/sprd/books?sprdId={sprd_id}&sz=400"
    with urlopen(url) as answer:
        (row,) = msgspec.json.decode(answer.read())["data"]
    entry = channel("sprd-books-l2-tbt")
    return msgspec.convert(row, entry.row, strict=False)


@pytest.mark.parametrize("name", KINDS)
def test_every_book_speaks_the_same_words(own, name):
    """Prices, figures, frames and history, whatever the layout of its levels."""
    _, lab = own
    book = lab.book(named(name), channel=name)
    rows = book.wait(2, timeout=PATIENCE)
    depth = book.depth(1)
    snapshot = book.snapshot()
    most = channel(name).levels or channel(name).depth

    assert book.is_synced
    assert book.status == "live"
    assert (rows["ask"] > rows["bid"]).all()
    assert rows["bid_orders"].ge(1).all()
    assert depth["bid_orders"].ge(1).all()
    assert depth["ask_px"].iloc[0] > depth["bid_px"].iloc[0]
    assert 1 <= len(snapshot.bids) <= most
    assert snapshot.bids["px"].is_monotonic_decreasing
    assert snapshot.asks["px"].is_monotonic_increasing
    assert snapshot.seq_id > 0
    assert -1 <= book.imbalance(5) <= 1
    assert ("organic_sz" in snapshot.bids) == (name == "books-rpi")
    assert str(named(name)) in repr(book)


@pytest.mark.parametrize("name", CHAINED)
def test_every_chained_book_comes_back(own, name):
    """A lost update tears it, and it comes back by itself, equal to the exchange's."""
    simulator, lab = own
    inst_id = named(name)
    book = lab.book(inst_id, channel=name)
    book.wait(1, timeout=PATIENCE)
    simulator.faults.skip_seq(inst_id, channel=name)
    until(book, lambda: book.stats.resyncs >= 1 and book.is_synced)
    before = simulator.faults.reset_seq(inst_id)
    until(book, lambda: (book.seq_id or 1 << 62) < 1 << 40)

    assert before == 1
    assert len(book.events) == len(book.gaps) == 1
    assert book.events["how"].tolist() == ["resubscribed"]
    assert book.stats.reconnects == 0


@pytest.mark.parametrize("name", ["books", "books-rpi", "sprd-books-l2-tbt"])
def test_a_short_budget_takes_the_way_there_is(name):
    """By REST where OKX has an id in the answer, else by subscribing again."""
    inst_id = named(name)
    with okxlab.Simulator(seed=3) as simulator:
        environment = okxlab.Environment(
            simulator.ws, simulator.rest, requests_per_hour=6, connects_per_second=100
        )
        with okxlab.connect(environment) as lab:
            book = lab.book(inst_id, channel=name)
            book.wait(1, timeout=PATIENCE)
            for count in (1, 2, 3):
                simulator.faults.skip_seq(inst_id, channel=name)
                until(book, lambda: book.stats.resyncs >= count and book.is_synced)  # noqa: B023  # runs at once
                if name.startswith("sprd") and count == 2:
                    break
            ways = book.events["how"].tolist()

    expected = ["resubscribed", "resubscribed", "fetched"]
    assert ways == (expected[:2] if name.startswith("sprd") else expected)


def test_a_spread_s_book_is_the_exchange_s():
    """Level by level, negative prices among them, with time standing still."""
    with (
        okxlab.Simulator(seed=3, speed=0) as simulator,
        okxlab.connect(simulator) as lab,
    ):
        spread = "DOGE-USDT_DOGE-USDT-SWAP"
        book = lab.book(spread, channel="sprd-books-l2-tbt")
        until(book, lambda: book.is_synced)
        for _ in range(20):
            simulator.step(1.0)
            expected = theirs(simulator, spread)
            until(book, lambda: book.read().ts == expected.ts)  # noqa: B023  # runs at once
            found = book.read()

            assert found.bids == expected.bids
            assert found.asks == expected.asks
        prices = book.snapshot().bids["px"]

        assert (prices < 0).any()
        assert book.best_bid < book.mid < book.best_ask
        assert book.stats.resyncs == 0
        assert book.df["spread"].gt(0).all()


def test_near_misses_of_spreads(own):
    """A refusal says which spread was perhaps meant, or how one is named."""
    _, lab = own
    for wrong, hint in (
        ("BTC-USDT_BTC-USDT-SWOP", f"did you mean '{SPREAD}'"),
        ("BTC-USDT", "named by its two instruments|did you mean"),
    ):
        book = lab.book(wrong, channel="sprd-books-l2-tbt")
        with pytest.raises(errors.SubscriptionError, match=hint):
            book.wait(1, timeout=PATIENCE)


def test_a_book_whose_side_runs_empty():
    """Nobody asks: the asks are empty, the bids are there, the mid is missing."""
    with (
        okxlab.Simulator(seed=3, speed=0) as simulator,
        okxlab.connect(simulator) as lab,
    ):
        book = lab.book(SPREAD, channel="sprd-books-l2-tbt")
        until(book, lambda: book.is_synced)
        frame = {"channel": "sprd-books-l2-tbt", "sprdId": SPREAD}
        gone = [[f"{level.px:.1f}", "0", "0"] for level in book.read().asks]
        row = {"asks": gone, "bids": [], "ts": "1", "checksum": 0}
        seq = {"prevSeqId": book.seq_id, "seqId": book.seq_id + 1}
        push = {"arg": frame, "action": "update", "data": [row | seq]}
        simulator.faults.send(msgspec.json.encode(push).decode(), path="business")
        until(book, lambda: book.best_ask is None)

        assert book.is_synced
        assert book.best_bid is not None
        assert book.mid is None
        assert book.spread is None
        assert book.imbalance(3) == 1
        assert len(book.snapshot().asks) == 0
        assert book.depth(2)["ask_px"].isna().all()


def test_checksums_of_spreads_verify():
    """Three values a level and prices below 0, as sent: the sum is the exchange's."""
    with (
        okxlab.Simulator(seed=3, checksum="legacy", speed=10) as simulator,
        okxlab.connect(simulator) as lab,
    ):
        book = lab.book("DOGE-USDT_DOGE-USDT-SWAP", channel="sprd-books-l2-tbt")
        book.wait(10, timeout=PATIENCE)

        assert book.is_synced
        assert book.stats.resyncs == 0
        assert book._tape.book._bid_texts
