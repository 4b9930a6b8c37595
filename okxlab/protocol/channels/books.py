"""Order books, whole or in changes.

``books-elp`` is not among them: OKX ended it on 2026-10-31 in favour of
``books-rpi`` (changelog of 2026-07-28).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from okxlab.protocol import rows
from okxlab.protocol.channels.entry import Channel

if TYPE_CHECKING:
    import msgspec

__all__ = ["BOOKS"]

_DOC: Final = "order-book-trading-market-data-ws-order-book-channel"


_REST: Final = {
    "books": "/api/v5/market/books",
    "books-rpi": "/api/v5/market/books-rpi",
}
"""Calls whose answers have a ``seqId`` of the channel's own; there are none for the
tick-by-tick books, and that of spreads answers without one."""


def _top(name: str, depth: int, title: str) -> Channel:
    return Channel(
        name=name,
        title=title,
        path="public",
        kind="series",
        row=rows.BookTop,
        depth=depth,
        doc=_DOC,
        chart="spread" if depth == 1 else "depth",
    )


def _book(
    name: str,
    title: str,
    row: type[msgspec.Struct] = rows.BookUpdate,
    tier: str = "",
) -> Channel:
    which = "" if name == "books" else f", channel={name!r}"
    return Channel(
        name=name,
        title=title,
        path="public",
        kind="book",
        row=row,
        login=bool(tier),
        tier=tier,
        doc=_DOC,
        chart="depth",
        instead=f"okxlab.book(inst_id{which})",
        rest=_REST.get(name, ""),
        levels=50 if name.startswith("books50") else 400,
    )


BOOKS: Final = (
    _top("books5", 5, "best five levels a side, every 100 ms on change"),
    _top("bbo-tbt", 1, "best bid and ask, every 10 ms on change"),
    _book("books", "order book of 400 levels a side, changes every 100 ms"),
    _book(
        "books-rpi",
        "order book of 400 levels a side with RPI orders, changes every 100 ms",
        rows.RpiBookUpdate,
    ),
    _book(
        "books-l2-tbt",
        "order book of 400 levels a side, changes every 10 ms",
        tier="VIP4",
    ),
    _book(
        "books50-l2-tbt",
        "order book of 50 levels a side, changes every 10 ms",
        tier="VIP4",
    ),
)
