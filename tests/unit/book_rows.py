"""Rows of order books as they come off the wire, from short notation."""

from __future__ import annotations

import msgspec

from okxlab.protocol.rows import (
    BookTop,
    BookUpdate,
    RpiBookUpdate,
    SpreadBookUpdate,
)

LEVELS = {
    BookUpdate: lambda px, sz, orders: [px, sz, "0", orders],
    BookTop: lambda px, sz, orders: [px, sz, "0", orders],
    RpiBookUpdate: lambda px, sz, orders: [px, sz, sz, orders],
    SpreadBookUpdate: lambda px, sz, orders: [px, sz, orders],
}


def book_row(bids=(), asks=(), seq=1, prev=-1, ts=1_000, kind=BookUpdate, **more):
    """Return a decoded row; a level is (px, sz) or (px, sz, orders)."""
    wire = {
        "bids": [_level(kind, *level) for level in bids],
        "asks": [_level(kind, *level) for level in asks],
        "ts": str(ts),
        "seqId": seq,
        **({} if kind is BookTop else {"prevSeqId": prev}),
        **more,
    }
    return msgspec.convert(wire, kind, strict=False)


def _level(kind, px, sz, orders=1):
    return LEVELS[kind](str(px), str(sz), str(orders))


def pairs(levels):
    """Return price and size of each level."""
    return [(level.px, level.sz) for level in levels]
