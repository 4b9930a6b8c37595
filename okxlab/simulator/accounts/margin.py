"""What of an account's cash is spoken for, and what it is worth.

Spot orders hold back what they would pay.  Positions and orders in swaps hold back
their value by the leverage, at the mark price: an order only as far as it could
make the position larger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from okxlab.simulator.accounts.money import ONE
from okxlab.simulator.accounts.terms import MAINTENANCE, Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.simulator.accounts.holdings import Holdings
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Margin", "in_usd", "reckon", "spot_hold"]


class Margin(msgspec.Struct, frozen=True):
    """One currency of an account at one moment; all are amounts of it."""

    cash: int
    upl: int
    """Profits and losses of positions that are not realised."""
    held: int
    """Cash that open spot orders would pay."""
    order_margin: int
    """Initial margin of open orders in swaps."""
    initial: int
    """Initial margin of positions."""
    maintenance: int
    notional: int
    """Value of the positions."""
    in_futures: int
    """What of that is in futures."""

    @property
    def equity(self) -> int:
        """Cash and what is not realised."""
        return self.cash + self.upl

    @property
    def ord_frozen(self) -> int:
        """What open orders hold back."""
        return self.held + self.order_margin

    @property
    def frozen(self) -> int:
        """What orders and positions hold back."""
        return self.ord_frozen + self.initial

    @property
    def available(self) -> int:
        """What new orders may use: no profit that is not realised, but every loss."""
        return max(self.cash + min(self.upl, 0) - self.frozen, 0)

    @property
    def available_equity(self) -> int:
        """Equity that nothing holds back."""
        return max(self.equity - self.frozen, 0)


def reckon(
    ccy: str,
    holdings: Holdings,
    orders: Iterable[Order],
    venue: Venue,
    leverage: int,
    ms: int,
) -> Margin:
    """Return what is spoken for of one currency.

    Parameters
    ----------
    ccy
        The currency.
    holdings
        Of the account.
    orders
        Its open orders.
    venue
        Where marks come from.
    leverage
        Of positions.
    ms
        The moment [Unix ms].
    """
    held = 0
    # By position: its terms, and lots that open orders buy and sell.
    waiting: dict[str, tuple[Terms, list[int]]] = {
        key: (one.terms, [0, 0])
        for key, one in holdings.positions.items()
        if one.lots and one.terms.settle == ccy
    }
    for order in orders:
        if not order.terms.is_spot and order.terms.settle == ccy:
            _, both = waiting.setdefault(order.key, (order.terms, [0, 0]))
            if not order.reduces:
                both[order.sign < 0] += order.rest
        elif order.terms.is_spot:
            held += spot_hold(order, ccy)
    upl = margin = initial = maintenance = notional = futures = 0
    for key, (terms, (buys, sales)) in waiting.items():
        mark = venue.mark(terms.inst_id, ms)
        lots = holdings.lots(key)
        worth = terms.value_at_mark(abs(lots), mark)
        most = max(abs(lots + buys), abs(lots - sales), abs(lots))
        margin += -(-terms.value_at_mark(most - abs(lots), mark) // leverage)
        initial += -(-worth // leverage)
        maintenance += -(-worth // MAINTENANCE)
        notional += worth
        futures += worth * (terms.instrument.inst_type == "FUTURES")
        if lots:
            upl += holdings.positions[key].unrealised(mark)
    cash = holdings.cash.get(ccy, 0)
    return Margin(cash, upl, held, margin, initial, maintenance, notional, futures)


def spot_hold(order: Order, ccy: str) -> int:
    """Return what an open spot order holds back of a currency [amount]."""
    terms = order.terms
    if order.sign < 0 and ccy == terms.base:
        return order.rest * terms.base_unit
    if order.sign > 0 and ccy == terms.quote and order.tick is not None:
        return terms.value(order.rest, order.tick)
    return 0


def in_usd(whole: int, price: int | None) -> int:
    """Return what an amount is worth in USD; nothing if that is not known."""
    return 0 if price is None else whole * price // ONE
