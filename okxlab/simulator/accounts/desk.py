"""One account at work: what its clients ask for, and what the market does to it.

An order that rests is met while the market runs; that is booked, and told, when the
market pauses, in order of time, so that nothing depends on how time is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.announcing import Announcer
from okxlab.simulator.accounts.checks import Checks
from okxlab.simulator.accounts.dealing import Dealing
from okxlab.simulator.accounts.holdings import Holdings
from okxlab.simulator.accounts.placing import (
    RefusedError,
    is_true,
    read_lots,
    read_order,
    read_tick,
)
from okxlab.simulator.accounts.scripted.stories import Stories
from okxlab.simulator.accounts.statements import Statements
from okxlab.simulator.accounts.terms import MARK_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from okxlab.simulator.accounts.account import Account
    from okxlab.simulator.accounts.news import News
    from okxlab.simulator.accounts.order import Fill, Order
    from okxlab.simulator.accounts.position import Position
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Desk"]

_WARNING = 3
"""Equity by maintenance margin below which OKX warns."""

# OKX's codes of why an order was cancelled.
_BY_USER = "1"
_BY_RISK = "3"
_BY_DELIVERY = "7"


class Desk:
    """One account and its orders.

    Parameters
    ----------
    account
        Whose.
    venue
        The market.

    Attributes
    ----------
    holdings : Holdings
        Its cash and positions.
    orders : dict
        Its open orders by id, oldest first.
    statements : Statements
        Writes what it has.
    stories : Stories
        What is scripted for its other channels.
    """

    def __init__(self, account: Account, venue: Venue) -> None:
        self.account = account
        self.uid = account.uid
        self.holdings = Holdings(account.balances, venue.now_ms, venue.next_id)
        self.orders: dict[str, Order] = {}
        self.statements = Statements(
            self.holdings, self.orders, venue, account.leverage
        )
        self.stories = Stories(account, venue)
        self._announcer = Announcer(self.statements, venue, account.leverage)
        self._checks = Checks(venue, self.holdings, self.statements, account.fees)
        self._dealing = Dealing(
            venue, self.holdings, self.orders, account.fees, self._announcer
        )
        self._venue = venue
        self._is_warned = False

    # What clients ask for

    def place(self, sent: Mapping[str, Any], *, category: str = "normal") -> Order:
        """Place an order and do what follows at once.

        Parameters
        ----------
        sent
            As OKX's ``order`` takes it.
        category
            What the order comes from.

        Raises
        ------
        RefusedError
            With OKX's code.
        """
        order = read_order(self._venue, sent, self.account.pos_mode)
        if order.cl_ord_id and _named({"clOrdId": order.cl_ord_id}, self.orders):
            raise RefusedError("51016", "Client order ID already exists.")
        order.category = category
        if order.reduces:
            self._checks.reduction(order)
        plan = self._dealing.plan(order)
        self._checks.price(order)
        self._checks.funds(order, plan, is_new=True)
        order.ord_id = self._venue.next_id(self._venue.now_ms)
        order.c_ms = order.u_ms = self._venue.now_ms
        self._dealing.deal(order, plan)
        self._settle("filled" if category == "normal" else "liquidation")
        return order

    def cancel(self, sent: Mapping[str, Any]) -> Order:
        """Cancel an open order, named by ``ordId`` or ``clOrdId``.

        Raises
        ------
        RefusedError
            51400 if there is no such open order.
        """
        order = _named(sent, self.orders)
        if order is None:
            raise RefusedError(
                "51400",
                "Cancellation failed as the order has been filled, canceled or does "
                "not exist.",
            )
        self._dealing.end(order, "canceled", _BY_USER)
        self._settle("filled")
        return order

    def amend(self, sent: Mapping[str, Any]) -> Order:
        """Change size or price of an open order.

        Raises
        ------
        RefusedError
            51503 if there is no such open order, 51500 if nothing is to change, and
            what `place` refuses.
        """
        order = _named(sent, self.orders)
        if order is None:
            raise RefusedError(
                "51503",
                "Modification failed as the order has been filled, canceled or does "
                "not exist.",
            )
        try:
            self._amend(order, sent)
        except RefusedError:
            if is_true(sent.get("cxlOnFail")):
                self._dealing.end(order, "canceled", _BY_USER)
                self._settle("filled")
            raise
        self._settle("filled")
        return order

    def find(self, sent: Mapping[str, Any]) -> Order | None:
        """Return an order named by ``ordId`` or ``clOrdId``, open or ended lately."""
        return _named(sent, self.orders) or _named(sent, self._dealing.ended)

    def row(self, order: Order) -> dict[str, Any]:
        """Return the row of an order as it stands, with its last fill."""
        return self._announcer.row(order)

    @property
    def ended(self) -> Iterable[Order]:
        """The orders that ended lately, oldest first."""
        return self._dealing.ended.values()

    @property
    def fills(self) -> Iterable[tuple[Order, Fill]]:
        """The latest fills, each with its order, oldest first."""
        return self._dealing.fills

    def take_news(self) -> list[News]:
        """Return what has become due on its channels, and drain it."""
        news, self._announcer.news = self._announcer.news, []
        return news

    # What the market does

    @property
    def met_at(self) -> set[int]:
        """When orders were met that is not booked yet [Unix ms]."""
        return {match.ms for match in self._dealing.matches}

    def book(self, ms: int) -> None:
        """Book what resting orders met at a moment, while the market ran."""
        matches = [match for match in self._dealing.matches if match.ms == ms]
        for match in matches:
            self._dealing.matches.remove(match)
            self._dealing.book(match)
        if matches:
            self._settle("filled", ms)

    def deliver_if_due(self, ms: int) -> None:
        """Settle what is open in futures that have expired, at their last mark."""
        orders = [one for one in self.orders.values() if _has_expired(one, ms)]
        for order in orders:
            self._dealing.end(order, "canceled", _BY_DELIVERY, ms)
        held = [one for one in self.holdings.open_positions() if _has_expired(one, ms)]
        for position in held:
            terms = position.terms
            mark = self._venue.mark(terms.inst_id, terms.instrument.exp_ms)
            sign = -1 if position.lots > 0 else 1
            tick = mark // MARK_PARTS
            pnl = position.trade(sign, abs(position.lots), tick, ms)
            self.holdings.pay(terms.settle, pnl, ms)
            self._announcer.payment(position)
        if orders or held:
            self._settle("delivered", ms)

    def liquidate_if_due(self, ms: int) -> None:
        """Close what is open in derivatives if the equity no longer carries it.

        Below three times the maintenance margin there is a warning, once.
        """
        held = self.holdings.open_positions()
        if not held:
            return
        margin = self.statements.margin(held[0].terms.settle, ms)
        is_near = margin.equity < _WARNING * margin.maintenance
        if is_near and not self._is_warned:
            self._announcer.warn(held, ms)
        self._is_warned = is_near
        if margin.equity < margin.maintenance:
            self._liquidate(held)

    def pay_funding(self, position: Position, rate: int, ms: int) -> None:
        """Let a position pay its funding, or receive it.

        Parameters
        ----------
        position
            Which.
        rate
            The rate [amount]; above 0 longs pay.
        ms
            When [Unix ms].
        """
        terms = position.terms
        worth = terms.value_at_mark(position.lots, self._venue.mark(terms.inst_id, ms))
        paid = terms.share(worth, rate)
        position.funding -= paid
        position.u_ms = ms
        self.holdings.pay(terms.settle, -paid, ms)
        self._announcer.payment(position)
        self._settle("funding_fee", ms)

    def _liquidate(self, held: list[Position]) -> None:
        for order in [one for one in self.orders.values() if not one.terms.is_spot]:
            self._dealing.end(order, "canceled", _BY_RISK)
        for position in held:
            request = {
                "instId": position.terms.inst_id,
                "tdMode": "cross",
                "side": "sell" if position.lots > 0 else "buy",
                "posSide": position.pos_side,
                "ordType": "market",
                "sz": position.terms.sz(abs(position.lots)),
                "reduceOnly": True,
            }
            self.place(request, category="full_liquidation")

    def _amend(self, order: Order, sent: Mapping[str, Any]) -> None:
        terms = order.terms
        lots = read_lots(terms, sent, "newSz") if sent.get("newSz") else order.lots
        tick = read_tick(terms, sent, "newPx") if sent.get("newPx") else order.tick
        if (lots, tick) == (order.lots, order.tick):
            raise RefusedError("51500", "You must enter a price, quantity or TP/SL")
        was = order.lots, order.tick, order.sz
        order.lots, order.tick, order.sz = max(lots, order.filled), tick, terms.sz(lots)
        try:
            self._checks.price(order)
            self._checks.funds(order, [], is_new=False)
        except RefusedError:
            order.lots, order.tick, order.sz = was
            raise
        order.amend_source, order.amend_result = "1", "0"
        order.req_id = str(sent.get("reqId") or "")
        order.u_ms = self._venue.now_ms
        order.last_fill = None
        if not order.rest:
            # As OKX does when the new size is no more than what is filled.
            self._dealing.end(order, "filled", "")
            return
        self._announcer.order(order)
        order.amend_source = order.amend_result = ""
        if lots > was[0] or tick != was[1]:
            self._dealing.deal_anew(order)

    def _settle(self, event_type: str, ms: int | None = None) -> None:
        """Tell what the account has, after something has happened to it."""
        self._announcer.settle(event_type, self._venue.now_ms if ms is None else ms)


def _named(sent: Mapping[str, Any], among: Mapping[str, Order]) -> Order | None:
    """Return the order that ``ordId`` names, or ``clOrdId`` if there is none."""
    ord_id = str(sent.get("ordId") or "")
    if ord_id:
        return among.get(ord_id)
    cl_ord_id = str(sent.get("clOrdId") or "")
    found = [one for one in among.values() if cl_ord_id and one.cl_ord_id == cl_ord_id]
    return found[-1] if found else None


def _has_expired(one: Order | Position, ms: int) -> bool:
    return one.terms.instrument.is_expired(ms)
