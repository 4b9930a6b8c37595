"""The top of a book as a row: what a book's DataFrame has one of per update."""

from __future__ import annotations

from math import nan
from typing import Annotated, Any

import msgspec

from okxlab.metrics.top import imbalance, mid, spread
from okxlab.protocol.columns import ORIGIN, RECV, Int, Key, Ms, columns_of

__all__ = ["TOP_COLUMNS", "TopOfBook", "top_of"]


_Number = Annotated[float, msgspec.Meta(extra={"kind": "float"})]
"""Never "": what is missing is NaN already."""


class TopOfBook(msgspec.Struct, frozen=True, gc=False):
    """The best level of each side after an update; a side without levels is NaN."""

    ts: Ms = ""
    """Time the book was made [ms]."""
    bid: _Number = nan
    """Best bid [quote per base]."""
    bid_sz: _Number = nan
    """Size there [base for spot, contracts otherwise]."""
    bid_orders: Int = ""
    """Number of orders there."""
    ask: _Number = nan
    """Best ask [quote per base]."""
    ask_sz: _Number = nan
    """Size there [base for spot, contracts otherwise]."""
    ask_orders: Int = ""
    """Number of orders there."""
    mid: _Number = nan
    """Mean of best bid and best ask [quote per base]."""
    spread: _Number = nan
    """Best ask less best bid [quote per base]."""
    imbalance: _Number = nan
    """Size at the best bid against that at the best ask, from -1 to 1."""
    seq_id: Key = -1
    """Place of the update in the sequence of the book; -1 if not sent."""


TOP_COLUMNS = (*columns_of(TopOfBook), RECV, ORIGIN)
"""Columns of the history of a book's top."""


def top_of(bid: Any, ask: Any, ts: Any, seq_id: int) -> TopOfBook:
    """Return the row of two levels, either of which may be None."""
    if bid is None or ask is None:
        return _one_sided(bid, ask, ts, seq_id)
    bid_px, bid_sz, ask_px, ask_sz = bid.px, bid.sz, ask.px, ask.sz
    return TopOfBook(
        ts,
        bid_px,
        bid_sz,
        bid.orders,
        ask_px,
        ask_sz,
        ask.orders,
        mid(bid_px, ask_px),
        spread(bid_px, ask_px),
        imbalance(bid_sz, ask_sz),
        seq_id,
    )


def _one_sided(bid: Any, ask: Any, ts: Any, seq_id: int) -> TopOfBook:
    if bid is not None:
        return TopOfBook(ts, bid.px, bid.sz, bid.orders, seq_id=seq_id)
    if ask is not None:
        return TopOfBook(
            ts, ask=ask.px, ask_sz=ask.sz, ask_orders=ask.orders, seq_id=seq_id
        )
    return TopOfBook(ts, seq_id=seq_id)
