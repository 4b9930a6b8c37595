"""One position in a linear swap or future, kept to the last digit.

It is lots and what they cost.  A trade that makes it smaller takes its share of
the cost along; what a division leaves over stays in the position, so that over its
life the profits and losses are exactly what was paid and received.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.accounts.money import quotient

if TYPE_CHECKING:
    from okxlab.simulator.accounts.terms import Terms

__all__ = ["Position"]


class Position:
    """Lots of one swap and their cost.

    Parameters
    ----------
    terms
        Of the swap.
    pos_id
        Its id.
    pos_side
        ``"net"``, or ``"long"`` or ``"short"``, which it stays.

    Attributes
    ----------
    lots : int
        Below 0 if it is short.
    cost : int
        What the lots were bought for, below 0 what they were sold for [amount].
    pnl, fee, funding : int
        Sums since it was opened [amount]: of what was closed; of fees, below 0
        paid; of funding.
    """

    def __init__(self, terms: Terms, pos_id: str, pos_side: str = "net") -> None:
        self.terms = terms
        self.pos_id = pos_id
        self.pos_side = pos_side
        self.lots = 0
        self.cost = 0
        self.pnl = self.fee = self.funding = 0
        self.trade_id = ""
        self.c_ms = self.u_ms = 0

    def trade(self, sign: int, lots: int, tick: int, ms: int) -> int:
        """Take a trade in, and return what it realised [amount].

        Parameters
        ----------
        sign
            1 for a buy, -1 for a sale.
        lots, tick
            Size and price.
        ms
            When [Unix ms].
        """
        if not self.lots:
            self.pnl = self.fee = self.funding = 0
            self.c_ms = ms
        self.u_ms = ms
        closing = min(lots, abs(self.lots)) if self.lots * sign < 0 else 0
        realised = self._close(sign, closing, tick) if closing else 0
        opening = lots - closing
        self.lots += sign * opening
        self.cost += sign * self.terms.value(opening, tick)
        self.pnl += realised
        return realised

    def unrealised(self, mark: int) -> int:
        """Return the profit or loss at a mark price [amount]."""
        return self.terms.value_at_mark(self.lots, mark) - self.cost

    def unrealised_at(self, tick: int) -> int:
        """Return the profit or loss at a price [amount]."""
        return self.terms.value(self.lots, tick) - self.cost

    @property
    def shown(self) -> int:
        """The lots as the wire has them: below 0 in net mode only."""
        return self.lots if self.pos_side == "net" else abs(self.lots)

    def worth(self, mark: int) -> int:
        """Return the value at a mark price, not below 0 [amount]."""
        return self.terms.value_at_mark(abs(self.lots), mark)

    def _close(self, sign: int, lots: int, tick: int) -> int:
        share = quotient(self.cost * lots, abs(self.lots))
        self.cost -= share
        self.lots += sign * lots
        return -sign * self.terms.value(lots, tick) - share
