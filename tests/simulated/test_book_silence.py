"""Books of which nothing is heard any more, in virtual time."""

import pytest

from tests.drill.stage import play

SPREAD = "BTC-USDT_BTC-USDT-SWAP"


async def forgotten(stage, inst_id, name, seconds):
    """Let the exchange forget a subscription; return book, state, rows beside it."""
    tape = stage.book(inst_id, name)
    other = stage.rows("ETH-USDT", "trades")
    await stage.play(5)
    fault = stage.exchange.faults.stop_pushing(inst_id, channel=name)
    await stage.play(seconds)
    before = tape.book.state, tape.book.best_bid
    fault.lift()
    await stage.play(10)
    return tape, before, other


@pytest.mark.parametrize(
    ("inst_id", "name"),
    [
        ("BTC-USDT", "books"),
        ("BTC-USDT", "books5"),
        ("BTC-USDT", "bbo-tbt"),
        (SPREAD, "sprd-books-l2-tbt"),
        (SPREAD, "sprd-books5"),
    ],
)
def test_a_silent_book_is_not_believed(inst_id, name):
    """Beyond the limit it shows nothing, asks again, and is the exchange's again."""
    tape, before, other = play(forgotten, inst_id, name, 151)
    events = tape.resync_log.snapshot()

    assert before == ("resyncing", None)
    assert tape.book.is_synced
    assert events["reason"].tolist() == ["nothing heard for 150 s"]
    assert events["how"].isin(["resubscribed", "fetched"]).all()
    assert events["end"].notna().all()
    assert other.resyncs == other.reconnects == len(other.gaps) == 0


def test_silence_within_the_limit_is_none():
    """Two minutes are less than the limit; the chain tells what was missed."""
    tape, before, _ = play(forgotten, "BTC-USDT", "books", 120)

    assert before[0] == "synced"
    assert not tape.resync_log.snapshot()["reason"].str.contains("nothing").any()


def test_the_limit_is_a_setting():
    """A shorter one acts sooner."""
    tape, before, _ = play(forgotten, "BTC-USDT", "books", 21, book_silence=20.0)

    assert before[0] == "resyncing"
    assert tape.resync_log.snapshot()["reason"].iloc[0] == "nothing heard for 20 s"


async def quiet(stage, inst_id, name, seconds):
    """Let nothing happen in a market; the exchange says so each minute."""
    places = stage.exchange.spreads if "sprd" in name else stage.exchange.market
    tape = stage.book(inst_id, name)
    await stage.play(2)
    places.pit(inst_id).flow._next_us = 1 << 62
    await stage.play(seconds)
    return tape


@pytest.mark.parametrize(
    ("inst_id", "name"),
    [("BTC-USDT", "books"), ("BTC-USDT", "books5"), (SPREAD, "sprd-books-l2-tbt")],
)
def test_a_quiet_book_is_believed(inst_id, name):
    """Once a minute the exchange says that nothing has changed, and that is enough."""
    tape = play(quiet, inst_id, name, 400)

    assert tape.book.is_synced
    assert tape.book.tears == 0
    assert tape.resyncs == 0


async def mute(stage):
    """Take away the keep-alive of a market in which nothing happens."""
    tape = stage.book("BTC-USDT")
    await stage.play(2)
    pit = stage.exchange.market.pit("BTC-USDT")
    pit.flow._next_us = 1 << 62
    pit._plan = lambda: None
    pit._due_quiet = pit._due = 1 << 62
    await stage.play(1600)
    return tape, stage.world.requests["public"]


def test_an_exchange_that_never_speaks_is_asked_less_and_less():
    """Each silence may last twice as long, so that the budget is not used up."""
    tape, requests = play(mute)
    events = tape.resync_log.snapshot()
    seconds = (events["end"].diff().dt.total_seconds()).iloc[1:].round().tolist()

    assert tape.book.is_synced
    assert seconds == [150, 300, 600]
    assert requests <= 1 + 2 * len(events)


async def busy(stage):
    """Stop reading the wire, as a long computation does, until after the limit."""
    tape = stage.book("BTC-USDT")
    await stage.play(5)
    for _ in range(4000):
        stage.world.advance(50)  # sent, and not read
        stage.world.loop.now_ns += 50_000_000
    await stage.play(1)
    return tape


def test_what_has_arrived_is_read_before_a_book_is_doubted():
    """After 200 s without a turn of the loop the news lie in the socket."""
    tape = play(busy, ping_interval=1000.0)

    assert tape.book.is_synced
    assert tape.book.tears == 0


async def shared(stage):
    """Close a book while it is away, and keep the rows of its channel."""
    book, rows = stage.book("BTC-USDT", "books5"), stage.rows("BTC-USDT", "books5")
    await stage.play(5)
    stage.exchange.faults.withhold_acks(channel="books5", count=1)
    with stage.exchange.faults.stop_pushing("BTC-USDT", channel="books5"):
        await stage.play(151)
    away = book.book.state
    stage.router.detach(book)
    frames = rows.frames
    await stage.play(20)
    return away, rows.frames - frames


def test_rows_go_on_when_the_book_beside_them_is_given_up():
    """The subscription that the book had ended for a new one is made again."""
    away, frames = play(shared)

    assert away == "resyncing"
    assert frames > 10
