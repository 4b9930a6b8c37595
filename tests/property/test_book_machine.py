"""Any history of a book, lawful or not, against a dictionary.

The exchange side is a dictionary for each side and a number; the rule that the
client must follow is written out once more, as plainly as it goes: a level of
size 0 deletes, an id that does not follow makes the book bad until a snapshot.
"""

from __future__ import annotations

import hypothesis.strategies as st
import msgspec
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from okxlab.book import OrderBook
from okxlab.book.checksum import Texts, checksum
from okxlab.protocol.rows import BookUpdate, RpiBookUpdate, SpreadBookUpdate

KINDS = {
    BookUpdate: lambda px, sz: [px, sz, "0", "1"],
    RpiBookUpdate: lambda px, sz: [px, sz, sz, "1"],
    SpreadBookUpdate: lambda px, sz: [px, sz, "1"],
}
# Few prices, so that changes meet one another; below 0 as spreads have them.
PRICES = [f"{tick / 4:g}" for tick in range(-12, 13)]
SIZES = ["0", "1", "2.50", "0.00000001", "1e3"]

levels = st.dictionaries(st.sampled_from(PRICES), st.sampled_from(SIZES), max_size=10)


class BookMachine(RuleBasedStateMachine):
    """An exchange, a wire that loses and repeats, and the two clients."""

    def __init__(self) -> None:
        super().__init__()
        self.sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.seq = 10
        self.ts = 1_000_000
        self.kind = BookUpdate
        self.sent: list[tuple[dict, str]] = []
        # What the plain rule makes of it.
        self.last: int | None = None
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.tears = 0

    @initialize(kind=st.sampled_from(list(KINDS)), checked=st.booleans())
    def begin(self, kind, checked):
        """Choose the kind of book, and whether it carries a checksum."""
        self.kind = kind
        self.checked = checked
        self.book = OrderBook()

    # The exchange.

    def change(self, bids, asks, seq):
        """Let the exchange's book change, and return the message of it."""
        for side, changed in zip(self.sides, (bids, asks), strict=True):
            for px, sz in changed.items():
                side.pop(px, None)
                if sz != "0":
                    side[px] = sz
        previous, self.seq = self.seq, seq
        return self.message(bids, asks, previous), "update"

    def message(self, bids, asks, prev):
        """Return a wire row."""
        self.ts += 100
        level = KINDS[self.kind]
        texts = [
            [(px, side[px]) for px in sorted(side, key=float)] for side in self.sides
        ]
        return {
            "bids": [level(px, sz) for px, sz in bids.items()],
            "asks": [level(px, sz) for px, sz in asks.items()],
            "ts": str(self.ts),
            "seqId": self.seq,
            "prevSeqId": prev,
            "checksum": checksum(texts[0][::-1], texts[1]) if self.checked else 0,
        }

    # The wire.

    def deliver(self, wire, action):
        """Hand a message to both clients."""
        row = msgspec.convert(wire, self.kind, strict=False)
        texts = msgspec.convert(wire, Texts)
        self.book.apply(row, action, texts if self.checked else None)
        self.follow(wire, action)

    def follow(self, wire, action):
        """Apply the plain rule."""
        if action == "snapshot":
            self.bids, self.asks = {}, {}
        elif self.last is None:
            return
        elif wire["prevSeqId"] != self.last:
            self.last, self.bids, self.asks = None, {}, {}
            self.tears += 1
            return
        for mine, changed in ((self.bids, wire["bids"]), (self.asks, wire["asks"])):
            for px, sz, *_ in changed:
                mine.pop(float(px), None)
                if float(sz):
                    mine[float(px)] = float(sz)
        self.last = wire["seqId"]

    @rule()
    def snapshot(self):
        """Subscribe, or subscribe again: the whole book comes."""
        self.sent.clear()
        self.deliver(self.message(*self.sides, -1), "snapshot")

    @rule(bids=levels, asks=levels, step=st.integers(1, 300))
    def update(self, bids, asks, step):
        """Change the book, and hear of it."""
        self.sent.append(self.change(bids, asks, self.seq + step))
        self.deliver(*self.sent[-1])

    @rule(bids=levels, asks=levels, step=st.integers(1, 300))
    def lose(self, bids, asks, step):
        """Change the book, and hear nothing."""
        self.sent.append(self.change(bids, asks, self.seq + step))

    @rule()
    def keep_alive(self):
        """Hear that nothing happens."""
        self.deliver(self.message({}, {}, self.seq), "update")

    @rule(bids=levels, asks=levels, seq=st.integers(0, 9))
    def reset(self, bids, asks, seq):
        """Begin the ids anew."""
        # One that came that late could have the ids of a newer one, and no client
        # could tell.
        self.sent.clear()
        self.sent.append(self.change(bids, asks, seq))
        self.deliver(*self.sent[-1])

    @rule()
    def repeat(self):
        """Hear the last update twice."""
        if self.sent:
            self.deliver(*self.sent[-1])

    @rule(data=st.data())
    def hear_late(self, data):
        """Hear an old update again, as after an unsubscribe."""
        if self.sent:
            self.deliver(*data.draw(st.sampled_from(self.sent)))

    @rule()
    def disconnect(self):
        """Lose the connection."""
        self.book.tear("connection lost")
        self.tears += self.last is not None
        self.last, self.bids, self.asks = None, {}, {}

    # What must hold.

    @invariant()
    def book_is_the_dictionary(self):
        """Level by level the same, best first; nothing at all while it is bad."""
        found = self.book.read()

        expected_bids = sorted(self.bids.items(), reverse=True)
        expected_asks = sorted(self.asks.items())
        assert (self.last is not None) == self.book.is_synced
        assert expected_bids == [(level.px, level.sz) for level in found.bids]
        assert expected_asks == [(level.px, level.sz) for level in found.asks]
        assert self.last == self.book.seq_id
        assert self.tears == self.book.tears

    @invariant()
    def a_synced_book_is_the_exchanges(self):
        """Who says synced at the exchange's own id has the exchange's book."""
        if not self.book.is_synced or self.book.seq_id != self.seq:
            return
        found = self.book.read()
        for side, held in zip(self.sides, (found.bids, found.asks), strict=True):
            exchange = {float(px): float(sz) for px, sz in side.items()}
            assert exchange == {level.px: level.sz for level in held}

    @invariant()
    def top_is_the_first_level(self):
        """The published top and the levels are one book."""
        found = self.book.read(1)

        assert self.book.best_bid == (found.bids[0].px if found.bids else None)
        assert self.book.best_ask == (found.asks[0].px if found.asks else None)


class JoinMachine(RuleBasedStateMachine):
    """A torn book that is brought back by snapshots which come late, by REST."""

    def __init__(self) -> None:
        super().__init__()
        self.side: dict[str, str] = {}
        self.seq = 10
        self.ts = 1_000_000
        self.past: list[dict] = []
        self.book = OrderBook()
        self.save(-1)

    def save(self, prev):
        """Remember the whole book as REST would answer with it from now on."""
        level = KINDS[BookUpdate]
        self.past.append(
            {
                "bids": [level(px, sz) for px, sz in self.side.items()],
                "asks": [],
                "ts": str(self.ts),
                "seqId": self.seq,
                "prevSeqId": prev,
            }
        )

    @rule(changed=levels, step=st.integers(1, 5), heard=st.integers(0, 3))
    def update(self, changed, step, heard):
        """Change the book; one message in four is lost."""
        for px, sz in changed.items():
            self.side.pop(px, None)
            if sz != "0":
                self.side[px] = sz
        previous, self.seq = self.seq, self.seq + step
        self.ts += 100
        self.save(previous)
        if heard:
            level = KINDS[BookUpdate]
            wire = self.past[-1] | {
                "bids": [level(px, sz) for px, sz in changed.items()]
            }
            self.book.apply(msgspec.convert(wire, BookUpdate, strict=False), "update")

    @rule(age=st.integers(0, 6))
    def answer(self, age):
        """Answer with a book that is some updates old."""
        wire = self.past[max(len(self.past) - 1 - age, 0)]
        self.book.join(msgspec.convert(wire, BookUpdate, strict=False))

    @invariant()
    def a_synced_book_is_a_book_of_the_past(self):
        """Who says synced has the exchange's book of that very id."""
        if not self.book.is_synced:
            assert self.book.read().bids == []
            return
        seq_id = self.book.seq_id
        wire = next(wire for wire in self.past if wire["seqId"] == seq_id)
        found = {level.px: level.sz for level in self.book.read().bids}

        assert {float(px): float(sz) for px, sz, *_ in wire["bids"]} == found


TestBook = BookMachine.TestCase
TestJoin = JoinMachine.TestCase
