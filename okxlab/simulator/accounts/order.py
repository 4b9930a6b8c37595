"""An order of an account, from the request to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from okxlab.simulator.accounts.terms import Terms

__all__ = ["Fill", "Match", "Order", "position_key"]

_CLOSING = {("long", -1), ("short", 1)}
"""Sides of a position and signs of the orders that close it."""


def position_key(inst_id: str, pos_side: str) -> str:
    """Return what a position is kept under."""
    return f"{inst_id}/{pos_side}"


class Fill(msgspec.Struct, frozen=True):
    """One fill of an order, booked."""

    trade_id: str
    lots: int
    tick: int
    ms: int
    maker: bool
    fee: int
    """What was charged [amount of the order's fee currency], not below 0."""
    pnl: int
    """What it realised [amount]."""


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order; amounts and sizes are whole numbers.

    ``matched`` is known when the flow meets the order, ``filled`` once that is
    booked; between two moments of virtual time they are the same.
    """

    terms: Terms
    ord_id: str
    sign: int
    """1 for a buy, -1 for a sale."""
    ord_type: str
    sz: str
    """The size as sent."""
    lots: int
    """The size; of an order for an amount of quote currency, what that bought."""
    tick: int | None = None
    """Limit; None at market."""
    budget: int | None = None
    """Quote currency to trade for instead of ``lots`` [amount]."""
    cl_ord_id: str = ""
    tag: str = ""
    td_mode: str = ""
    tgt_ccy: str = ""
    ccy: str = ""
    pos_side: str = ""
    """Side of its position: net, long or short; "" for spot."""
    reduce_only: bool = False
    category: str = "normal"
    state: str = "live"
    matched: int = 0
    ahead: int = 0
    """Lots of the flow that stand before it at its price."""
    filled: int = 0
    value: int = 0
    """Quote value of what is filled [amount]."""
    fee: int = 0
    pnl: int = 0
    last_fill: Fill | None = None
    c_ms: int = 0
    u_ms: int = 0
    cancel_source: str = ""
    amend_source: str = ""
    amend_result: str = ""
    req_id: str = ""

    @property
    def key(self) -> str:
        """What `Holdings.positions` has its position under."""
        return position_key(self.terms.inst_id, self.pos_side)

    @property
    def reduces(self) -> bool:
        """Whether it may only make its position smaller."""
        return self.reduce_only or (self.pos_side, self.sign) in _CLOSING

    @property
    def rest(self) -> int:
        """Lots not filled yet."""
        return self.lots - self.filled

    @property
    def open_lots(self) -> int:
        """Lots that nothing has met yet."""
        return self.lots - self.matched

    @property
    def is_open(self) -> bool:
        """Whether anything can become of it still."""
        return self.state in {"live", "partially_filled"}

    @property
    def side(self) -> str:
        """``buy`` or ``sell``."""
        return "buy" if self.sign > 0 else "sell"

    @property
    def fee_ccy(self) -> str:
        """Currency of its fees: what a spot order receives, or the margin's."""
        terms = self.terms
        return terms.base if terms.is_spot and self.sign > 0 else terms.quote


class Match(msgspec.Struct, frozen=True):
    """What an order met, before it is booked."""

    ms: int
    order: Order
    lots: int
    tick: int
    maker: bool
