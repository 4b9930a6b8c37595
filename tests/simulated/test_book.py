"""Books against a real socket: what a notebook sees while one is torn and healed."""

import pytest

import okxlab
from okxlab import errors

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""


@pytest.fixture
def own():
    """Give a simulator to be disturbed, and a lab on it."""
    with okxlab.Simulator(seed=3) as simulator:
        environment = okxlab.Environment(
            simulator.ws,
            simulator.rest,
            backoff_initial=0.05,
            backoff_max=0.2,
            connects_per_second=100,
        )
        with okxlab.connect(environment) as lab:
            yield simulator, lab


def until(book, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert book._tape.wait_for(condition, PATIENCE), (book, book.stats, book.events)


def torn_and_back(book, count=1):
    """Wait until a book was brought back so many times."""
    until(book, lambda: book.stats.resyncs >= count and book.is_synced)


def test_a_book_in_a_notebook(own):
    """One line gives a book, its figures and the history of its top."""
    _, lab = own
    book = lab.book("BTC-USDT")
    rows = book.wait(3, timeout=PATIENCE)
    depth = book.depth(5)
    snapshot = book.snapshot()

    assert book.status == "live"
    assert book.is_synced
    assert rows["bid"].notna().all()
    assert (rows["ask"] > rows["bid"]).all()
    assert len(depth) == 5
    assert depth["bid_px"].is_monotonic_decreasing
    assert depth["ask_px"].is_monotonic_increasing
    assert len(snapshot.bids) == len(snapshot.asks) == 400
    assert -1 <= book.imbalance(10) <= 1
    assert book.vwap("buy", 0.01) >= snapshot.asks["px"].iloc[0] - book.mid / 100
    assert 0 <= book.age < PATIENCE
    assert book.latest.seq_id >= rows["seq_id"].iloc[0]
    assert repr(book).startswith("<BookStream books BTC-USDT, live:")
    assert "BTC-USDT" in book._repr_html_()


def test_the_same_book_is_the_same_object(own):
    """Asking again gives the same book, with a larger window if that is wanted."""
    _, lab = own
    book = lab.book("BTC-USDT", window=10)
    again = okxlab.book("BTC-USDT", window=500)
    book.wait(12, timeout=PATIENCE)

    assert again is book
    assert len(book.df) >= 12
    assert book in lab.streams


def test_a_book_and_rows_share_a_subscription(own):
    """books5 as rows and as a book are one arg on the wire; closing one is no end."""
    _, lab = own
    rows = lab.stream("BTC-USDT", "books5")
    book = lab.book("BTC-USDT", channel="books5")
    rows.wait(2, timeout=PATIENCE)
    book.wait(2, timeout=PATIENCE)
    args = [connection.args for connection in lab.status.connections]
    rows.close()
    book.wait(2, timeout=PATIENCE)

    assert args == [1]
    assert book.is_synced
    assert len(book.depth(5)) == 5


@pytest.mark.parametrize("channel", ["books5", "bbo-tbt"])
def test_whole_books_speak_the_same_words(own, channel):
    """A small book has the figures of a big one."""
    _, lab = own
    book = lab.book("BTC-USDT", channel=channel)
    book.wait(2, timeout=PATIENCE)

    assert book.best_bid < book.mid < book.best_ask
    assert len(book.snapshot().bids) == {"books5": 5, "bbo-tbt": 1}[channel]
    assert book.seq_id > 0


def test_a_gap_costs_no_other_stream_a_row(own):
    """One book is torn and comes back by itself; nobody else hears of it."""
    simulator, lab = own
    book, other = lab.book("BTC-USDT"), lab.book("ETH-USDT")
    trades = lab.stream("BTC-USDT", "trades")
    for stream in (book, other, trades):
        stream.wait(1, timeout=PATIENCE)
    seen = []
    handle = book.on_update(lambda frame: seen.append(frame["bid"].isna().any()))
    for count in (1, 2, 3):
        simulator.faults.skip_seq("BTC-USDT")
        torn_and_back(book, count)
    trades.wait(3, timeout=PATIENCE)
    handle.stop()
    follows = (
        trades.df["trade_id"] - trades.df["count"] == trades.df["trade_id"].shift()
    )

    assert len(book.events) == len(book.gaps) == book.stats.resyncs == 3
    assert set(book.events["how"]) == {"resubscribed"}
    assert book.events["end"].notna().all()
    assert book.gaps["reason"].str.contains("prevSeqId").all()
    assert other.stats.resyncs == other.stats.gaps == trades.stats.gaps == 0
    assert book.stats.reconnects == trades.stats.reconnects == 0
    assert follows.iloc[1:].all()
    assert seen
    assert not any(seen)


def test_a_torn_book_shows_nothing(own):
    """While it is torn every price is None and every frame empty, without an error."""
    simulator, lab = own
    book = lab.book("BTC-USDT")
    book.wait(1, timeout=PATIENCE)
    with simulator.faults.withhold_acks(channel="books"):
        simulator.faults.skip_seq("BTC-USDT")
        until(book, lambda: book.status == "resyncing")
        shown = (book.best_bid, book.mid, book.spread_bps, book.imbalance(5), book.age)
        frames = len(book.depth(5)), len(book.snapshot().bids), len(book.cumulative())
        latest, rows, events = book.latest, len(book.df), book.events
    torn_and_back(book)

    assert shown == (None,) * 5
    assert frames == (0, 0, 0)
    assert latest is None
    assert rows >= 1
    assert events["end"].isna().tolist() == [True]


def test_a_short_budget_is_spared():
    """When few requests are left REST has the book, and updates continue it."""
    with okxlab.Simulator(seed=3) as simulator:
        environment = okxlab.Environment(
            simulator.ws, simulator.rest, requests_per_hour=6, connects_per_second=100
        )
        with okxlab.connect(environment) as lab:
            book = lab.book("BTC-USDT")
            book.wait(1, timeout=PATIENCE)
            for count in (1, 2, 3):
                simulator.faults.skip_seq("BTC-USDT")
                torn_and_back(book, count)
            book.wait(5, timeout=PATIENCE)
            (connection,) = lab.status.connections

    assert book.events["how"].tolist() == ["resubscribed", "resubscribed", "fetched"]
    assert book.df["origin"].eq("history").sum() == 1
    assert connection.requests_left == 1


def test_a_lost_connection_brings_a_new_book(own):
    """After a reconnect the book is the exchange's again; one gap, one resync."""
    simulator, lab = own
    book = lab.book("BTC-USDT")
    book.wait(1, timeout=PATIENCE)
    simulator.faults.drop()
    torn_and_back(book)

    assert book.events["how"].tolist() == ["reconnected"]
    assert len(book.gaps) == 1
    assert book.stats.reconnects == 1


def test_an_update_that_cannot_be_read_tears_the_book(own):
    """A level without a price is an update that is missing."""
    simulator, lab = own
    book, other = lab.book("BTC-USDT"), lab.book("ETH-USDT")
    book.wait(1, timeout=PATIENCE)
    other.wait(1, timeout=PATIENCE)
    simulator.faults.send(
        '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":['
        '{"bids":[["","1","0","1"]],"asks":[],"seqId":1,"prevSeqId":2,"ts":"1"}]}',
        channel="books",
        inst_id="BTC-USDT",
    )
    torn_and_back(book)

    assert book.events["reason"].tolist() == ["malformed frame"]
    assert other.stats.resyncs == 0


def test_checksums_of_old_days_verify():
    """An exchange that still sends them is followed, update by update."""
    with (
        okxlab.Simulator(seed=4, checksum="legacy") as simulator,
        okxlab.connect(simulator) as lab,
    ):
        book = lab.book("BTC-USDT")
        book.wait(10, timeout=PATIENCE)

        assert book.is_synced
        assert book.stats.resyncs == 0
        assert book._tape.book._bid_texts


def test_levels_for_a_heat_map(own):
    """The same record for the same question; rows come by themselves."""
    _, lab = own
    book = lab.book("BTC-USDT")
    history = book.levels(0.1, 3, window=50)
    book.wait(5, timeout=PATIENCE)

    assert book.levels(0.1, 3) is history
    assert len(history) > 0
    assert history.df["ask_px_3"].notna().all()
    with pytest.raises(ValueError, match="above 0"):
        book.levels(0)
    with pytest.raises(errors.ChannelError):
        book.levels(1, window="soon")


def test_a_closed_book_can_be_asked_for_again(own):
    """What it had stays; asking anew starts anew."""
    _, lab = own
    book = lab.book("BTC-USDT")
    book.wait(2, timeout=PATIENCE)
    book.close()
    again = lab.book("BTC-USDT")
    again.wait(1, timeout=PATIENCE)

    assert book.status == "closed"
    assert len(book.df) >= 2
    assert again is not book
    with pytest.raises(errors.StreamClosedError, match=r"okxlab.book\('BTC-USDT'"):
        book.wait(1)


def test_a_book_asked_for_while_its_predecessor_goes_is_watched_over(own):
    """Two threads, one closes and one asks: the new book keeps its recovery."""
    simulator, lab = own
    first = lab.book("BTC-USDT")
    first.wait(1, timeout=PATIENCE)
    lab._forget(first)  # the first half of closing it
    second = lab.book("BTC-USDT")
    lab._runtime.call(lab._detach, first._tape)  # the second half
    second.wait(1, timeout=PATIENCE)
    simulator.faults.skip_seq("BTC-USDT")
    torn_and_back(second)

    assert second.is_synced


@pytest.mark.parametrize("why", ["closed", "refused", "failed"])
def test_a_book_that_nobody_follows_shows_nothing(own, why):
    """However its end came: levels that grow old are no levels."""
    _, lab = own
    book = lab.book("BTC-USDT")
    book.wait(2, timeout=PATIENCE)
    tape, error = book._tape, errors.SubscriptionError("no more")
    if why == "closed":
        book.close()
    elif why == "refused":
        lab._runtime.call(tape.refused, tape.args[0], error, 0)
    else:
        lab._runtime.call(tape.fail, error)

    assert book.status == why
    assert not book.is_synced
    assert (book.top, book.best_bid, book.mid, book.age, book.seq_id) == (None,) * 5
    assert book.depth(5).empty
    assert book.snapshot().bids.empty
    assert book.vwap("buy", 0.01) is None
    assert len(book.df) >= 2


def test_what_has_no_book_is_refused(own):
    """Channels without a book, windows and instruments that do not exist."""
    _, lab = own
    with pytest.raises(errors.ChannelError, match="books5"):
        lab.book("BTC-USDT", channel="tickers")
    with pytest.raises(errors.ChannelError, match="window"):
        lab.book("BTC-USDT", window="soon")
    with pytest.raises(errors.SubscriptionError, match="60018"):
        lab.book("NOPE-USDT").wait(1, timeout=PATIENCE)
    with pytest.raises(errors.ChannelError, match=r"okxlab\.book"):
        lab.stream("BTC-USDT", "books")
