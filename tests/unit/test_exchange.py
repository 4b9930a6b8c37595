"""The exchange without sockets: subscriptions, pushes, faults, virtual time."""

from __future__ import annotations

import itertools
import json
import zlib
from decimal import Decimal

import pytest

from okxlab.protocol.asked import ServerSettings
from okxlab.protocol.channels import CHANNELS
from okxlab.simulator.checksum import book_checksum
from okxlab.simulator.exchange import Exchange

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC
BOOKS = {"channel": "books", "instId": "BTC-USDT"}
TICKERS = {"channel": "tickers", "instId": "BTC-USDT"}
TRADES = {"channel": "trades", "instId": "BTC-USDT"}


class Client:
    """A connection to an exchange, with a clock that follows virtual time."""

    def __init__(self, exchange, path="public"):
        self.exchange = exchange
        self.link = exchange.connect(path, 0.0)

    def send(self, text, now=0.0):
        self.exchange.receive(self.link, text, now)
        return self.texts()

    def subscribe(self, *args, **more):
        return self.send(json.dumps({"op": "subscribe", "args": args, **more}))

    def unsubscribe(self, *args):
        return self.send(json.dumps({"op": "unsubscribe", "args": args}))

    def texts(self):
        return [
            json.loads(frame) if frame[:1] == "{" else frame
            for frame in self.link.frames_to_send()
        ]

    def after(self, ms):
        """Move virtual time and return what came."""
        exchange = self.exchange
        exchange.advance(exchange.market.now_ms + ms, 0.0)
        return self.texts()


def _exchange(**more):
    return Exchange(7, start_ms=START, **more)


def _client(path="public", **more):
    return Client(_exchange(**more), path)


def _of(frames, channel):
    return [f for f in _pushes(frames) if f["arg"]["channel"] == channel]


def _pushes(frames):
    return [f for f in frames if "data" in f]


def _events(frames):
    return [f["event"] for f in frames if "event" in f]


def _keys(entry):
    values = {
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP" if "SWAP" in entry.inst_types else entry.inst_types[0],
        "instFamily": "BTC-USD" if entry.name.startswith("opt") else "BTC-USDT",
        "sprdId": "BTC-USDT_BTC-USDT-SWAP",
        "algoId": "1",
    }
    if entry.inst_id_is == "index":
        values["instId"] = "BTC-USDT"
    return {key: values[key] for key in (*entry.required, *entry.either[-1:])}


OPEN = [entry for entry in CHANNELS if not entry.login]
"""What needs no login."""
SILENT = {
    "liquidation-orders",
    "estimated-price",
    "event-contract-markets",
    "public-block-trades",
    "public-struc-block-trades",
}
"""Channels that begin with nothing, or with nothing at this time of the day."""
BARE = {"block-tickers", "event-contract-markets"}
"""Channels whose pushes name the channel alone."""


@pytest.mark.parametrize(
    "entry",
    [entry for entry in CHANNELS if entry.login],
    ids=lambda entry: entry.name,
)
def test_what_needs_a_login_is_refused_without(entry):
    """Private channels and tick-by-tick books are for who has logged in."""
    arg = {"channel": entry.names[0], **_keys(entry)}
    (answer,) = _client(entry.path).subscribe(arg)

    assert answer["code"] == "60011"


@pytest.mark.parametrize("entry", OPEN, ids=lambda entry: entry.name)
def test_every_open_channel_can_be_had(entry):
    """Each channel is acknowledged, and its first push follows."""
    arg = {"channel": entry.name + ("1m" if entry.bars else ""), **_keys(entry)}
    ack, *rest = _client(entry.path).subscribe(arg)
    named = {"channel": entry.name} if entry.name in BARE else arg

    assert (ack["event"], ack["arg"]) == ("subscribe", arg)
    assert all(push["arg"] == named for push in rest)
    assert all(isinstance(push["data"], list) for push in rest)
    assert len(rest) == (0 if entry.name in SILENT else 1)


def test_connection_ids():
    """Connection ids are 8 hex digits, all different, the same for one seed."""
    ids = [
        [here.connect("public", 0.0).session.conn_id for _ in range(3)]
        for here in (_exchange(), _exchange())
    ]

    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3
    assert all(len(i) == 8 and int(i, 16) >= 0 for i in ids[0])


def test_no_action_but_on_books():
    """Only books have an action: a snapshot first, updates then."""
    here = _client()
    frames = _pushes(here.subscribe(BOOKS, TICKERS, TRADES)) + _pushes(here.after(1000))
    actions = [frame.get("action") for frame in _of(frames, "books")]

    assert actions[0] == "snapshot"
    assert set(actions[1:]) == {"update"}
    assert all("action" not in f for f in frames if f["arg"]["channel"] != "books")


def test_updates_follow_the_snapshot():
    """A snapshot has prevSeqId -1, and each update follows the message before."""
    here = _client()
    rows = [f["data"][0] for f in _of(here.subscribe(BOOKS), "books")]
    rows += [f["data"][0] for f in _of(here.after(2000), "books")]
    chain = [(row["prevSeqId"], row["seqId"]) for row in rows]

    assert len(rows) > 3
    assert chain[0][0] == -1
    assert all(b[0] == a[1] for a, b in itertools.pairwise(chain))


def test_snapshot_in_the_middle_of_a_period():
    """A snapshot between two updates joins on to the next one all the same."""
    here = _client()
    here.after(150)
    (snapshot,) = _of(here.subscribe(BOOKS), "books")
    update = _of(here.after(2000), "books")[0]

    assert update["data"][0]["prevSeqId"] == snapshot["data"][0]["seqId"]


def test_late_subscriber_gets_the_same_updates():
    """A second reader's snapshot joins the updates that both get."""
    here = _exchange()
    first, second = Client(here), Client(here)
    first.subscribe(BOOKS)
    first.after(350)
    (snapshot,) = _of(second.subscribe(BOOKS), "books")
    ours, theirs = _of(first.after(1000), "books"), _of(second.texts(), "books")

    assert ours == theirs
    assert theirs[0]["data"][0]["prevSeqId"] == snapshot["data"][0]["seqId"]


def test_second_subscribe_is_acknowledged_only():
    """A second subscribe brings an ack, and neither a snapshot nor a second stream."""
    here = _client()
    here.subscribe(TRADES)
    again = here.subscribe(TRADES)
    ids = [f["data"][0]["tradeId"] for f in _of(here.after(3000), "trades")]

    assert _events(again) == ["subscribe"]
    assert _pushes(again) == []
    assert ids
    assert len(ids) == len(set(ids))


def test_subscribing_anew_brings_a_new_snapshot():
    """After an unsubscribe nothing comes; subscribing again starts with a snapshot."""
    here = _client()
    here.subscribe(BOOKS)
    here.unsubscribe(BOOKS)
    silence = here.after(1000)
    (snapshot,) = _of(here.subscribe(BOOKS), "books")

    assert silence == []
    assert snapshot["action"] == "snapshot"
    assert snapshot["data"][0]["prevSeqId"] == -1


def test_one_reader_leaving_does_not_end_it_for_another():
    """A channel goes on for those who still listen."""
    here = _exchange()
    first, second = Client(here), Client(here)
    first.subscribe(TRADES)
    second.subscribe(TRADES)
    first.unsubscribe(TRADES)
    came = second.after(3000)

    assert _of(came, "trades")
    assert first.texts() == []


def test_disconnected_client_is_forgotten():
    """After a disconnect nothing is queued for it, and nobody is watching."""
    here = _client()
    here.subscribe(TRADES)
    here.exchange.disconnect(here.link)
    here.exchange.disconnect(here.link)

    assert here.after(1000) == []
    assert not here.exchange.is_watched
    assert here.exchange.links == ()


@pytest.mark.parametrize("arg", [BOOKS, TRADES, TICKERS])
def test_unknown_instrument(arg):
    """An instrument that does not exist is refused with 60018 and its id."""
    (error,) = _client().subscribe({**arg, "instId": "NOPE-USDT"}, id="1")

    assert (error["event"], error["code"], error["id"]) == ("error", "60018", "1")
    assert f"channel:{arg['channel']},instId:NOPE-USDT doesn't exist" in error["msg"]


def test_unsubscribe_of_an_unknown_instrument():
    """Nor can one let go of what does not exist."""
    (error,) = _client().unsubscribe({**BOOKS, "instId": "NOPE-USDT"})

    assert error["code"] == "60018"


def test_swap_id_is_no_index():
    """An index channel wants the index, not the swap."""
    arg = {"channel": "index-candle1m", "instId": "BTC-USDT-SWAP"}
    (error,) = _client("business").subscribe(arg)

    assert error["code"] == "60018"


def test_no_funding_of_a_spot_pair():
    """A spot pair has no funding rate."""
    (error,) = _client().subscribe({"channel": "funding-rate", "instId": "BTC-USDT"})

    assert error["code"] == "60018"


def test_login_without_accounts():
    """Where there are no accounts, every key is unknown."""
    (error,) = _client("private").send(
        json.dumps({"op": "login", "args": [{"apiKey": "k", "timestamp": 1}]})
    )

    assert (error["event"], error["code"]) == ("error", "60005")


def test_same_calls_same_bytes():
    """Two exchanges of one seed, fed the same, send the same bytes."""
    sent = []
    for _ in range(2):
        here = _exchange(checksum="legacy")
        links = [here.connect(path, 0.0) for path in ("public", "business")]
        for step in range(20):
            here.receive(links[0], json.dumps({"op": "subscribe", "args": [BOOKS]}), 0)
            here.receive(
                links[1],
                '{"op":"subscribe","args":[{"channel":"candle1m","instId":"ETH-USDT"},'
                '{"channel":"trades-all","instId":"BTC-USDT"}]}',
                0.0,
            )
            here.receive(links[step % 2], "ping", 0.0)
            here.advance(START + 330 * (step + 1), 0.0)
        sent.append([link.frames_to_send() for link in links])

    assert sent[0] == sent[1]
    assert sum(map(len, sent[0])) > 60


def test_steps_do_not_matter():
    """Advancing in one step or in many sends the same bytes."""
    sent = []
    for step in (50, 1000):
        here = _client()
        here.subscribe(BOOKS, TICKERS, TRADES)
        for to_ms in range(START + step, START + 3001, step):
            here.exchange.advance(to_ms, 0.0)
        sent.append(here.link.frames_to_send())

    assert sent[0] == sent[1]


def test_another_seed_another_market():
    """Another seed makes other prices."""
    rows = [
        Client(Exchange(seed, start_ms=START)).subscribe(BOOKS)[1]["data"]
        for seed in (1, 2)
    ]

    assert rows[0] != rows[1]


def test_checksum_zero():
    """By default every checksum is 0, as on OKX since June 2026."""
    here = _client()
    frames = _of(here.subscribe(BOOKS) + here.after(1000), "books")

    assert {frame["data"][0]["checksum"] for frame in frames} == {0}


def _merge(book, row):
    """Merge a push into a plain dict for each side, as OKX describes it."""
    for side, levels in book.items():
        for px, sz, _, orders in row[side]:
            levels[px] = (sz, orders)
            if sz == "0":
                del levels[px]


def test_merged_updates_are_the_book():
    """Snapshot and updates, merged, are the book that REST and a newcomer get."""
    here = _client()
    book = {"asks": {}, "bids": {}}
    for frame in _of(here.subscribe(BOOKS) + here.after(20_000), "books"):
        _merge(book, frame["data"][0])
    rest = here.exchange.market.book("BTC-USDT")

    assert {
        side: [[px, sz, "0", orders] for px, (sz, orders) in levels.items()]
        for side, levels in _sorted(book).items()
    } == {side: rest[side] for side in book}


def _sorted(book):
    """Return a book with the best level of each side first."""
    return {
        "asks": dict(sorted(book["asks"].items(), key=lambda level: Decimal(level[0]))),
        "bids": dict(
            sorted(book["bids"].items(), key=lambda level: -Decimal(level[0]))
        ),
    }


def test_checksum_legacy():
    """In legacy mode the checksum is that of the book merged so far."""
    here = _client(checksum="legacy")
    frames = _of(here.subscribe(BOOKS) + here.after(3000), "books")
    book = {"asks": {}, "bids": {}}
    for frame in frames:
        (row,) = frame["data"]
        _merge(book, row)

        assert max(map(len, book.values())) <= 400
        assert row["checksum"] == _merged_checksum(book)

    assert len(frames) > 10


def _merged_checksum(book):
    bids, asks = (list(_sorted(book)[side].items())[:25] for side in ("bids", "asks"))
    parts = []
    for i in range(25):
        parts += [*bids[i : i + 1], *asks[i : i + 1]]
    crc = zlib.crc32(":".join(f"{px}:{sz}" for px, (sz, _) in parts).encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def test_checksum_is_signed():
    """The checksum is a signed CRC-32: the check values of that algorithm."""
    pangram = "The quick brown fox jumps over the lazy dog"

    assert book_checksum("123456789") == 0xCBF43926 - (1 << 32)
    assert book_checksum(pangram) == 0x414FA339


def test_checksum_of_another_kind():
    """Only the two kinds there are can be asked for."""
    with pytest.raises(ValueError, match="legacy"):
        _exchange(checksum="md5")


def test_silent_connection_is_closed():
    """Without a frame for the idle time the connection ends with 4004."""
    here = _client(settings=ServerSettings(idle_timeout=5.0))
    due = here.exchange.next_deadline()
    here.exchange.handle_deadlines(4.9)
    before = here.link.is_ending
    here.exchange.handle_deadlines(5.0)

    assert due == 5.0
    assert not before
    assert here.link.session.closing.code == 4004
    assert here.exchange.links == ()
    assert here.exchange.next_deadline() is None


def test_slow_reader_is_closed():
    """What waits for a slow reader is bounded: it is closed with 4005."""
    here = _client(queue_limit=60_000)
    for _ in range(3):
        here.exchange.receive(
            here.link, json.dumps({"op": "subscribe", "args": [BOOKS]}), 0.0
        )
        here.exchange.receive(
            here.link, json.dumps({"op": "unsubscribe", "args": [BOOKS]}), 0.0
        )

    assert here.link.session.closing.code == 4005
    assert here.link.frames_to_send() == []
    assert here.link.waiting == 0
    assert not here.exchange.is_watched


def test_waiting_is_counted_down():
    """What was handed to the socket no longer counts as waiting."""
    here = _client()
    here.exchange.receive(here.link, "ping", 0.0)
    before = here.link.waiting
    frame = here.link.next_frame()

    assert (before, frame, here.link.waiting) == (4, "pong", 0)
    assert here.link.next_frame() is None


# Faults


def test_mute_pongs():
    """Muted pings get no answer; after the count they do again."""
    here = _client()
    fault = here.exchange.faults.mute_pongs(count=1)

    assert [here.send("ping"), here.send("ping")] == [[], ["pong"]]
    assert fault.hits == 1
    assert not fault.is_armed


def test_mute_pongs_of_another_path():
    """A fault for another path leaves this one alone."""
    here = _client("business")
    with here.exchange.faults.mute_pongs(path="public") as fault:
        assert here.send("ping") == ["pong"]

    assert not fault.is_armed


def test_fault_as_context():
    """Leaving the block lifts the fault."""
    here = _client()
    with here.exchange.faults.mute_pongs():
        assert here.send("ping") == []

    assert here.send("ping") == ["pong"]


def test_clear_lifts_all():
    """Clearing lifts every armed fault."""
    faults = _exchange().faults
    armed = [faults.mute_pongs(), faults.duplicate()]
    before = faults.armed
    faults.clear()

    assert set(before) == set(armed)
    assert faults.armed == ()


def test_fault_that_would_never_strike():
    """A count below 1 is refused."""
    with pytest.raises(ValueError, match="count=0"):
        _exchange().faults.mute_pongs(count=0)


def test_repr_of_a_fault():
    """A fault says what it is and how it stands."""
    faults = _exchange().faults
    fault = faults.skip_seq("BTC-USDT")

    assert repr(fault) == "<ArmedFault skip_seq: 0 hits, 1 to go>"
    fault.lift()
    fault.lift()
    assert repr(fault) == "<ArmedFault skip_seq: 0 hits, off>"
    assert repr(faults.half_open()) == "<ArmedFault half_open: 0 hits, until lifted>"


def test_delayed_ack():
    """A delayed ack comes after the data, when its time has come."""
    here = _client()
    here.exchange.faults.delay_acks(2.0, channel="trades")
    at_once = here.subscribe(TICKERS, TRADES)
    here.exchange.handle_deadlines(1.9)
    early = here.texts()
    here.exchange.handle_deadlines(2.0)

    assert _events(at_once) == ["subscribe"]
    assert _of(at_once, "trades")
    assert early == []
    assert [ack["arg"] for ack in here.texts()] == [TRADES]


def test_ack_after_pushes():
    """An ack may be held back until some data have come."""
    here = _client()
    here.exchange.faults.delay_acks(pushes=3)
    frames = here.subscribe(BOOKS) + here.after(1000)
    kinds = ["ack" if "event" in frame else "push" for frame in frames]

    assert kinds[:4] == ["push", "push", "push", "ack"]


def test_delayed_ack_of_a_connection_that_went():
    """An ack that waits for a connection that is gone is forgotten with it."""
    here = _client()
    here.exchange.faults.delay_acks(2.0)
    here.subscribe(TRADES)
    here.exchange.disconnect(here.link)

    assert here.exchange.next_deadline() is None


def test_withheld_ack():
    """A lost request is not answered, and nothing is subscribed."""
    here = _client()
    here.exchange.faults.withhold_acks(count=1)
    lost, found = here.subscribe(TRADES), here.subscribe(TRADES)

    assert lost == []
    assert _events(found) == ["subscribe"]
    assert _pushes(found)


def test_withheld_ack_with_data():
    """The ack alone may be lost, while data come."""
    here = _client()
    here.exchange.faults.withhold_acks(data=True)
    frames = here.subscribe(TRADES)
    here.unsubscribe(TRADES)

    assert _events(frames) == []
    assert _pushes(frames)
    assert here.after(3000) == []


def test_refused_ack():
    """A subscription is refused with the code asked for."""
    here = _client()
    here.exchange.faults.refuse_acks("64003", "too low", count=1)
    (error,) = here.subscribe(TRADES)

    assert (error["code"], error["msg"]) == ("64003", "too low")
    assert here.after(3000) == []


def test_refusal_after_the_ack():
    """An ack may be followed by a refusal; the subscription is off again."""
    here = _client()
    here.subscribe(TRADES)
    here.exchange.faults.refuse_acks("60011", after_ack=True)

    assert _events(here.subscribe(TRADES)) == ["subscribe", "error"]
    assert here.after(3000) == []


def test_skipped_sequence_number():
    """One lost update breaks the chain once, and the next ones follow again."""
    here = _client()
    here.subscribe(BOOKS)
    here.exchange.faults.skip_seq("BTC-USDT")
    rows = [f["data"][0] for f in _of(here.after(2000), "books")]
    (snapshot,) = _of(Client(here.exchange).subscribe(BOOKS), "books")
    joins = [b["prevSeqId"] == a["seqId"] for a, b in itertools.pairwise(rows)]

    assert all(joins)
    assert rows[-1]["seqId"] == snapshot["data"][0]["seqId"]
    assert here.exchange.faults.armed == ()


def test_reset_sequence():
    """One update has a small id and the id of the one before; then they go on."""
    here = _client()
    here.subscribe(BOOKS, TRADES)
    before = _pushes(here.after(2000))
    hit = here.exchange.faults.reset_seq("BTC-USDT")
    after = _pushes(here.after(3000))
    last = _of(before, "books")[-1]["data"][0]["seqId"]
    rows = [f["data"][0] for f in _of(after, "books")]
    (book,) = _of(Client(here.exchange).subscribe(BOOKS), "books")

    assert hit == 1
    assert rows[0]["prevSeqId"] == last
    assert 0 <= rows[0]["seqId"] < 1000 < last
    assert all(b["prevSeqId"] == a["seqId"] for a, b in itertools.pairwise(rows))
    assert rows[-1]["seqId"] == book["data"][0]["seqId"] > rows[0]["seqId"]
    assert _of(after, "trades")[-1]["data"][0]["seqId"] <= rows[-1]["seqId"]


def test_reset_sequence_of_a_spread_and_of_nothing():
    """Spreads have sequences of their own; what there is not has none."""
    here = _client("business")
    sprd_id = "BTC-USDT_BTC-USDT-SWAP"
    here.subscribe({"channel": "sprd-books-l2-tbt", "sprdId": sprd_id})
    faults = here.exchange.faults

    assert faults.reset_seq(sprd_id) == 1
    assert faults.reset_seq("NOPE-USDT") == 0
    row = here.after(5000)[0]["data"][0]
    assert row["seqId"] < row["prevSeqId"]


def test_duplicate():
    """A push may come twice."""
    here = _client()
    here.subscribe(TRADES)
    here.exchange.faults.duplicate("BTC-USDT", channel="trades")
    first, second, *_ = _of(here.after(5000), "trades")

    assert first == second


def test_stop_pushing():
    """Data stop, while pings are answered; afterwards they come again."""
    here = _client()
    here.subscribe(TRADES)
    with here.exchange.faults.stop_pushing() as fault:
        held = here.after(3000)
        pong = here.send("ping")

    assert held == []
    assert pong == ["pong"]
    assert fault.hits > 0
    assert _of(here.after(3000), "trades")


def test_half_open():
    """Nothing at all gets out, nor does anything behind what was lost."""
    here = _client()
    untouched = Client(here.exchange, "public")
    here.subscribe(TRADES)
    with here.exchange.faults.half_open(path="public"):
        assert here.after(3000) == []
        assert here.send("ping") == []

    assert here.send("ping") == []
    assert untouched.send("ping") == ["pong"]


def test_drop():
    """Dropped connections are broken at once, those of the path only."""
    here = _exchange()
    public, business = Client(here), Client(here, "business")
    public.subscribe(TRADES)
    hit = here.faults.drop(path="public")
    public.after(3000)

    assert hit == 1
    assert public.link.is_aborted
    assert public.link.frames_to_send() == []
    assert not business.link.is_aborted
    assert here.links == (business.link,)


def test_close():
    """A close carries its code."""
    here = _client()

    assert here.exchange.faults.close(4008, "too many") == 1
    assert here.link.session.closing.code == 4008


def test_notice_and_then_a_close():
    """A service notice may be followed by a close."""
    here = _client()
    here.exchange.handle_deadlines(10.0)
    hit = here.exchange.faults.notice(close_after=2.0)
    (notice,) = here.texts()
    here.exchange.handle_deadlines(12.0)

    assert hit == 1
    assert (notice["event"], notice["code"]) == ("notice", "64008")
    assert here.link.session.closing.code == 1001


def test_notice_without_a_close():
    """By default the connection stays."""
    here = _client()
    here.exchange.faults.notice()

    assert here.exchange.next_deadline() == 30.0


@pytest.mark.parametrize(
    "name", ["malformed", "binary", "unknown_event", "unknown_channel"]
)
def test_odd_frames(name):
    """Odd frames reach every connection that is open."""
    here = _client()
    hit = getattr(here.exchange.faults, name)()
    (frame,) = here.link.frames_to_send()

    assert hit == 1
    assert isinstance(frame, bytes if name == "binary" else str)


def test_malformed_is_no_json():
    """A malformed frame cannot be decoded."""
    here = _client()
    here.exchange.faults.malformed()
    (frame,) = here.link.frames_to_send()

    with pytest.raises(json.JSONDecodeError):
        json.loads(frame)


def test_big_frame():
    """A big frame is as big as asked, and JSON all the same."""
    here = _client()
    here.exchange.faults.big_frame(12_345)
    (frame,) = here.link.frames_to_send()

    assert len(frame) == 12_345
    assert json.loads(frame)["event"] == "padding"


def test_frames_of_ones_own_to_some():
    """A frame of any content reaches only those who listen to an instrument."""
    here = _exchange()
    first, second = Client(here), Client(here)
    first.subscribe(TRADES)
    second.subscribe(TICKERS)
    hit = here.faults.send("{}", channel="trades", inst_id="BTC-USDT")

    assert hit == 1
    assert first.texts() == [{}]
    assert second.texts() == []


def test_fault_nowhere():
    """Without an exchange there is nothing to hit."""
    here = _exchange()
    here.faults.attach(None)

    assert here.faults.drop() == 0
