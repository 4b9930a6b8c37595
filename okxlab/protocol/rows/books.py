"""Order books: their best levels whole, or what changed in them.

A level is an array without names, and the third value is another one in each of
the three layouts: dead in most books, the size without RPI orders in
``books-rpi``, and already the number of orders in spread books.
"""

from __future__ import annotations

import msgspec

from okxlab.protocol.columns import Float, Int, Key, Level, Ms, Text
from okxlab.protocol.rows.base import Row

__all__ = [
    "BookTop",
    "BookUpdate",
    "RpiBookUpdate",
    "RpiLevel",
    "SpreadBookTop",
    "SpreadBookUpdate",
    "SpreadLevel",
]


class BookTop(Row, frozen=True):
    """The best levels of an order book, whole in every message."""

    ts: Ms = ""
    """Time the book was made; for ``bbo-tbt`` the matching engine's [ms]."""
    inst_id: Text = ""
    """Instrument; only ``books5`` sends it."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    bids: list[Level] = msgspec.field(default_factory=list)
    """Bids, best first."""
    asks: list[Level] = msgspec.field(default_factory=list)
    """Asks, best first."""


class BookUpdate(Row, frozen=True):
    """A snapshot of an order book, or the levels that changed since."""

    ts: Ms = ""
    """Time the book was made [ms]."""
    inst_id: Text = ""
    """Instrument; not sent by OKX today."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    prev_seq_id: Key = -1
    """``seq_id`` of the message before; -1 for a snapshot."""
    checksum: Int = ""
    """CRC-32 of 25 levels a side; fixed at 0 since 2026-06-23."""
    bids: list[Level] = msgspec.field(default_factory=list)
    """Bids, best first; a size of 0 deletes the level."""
    asks: list[Level] = msgspec.field(default_factory=list)
    """Asks, best first; a size of 0 deletes the level."""


class RpiLevel(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One level: price, whole size, size without RPI orders, order count."""

    px: Float = ""
    sz: Float = ""
    non_rpi_sz: Float = ""
    orders: Int = ""


class RpiBookUpdate(Row, frozen=True):
    """As `BookUpdate`, with the orders of retail price improvement (RPI)."""

    ts: Ms = ""
    """Time the book was made [ms]."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    prev_seq_id: Key = -1
    """``seq_id`` of the message before; -1 for a snapshot."""
    bids: list[RpiLevel] = msgspec.field(default_factory=list)
    """Bids, best first; a size of 0 deletes the level."""
    asks: list[RpiLevel] = msgspec.field(default_factory=list)
    """Asks, best first; a size of 0 deletes the level."""


class SpreadLevel(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One level of a spread's book: price, size, order count."""

    px: Float = ""
    sz: Float = ""
    orders: Int = ""


class SpreadBookTop(Row, frozen=True):
    """The best levels of a spread's order book, whole in every message."""

    ts: Ms = ""
    """Time the book was made [ms]."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    bids: list[SpreadLevel] = msgspec.field(default_factory=list)
    """Bids, best first."""
    asks: list[SpreadLevel] = msgspec.field(default_factory=list)
    """Asks, best first."""


class SpreadBookUpdate(Row, frozen=True):
    """A snapshot of a spread's order book, or the levels that changed since."""

    ts: Ms = ""
    """Time the book was made [ms]."""
    seq_id: Key = -1
    """Place in the sequence of the book."""
    prev_seq_id: Key = -1
    """``seq_id`` of the message before; -1 for a snapshot."""
    checksum: Int = ""
    """CRC-32 of 25 levels a side."""
    bids: list[SpreadLevel] = msgspec.field(default_factory=list)
    """Bids, best first; a size of 0 deletes the level."""
    asks: list[SpreadLevel] = msgspec.field(default_factory=list)
    """Asks, best first; a size of 0 deletes the level."""
