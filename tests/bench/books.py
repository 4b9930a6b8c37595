"""Order books: what an update costs, and what reading costs."""

from __future__ import annotations

import json
import random
from itertools import cycle

import orjson

from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import channel
from okxlab.protocol.session import ClientSession
from okxlab.stream.book_tape import BookTape
from okxlab.table import parse_window
from tests.bench.figures import Figure, ratio

ARG = Arg("books", instId="BTC-USDT")
LEVELS = 400
CHANGED = 27
"""Levels of an update, both sides together."""
UPDATES = 400
MIDDLE = 670_000
"""Price between the sides [tenths]."""
_RECV_US = 1_790_000_000_000_000


def corpus(seed: int = 1) -> list[str]:
    """Return a snapshot and updates that follow one another, and then the first.

    Most changes are of a size, near the top; some levels come and go.
    """
    draw = random.Random(seed)
    sides = {
        "bids": {MIDDLE - 1 - step: _size(draw) for step in range(LEVELS)},
        "asks": {MIDDLE + step: _size(draw) for step in range(LEVELS)},
    }
    texts = [_text(draw, sides, 1, -1, "snapshot")]
    for seq in range(2, UPDATES + 2):
        counts = (CHANGED // 2, CHANGED - CHANGED // 2)
        changed = {
            name: _change(draw, levels, name, count)
            for (name, levels), count in zip(sides.items(), counts, strict=True)
        }
        texts.append(_text(draw, changed, seq, seq - 1, "update"))
    return texts


def _size(draw: random.Random) -> str:
    return f"{draw.random() * 3:.8f}"


def _change(draw, levels, name, count):
    sign = -1 if name == "bids" else 1
    changed = {}
    places = sorted(levels, reverse=sign < 0)
    while len(changed) < count:
        px = places[min(int(draw.expovariate(1 / 40)), len(places) - 1)]
        if draw.random() < 0.7:
            changed[px] = levels[px] = _size(draw)
        elif len(levels) >= LEVELS and levels.pop(px, None) is not None:
            changed[px] = "0"
            places.remove(px)
        else:
            px = MIDDLE + sign * draw.randrange(1, LEVELS)
            changed[px] = levels[px] = _size(draw)
            places = sorted(levels, reverse=sign < 0)
    return changed


def _text(draw, sides, seq, prev, action):
    row = {
        name: [
            [f"{px / 10:g}", sz, "0", "0" if sz == "0" else str(draw.randint(1, 40))]
            for px, sz in sorted(levels.items(), reverse=name == "bids")
        ]
        for name, levels in reversed(sides.items())
    }
    row |= {"ts": "1790000000100", "checksum": 0, "seqId": seq, "prevSeqId": prev}
    frame = {"arg": ARG.wire(), "action": action, "data": [row]}
    return json.dumps(frame, separators=(",", ":"))


def book_of(texts: list[str]):
    """Return a book after its snapshot, and a call that takes the next update."""
    session = ClientSession()
    session.opened(0.0)
    session.subscribe([ARG])
    session.text_to_send(0.0)
    tape = BookTape(channel("books"), ARG, parse_window(10_000))
    tape.receive(session.receive_text(texts[0], 0.0), _RECV_US)
    updates = cycle(texts[1:])

    def take() -> None:
        push = session.receive_text(next(updates), 0.0)
        row = push.rows[0]
        if row.seq_id == 2:  # the round begins anew: let it follow
            tape.book._seq_id = 1
        tape.receive(push, _RECV_US)
        session.events()

    return tape, take


def measure(*, short: bool = False) -> list[Figure]:
    """Return the figures of books."""
    texts = corpus()
    floor = cycle(texts[1:])
    tape, take = book_of(texts)
    value, seconds = ratio(take, lambda: orjson.loads(next(floor)), short=short)
    assert tape.book.is_synced
    found = [
        Figure(
            f"books update of {CHANGED} levels applied, top recorded",
            value,
            "x",
            "orjson.loads of the update",
            3.5,
            f"{seconds * 1e6:.1f} us an update",
        )
    ]
    book = tape.book
    for name, read, at_most in (
        ("best_bid", lambda: book.best_bid, 1.0),
        ("depth(25)", lambda: book.depth(25), 100.0),
        ("snapshot() of 400 levels", book.snapshot, None),
    ):
        _, seconds = ratio(read, lambda: None, short=short)
        found.append(Figure(f"book.{name}", seconds * 1e6, "us", "", at_most))
    return found
