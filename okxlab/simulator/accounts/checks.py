"""What an order must fulfil before the exchange takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.accounts.placing import RefusedError

if TYPE_CHECKING:
    from okxlab.simulator.accounts.account import Fees
    from okxlab.simulator.accounts.holdings import Holdings
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.accounts.statements import Statements
    from okxlab.simulator.accounts.taking import Plan
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Checks"]


class Checks:
    """Checks the orders of one account; each raises `RefusedError`.

    Parameters
    ----------
    venue
        The market.
    holdings, statements
        What the account has, and what of it is free.
    fees
        What fills cost.
    """

    def __init__(
        self, venue: Venue, holdings: Holdings, statements: Statements, fees: Fees
    ) -> None:
        self._venue = venue
        self._holdings = holdings
        self._statements = statements
        self._fees = fees

    def price(self, order: Order) -> None:
        """Refuse a limit beyond the price limits of the market."""
        if order.tick is None:
            return
        most, least = self._venue.limits(order.terms.inst_id)
        beyond = order.tick > most if order.sign > 0 else order.tick < least
        if beyond:
            px = order.terms.px
            raise RefusedError(
                "51006",
                "Order price is not within the price limit (max buy price: "
                f"{px(most)}, min sell price: {px(least)})",
            )

    def funds(self, order: Order, plan: Plan, *, is_new: bool) -> None:
        """Refuse an order that the account cannot pay for.

        Parameters
        ----------
        order
            A new order, or an open one as it is to be.
        plan
            What it meets at once.
        is_new
            Which of the two it is.
        """
        terms, ms = order.terms, self._venue.now_ms
        ccy = terms.base if terms.is_spot and order.sign < 0 else terms.quote
        margin = self._statements.margin(ccy, ms, beside=order if is_new else None)
        spent = margin.cash + min(margin.upl, 0) - margin.frozen
        if terms.is_spot and order.tick is None and order.sign > 0:
            spent -= sum(terms.value(lots, tick) for tick, lots in plan)
        elif not terms.is_spot:
            before = self._statements.margin(ccy, ms).order_margin if is_new else 0
            if margin.order_margin <= before:
                return  # It closes more than it opens.
            # The dearer fee of the two, so that cash cannot fall below nothing.
            mark = self._venue.mark(terms.inst_id, ms)
            rate = self._fees.rate("SWAP", maker=False)
            spent -= terms.share(terms.value_at_mark(order.rest, mark), rate)
        if spent < 0:
            raise RefusedError(
                "51008", f"Order failed. Insufficient {ccy} balance in account"
            )

    def reduction(self, order: Order) -> None:
        """Cut an order that may only reduce to what there is to be reduced."""
        held = self._holdings.lots(order.key)
        if not held and order.pos_side != "net":
            raise RefusedError("51023", "Position does not exist.")
        if held * order.sign >= 0:
            raise RefusedError(
                "51169",
                "Order failed because you don't have any positions in this direction "
                "for this contract to reduce or close.",
            )
        if order.lots > abs(held):
            order.lots = abs(held)
            order.sz = order.terms.sz(order.lots)
