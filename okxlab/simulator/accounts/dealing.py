"""What becomes of an account's orders, from the book they meet to their end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from okxlab.simulator.accounts.order import Match
from okxlab.simulator.accounts.placing import MARKET_TYPES, RefusedError
from okxlab.simulator.accounts.resting import Resting
from okxlab.simulator.accounts.taking import Taken

if TYPE_CHECKING:
    from okxlab.simulator.accounts.account import Fees
    from okxlab.simulator.accounts.announcing import Announcer
    from okxlab.simulator.accounts.holdings import Holdings
    from okxlab.simulator.accounts.order import Fill, Order
    from okxlab.simulator.accounts.taking import Plan
    from okxlab.simulator.accounts.terms import Terms
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Dealing"]

_KEPT = 1000
"""Orders that have ended, and fills, that can still be asked for."""
_AT_ONCE = MARKET_TYPES | {"ioc", "fok"}
"""Types of orders that never rest."""

# OKX's codes of why an order was cancelled.
_NOT_ALL_AT_ONCE = "13"
_NOT_AT_ONCE = "14"
_POSITION_GONE = "17"
_WOULD_TAKE = "31"


class Dealing:
    """The orders of one account and what they meet.

    Parameters
    ----------
    venue
        The market.
    holdings
        What the account has.
    orders
        Its open orders by id; kept up to date here.
    fees
        What fills cost.
    announcer
        Told what becomes of orders.

    Attributes
    ----------
    ended : dict
        Orders that have ended lately, by id, oldest first.
    fills : deque
        The latest fills, each with its order, oldest first.
    matches : list of Match
        What resting orders met while the market ran, and what is not booked yet.
    """

    def __init__(
        self,
        venue: Venue,
        holdings: Holdings,
        orders: dict[str, Order],
        fees: Fees,
        announcer: Announcer,
    ) -> None:
        self.ended: dict[str, Order] = {}
        self.fills: deque[tuple[Order, Fill]] = deque(maxlen=_KEPT)
        self.matches: list[Match] = []
        self._venue = venue
        self._holdings = holdings
        self._orders = orders
        self._fees = fees
        self._announcer = announcer
        self._taken: dict[str, Taken] = {}
        self._resting: dict[str, Resting] = {}

    def plan(self, order: Order) -> Plan:
        """Return what an order would meet now.

        An order for an amount of quote currency gets its size by that.

        Raises
        ------
        RefusedError
            51020 if the amount is too small for anything.
        """
        taken = self._taken_of(order.terms)
        if order.budget is None:
            return taken.plan(order.sign, order.tick, order.rest)
        left, plan, each = order.budget, [], 0
        for tick, offered in taken.offers(order.sign, order.tick):
            each = order.terms.value(1, tick)
            lots = min(offered, left // each)
            if not lots:
                break
            plan.append((tick, lots))
            left -= lots * each
        # What is left when the book ends would have bought more.
        order.lots = sum(lots for _, lots in plan) + (left // each if each else 0)
        if order.lots < order.terms.instrument.least:
            raise RefusedError(
                "51020", "Your order should meet or exceed the minimum order amount."
            )
        return plan

    def deal(self, order: Order, plan: Plan) -> None:
        """Let a new order meet the book, and rest or end what is left of it."""
        self._orders[order.ord_id] = order
        met = sum(lots for _, lots in plan)
        if order.ord_type == "post_only" and plan:
            self.end(order, "canceled", _WOULD_TAKE)
            return
        self._announcer.order(order)
        if order.ord_type == "fok" and met < order.lots:
            self.end(order, "canceled", _NOT_ALL_AT_ONCE)
            return
        self._take(order, plan)
        if not order.is_open:
            return
        if order.ord_type in _AT_ONCE:
            self.end(order, "canceled", _NOT_AT_ONCE)
        else:
            self._rest(order)

    def deal_anew(self, order: Order) -> None:
        """Let an open order whose terms were changed lose its turn and meet the book."""
        self._resting[order.terms.inst_id].remove(order)
        plan = self.plan(order)
        if order.ord_type == "post_only" and plan:
            self.end(order, "canceled", _WOULD_TAKE)
            return
        self._take(order, plan)
        if order.is_open:
            self._rest(order)

    def book(self, match: Match) -> None:
        """Turn what an order met into cash and positions, and tell it."""
        order, terms = match.order, match.order.terms
        if order.reduces:
            match = self._reducing(match)
        if not order.is_open or not match.lots:
            return  # Ended by what was booked a moment before.
        rate = self._fees.rate(terms.instrument.inst_type, maker=match.maker)
        trade_id = self._venue.next_trade_id(match.ms)
        fill = self._holdings.book(match, trade_id, rate)
        order.filled += fill.lots
        order.value += terms.value(fill.lots, fill.tick)
        order.fee += fill.fee
        order.pnl += fill.pnl
        order.u_ms = fill.ms
        order.last_fill = fill
        order.state = "partially_filled" if order.rest else "filled"
        self.fills.append((order, fill))
        self._announcer.fill(order, fill, self._holdings.positions.get(order.key))
        if not order.rest:
            self._forget(order)
        if not terms.is_spot:
            self._drop_reducing(order.key, match.ms)

    def end(self, order: Order, state: str, why: str, ms: int | None = None) -> None:
        """Let an open order end, and tell it.

        Parameters
        ----------
        order
            Which.
        state
            Its last state.
        why
            OKX's ``cancelSource``.
        ms
            When [Unix ms]; now by default.
        """
        order.state = state
        order.cancel_source = why
        order.u_ms = self._venue.now_ms if ms is None else ms
        order.last_fill = None
        self._forget(order)
        self._announcer.order(order)

    def _take(self, order: Order, plan: Plan) -> None:
        self._taken_of(order.terms).take(order.sign, plan)
        for tick, lots in plan:
            order.matched += lots
            self.book(Match(self._venue.now_ms, order, lots, tick, maker=False))

    def _rest(self, order: Order) -> None:
        inst_id = order.terms.inst_id
        resting = self._resting.get(inst_id)
        if resting is None:
            resting = self._resting[inst_id] = Resting(
                self._venue.pit(inst_id), self._taken_of(order.terms), self.matches
            )
        resting.add(order)

    def _forget(self, order: Order) -> None:
        """Move an order to those that have ended."""
        del self._orders[order.ord_id]
        self.ended[order.ord_id] = order
        if len(self.ended) > _KEPT:
            del self.ended[next(iter(self.ended))]
        resting = self._resting.get(order.terms.inst_id)
        if resting is not None:
            resting.remove(order)

    def _reducing(self, match: Match) -> Match:
        """Return what is left of a match for an order that may only reduce."""
        held = self._holdings.lots(match.order.key)
        most = abs(held) if held * match.order.sign < 0 else 0
        return msgspec.structs.replace(match, lots=min(match.lots, most))

    def _drop_reducing(self, key: str, ms: int) -> None:
        """Cancel orders that may only reduce and have nothing to reduce any more."""
        held = self._holdings.lots(key)
        for order in list(self._orders.values()):
            if order.reduces and order.key == key and held * order.sign >= 0:
                self.end(order, "canceled", _POSITION_GONE, ms)

    def _taken_of(self, terms: Terms) -> Taken:
        taken = self._taken.get(terms.inst_id)
        if taken is None:
            taken = Taken(self._venue.pit(terms.inst_id).flow)
            self._taken[terms.inst_id] = taken
        return taken
