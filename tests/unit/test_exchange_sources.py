"""What an exchange makes of its sources: who is told what, and in which words."""

from __future__ import annotations

import itertools

import pytest

from okxlab.simulator.accounts.account import Account
from okxlab.simulator.checksum import book_checksum
from okxlab.simulator.exchange import Exchange
from okxlab.simulator.timetable import make_timetable
from tests.unit.account_client import START, AccountClient, rows

BOOKS = {"channel": "books", "instId": "BTC-USDT"}
DEEP = {"channel": "books-l2-tbt", "instId": "BTC-USDT"}
FIFTY = {"channel": "books50-l2-tbt", "instId": "BTC-USDT"}
RPI = {"channel": "books-rpi", "instId": "BTC-USDT"}
OPTIONS = {"channel": "option-trades", "instType": "OPTION"}
BLOCKS = {"channel": "block-tickers", "instId": "BTC-USDT"}


def client(path="public", **more):
    """Return a client that is logged in."""
    here = AccountClient(Exchange(7, start_ms=START, **more), path)
    assert here.login()["event"] == "login"
    return here


def books(frames, channel):
    """Return action and row of all pushes of a book."""
    return [
        (frame["action"], frame["data"][0])
        for frame in frames
        if frame.get("arg", {}).get("channel") == channel and "data" in frame
    ]


def merged(pushes):
    """Return the book that pushes lead to, by side and price."""
    book = {"asks": {}, "bids": {}}
    for _, row in pushes:
        for side, levels in book.items():
            for px, *rest in row[side]:
                levels.pop(px, None)
                if rest[0] != "0":
                    levels[px] = rest
    return {
        "asks": dict(sorted(book["asks"].items(), key=lambda level: float(level[0]))),
        "bids": dict(sorted(book["bids"].items(), key=lambda level: -float(level[0]))),
    }


def as_levels(side):
    """Return a side of a merged book as the wire has levels."""
    return [[px, *rest] for px, rest in side.items()]


def test_an_option_trade_reaches_its_family_and_its_instrument():
    """One trade is told to both subscriptions, each with the arg as it asked."""
    here = client()
    inst_id = here.exchange.market.inst_ids("OPTION")[0]
    by_family = {**OPTIONS, "instFamily": "BTC-USD"}
    by_id = {**OPTIONS, "instId": inst_id}
    here.subscribe(by_family, by_id)
    frames = here.after(60_000)
    one = [f["data"] for f in frames if f["arg"] == by_id]
    family = [f["data"] for f in frames if f["arg"] == by_family]

    assert one
    assert one == [data for data in family if data[0]["instId"] == inst_id]
    assert {data[0]["instId"] for data in family} > {inst_id}


def test_an_instrument_wins_over_its_family():
    """With both in the arg, the instrument is what it is about."""
    here = client()
    inst_id = here.exchange.market.inst_ids("OPTION")[0]
    both = {**OPTIONS, "instFamily": "BTC-USD", "instId": inst_id}
    here.subscribe(both)
    frames = here.after(60_000)

    assert frames
    assert all(frame["arg"] == both for frame in frames)
    assert {frame["data"][0]["instId"] for frame in frames} == {inst_id}


@pytest.mark.parametrize(
    ("first", "second"), [(BOOKS, DEEP), (DEEP, BOOKS), (DEEP, FIFTY), (FIFTY, DEEP)]
)
def test_books_that_exclude_each_other(first, second):
    """The deep tick-by-tick book stands alone on a connection, until it is let go."""
    here = client()
    here.subscribe(first)
    (refused,) = here.subscribe(second)
    (other, _) = here.subscribe({**second, "instId": "ETH-USDT"})
    here.send({"op": "unsubscribe", "args": [first]})
    (ack, _) = here.subscribe(second)

    assert (refused["event"], refused["code"]) == ("error", "64004")
    assert other["event"] == ack["event"] == "subscribe"


def test_other_books_go_together():
    """All others of one instrument may be held at once."""
    here = client()
    acks = [here.subscribe(arg)[0]["event"] for arg in (BOOKS, FIFTY, RPI)]

    assert acks == ["subscribe"] * 3


@pytest.mark.parametrize("arg", [DEEP, FIFTY])
def test_tick_by_tick_books_demand_a_tier(arg):
    """Without a login 60011, with a low tier 64003."""
    stranger = AccountClient(Exchange(7, start_ms=START), "public")
    novice = client(accounts=[Account(tier=3)])

    assert stranger.subscribe(arg)[0]["code"] == "60011"
    assert novice.subscribe(arg)[0]["code"] == "64003"


@pytest.mark.parametrize("arg", [DEEP, FIFTY], ids=lambda arg: arg["channel"])
@pytest.mark.parametrize("offset", [0, 13])
def test_tick_by_tick_books_are_the_book(arg, offset):
    """Updates on a 10 ms grid, chained, lead to the best levels of the market."""
    here = client()
    here.after(offset)
    depth = 50 if arg is FIFTY else 400
    pushes = books(here.subscribe(arg), arg["channel"])
    pushes += books(here.after(5_000 - offset), arg["channel"])
    chain = [(row["prevSeqId"], row["seqId"]) for _, row in pushes]
    book = merged(pushes)
    rest = here.exchange.market.book("BTC-USDT", depth)

    assert [action for action, _ in pushes[:2]] == ["snapshot", "update"]
    assert len(pushes) > 50
    assert chain[0][0] == -1
    assert all(b[0] == a[1] < b[1] for a, b in itertools.pairwise(chain))
    assert all(int(row["ts"]) % 10 == 0 for _, row in pushes[1:])
    assert {row["checksum"] for _, row in pushes} == {0}
    assert {side: as_levels(book[side]) for side in book} == {
        side: rest[side] for side in book
    }


@pytest.mark.parametrize("arg", [DEEP, FIFTY], ids=lambda arg: arg["channel"])
def test_legacy_checksum_of_tick_by_tick_books(arg):
    """In legacy mode each row carries the checksum of the book so far."""
    here = client(checksum="legacy")
    pushes = books(here.subscribe(arg) + here.after(1_000), arg["channel"])

    assert len(pushes) > 10
    for count, (_, row) in enumerate(pushes, 1):
        book = merged(pushes[:count])
        sides = [as_levels(book[side])[:25] for side in ("bids", "asks")]
        pairs = itertools.zip_longest(*sides, fillvalue=[])
        text = ":".join(part for pair in pairs for side in pair for part in side[:2])
        assert row["checksum"] == book_checksum(text)


def test_a_late_reader_of_a_tick_by_tick_book_joins_in():
    """A second reader's snapshot joins the updates that both get."""
    first = client()
    first.subscribe(DEEP)
    first.after(1_234)
    second = AccountClient(first.exchange, "public")
    second.login()
    ((_, snapshot),) = books(second.subscribe(DEEP), "books-l2-tbt")
    theirs = books(second.after(500), "books-l2-tbt")
    ours = books(first.frames(), "books-l2-tbt")

    assert ours == theirs
    assert theirs[0][1]["prevSeqId"] == snapshot["seqId"]


def test_rpi_books_are_books_with_more_in_them():
    """The same sequence, prices and organic sizes as books; more where RPI orders are."""
    here = client()
    frames = here.subscribe(BOOKS, RPI) + here.after(3_000)
    plain, rpi = (books(frames, name) for name in ("books", "books-rpi"))

    assert len(plain) == len(rpi) > 5
    for (action, row), (rpi_action, rpi_row) in zip(plain, rpi, strict=True):
        assert action == rpi_action
        assert "checksum" not in rpi_row
        assert [row[k] for k in ("ts", "seqId", "prevSeqId")] == [
            rpi_row[k] for k in ("ts", "seqId", "prevSeqId")
        ]
        for side in ("asks", "bids"):
            assert [(px, sz) for px, sz, *_ in row[side]] == [
                (px, organic) for px, _, organic, _ in rpi_row[side]
            ]
    levels = [level for _, row in rpi for level in row["asks"]]
    improved = [level for level in levels if level[1] != level[2]]
    assert 0 < len(improved) < len(levels)
    assert all(float(total) > float(organic) for _, total, organic, _ in improved)


def test_rpi_books_take_the_fault_of_books():
    """A push can be left out of any book that comes in updates."""
    here = client()
    pushes = books(here.subscribe(RPI), "books-rpi")
    here.exchange.faults.skip_seq("BTC-USDT", channel="books-rpi")
    pushes += books(here.after(2_000), "books-rpi")
    chain = [(row["prevSeqId"], row["seqId"]) for _, row in pushes]
    joins = [b[0] == a[1] for a, b in itertools.pairwise(chain)]

    assert joins == [False] + [True] * (len(joins) - 1)


def test_pushes_that_name_the_channel_alone():
    """Block tickers and event markets say in their rows what they are about."""
    here = client("business")
    (ack, push) = here.subscribe(BLOCKS)
    events = client(instruments=1)
    events.subscribe({"channel": "event-contract-markets", "instType": "EVENTS"})
    changes = events.after(15 * 60_000)

    assert ack["arg"] == BLOCKS
    assert push["arg"] == {"channel": "block-tickers"}
    assert push["data"][0]["instId"] == "BTC-USDT"
    assert changes
    assert {str(frame["arg"]) for frame in changes} == {
        "{'channel': 'event-contract-markets'}"
    }


def test_what_has_expired_can_be_let_go():
    """Who holds a channel of a contract that is over can still unsubscribe."""
    here = client(instruments=1)
    timetable = make_timetable(7, here.exchange.market)
    listed = timetable.opening("instruments", "EVENTS").rows
    event = min(listed, key=lambda row: row["expTime"])
    arg = {"channel": "estimated-price", "instType": "EVENTS"}
    arg["instId"] = event["instId"]
    here.subscribe(arg)
    forming = rows(here.after(600_000), "estimated-price")
    (error,) = AccountClient(here.exchange, "public").subscribe(arg)
    (ack,) = here.send({"op": "unsubscribe", "args": [arg]})

    assert forming
    assert error["code"] == "60018"
    assert ack["event"] == "unsubscribe"


def test_the_calendar_is_for_members():
    """Login and VIP1, on the business path."""
    arg = {"channel": "economic-calendar"}
    stranger = AccountClient(Exchange(7, start_ms=START), "business")
    novice = client("business", accounts=[Account(tier=0)])
    member = client("business", instruments=1)
    member.subscribe(arg)

    assert stranger.subscribe(arg)[0]["code"] == "60011"
    assert novice.subscribe(arg)[0]["code"] == "64003"
    assert rows(member.after(600_000), "economic-calendar")
