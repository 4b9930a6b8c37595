"""The trading of one account: its orders from the request to the last fill.

What happens to an order is told in the order in which OKX tells it: first the order
and its fills, then the account and what else has changed.  An order that rests is
met while the market runs; that is booked, and told, when the market pauses, in
order of time, so that nothing depends on how time is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.simulator.accounts.checks import Checks
from okxlab.simulator.accounts.holdings import Holdings
from okxlab.simulator.accounts.news import News
from okxlab.simulator.accounts.order import Match, Order
from okxlab.simulator.accounts.order_rows import fill_row, order_row
from okxlab.simulator.accounts.placing import (
    MARKET_TYPES,
    RefusedError,
    is_true,
    read_lots,
    read_order,
    read_tick,
)
from okxlab.simulator.accounts.resting import Resting
from okxlab.simulator.accounts.statements import Statements
from okxlab.simulator.accounts.taking import Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from okxlab.simulator.accounts.account import Account
    from okxlab.simulator.accounts.position import Position
    from okxlab.simulator.accounts.taking import Plan
    from okxlab.simulator.accounts.terms import Terms
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Desk"]

_KEPT = 1000
"""Orders that have ended and can still be asked for."""
_AT_ONCE = MARKET_TYPES | {"ioc", "fok"}
"""Types of orders that never rest."""

_WARNING = 3
"""Equity by maintenance margin below which OKX warns."""

# OKX's codes of why an order was cancelled.
_BY_USER = "1"
_BY_RISK = "3"
_NOT_ALL_AT_ONCE = "13"
_NOT_AT_ONCE = "14"
_POSITION_GONE = "17"
_WOULD_TAKE = "31"


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
    news : list of News
        What has become due on its channels; whoever tells it empties the list.
    """

    def __init__(self, account: Account, venue: Venue) -> None:
        self.account = account
        self.uid = account.uid
        self.holdings = Holdings(account.balances, venue.now_ms, venue.next_id)
        self.orders: dict[str, Order] = {}
        self.statements = Statements(
            self.holdings, self.orders, venue, account.leverage
        )
        self.news: list[News] = []
        self._checks = Checks(venue, self.holdings, self.statements, account.fees)
        self._venue = venue
        self._ended: dict[str, Order] = {}
        self._taken: dict[str, Taken] = {}
        self._resting: dict[str, Resting] = {}
        self._matches: list[Match] = []
        self._is_warned = False
        # What has changed since it was last told.
        self._cash: dict[str, None] = {}
        self._positions: dict[str, Position] = {}
        self._trades: list[dict[str, str]] = []

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
        order = read_order(self._venue, sent)
        if order.cl_ord_id and self._find(order.cl_ord_id, self.orders) is not None:
            raise RefusedError("51016", "Client order ID already exists.")
        order.category = category
        if order.reduce_only:
            self._checks.reduction(order)
        plan = self._plan(order)
        self._checks.price(order)
        self._checks.funds(order, plan, is_new=True)
        order.ord_id = self._venue.next_id(self._venue.now_ms)
        order.c_ms = order.u_ms = self._venue.now_ms
        self.orders[order.ord_id] = order
        self._trade(order, plan)
        self._settle("filled" if category == "normal" else "liquidation")
        return order

    def cancel(self, sent: Mapping[str, Any]) -> Order:
        """Cancel an open order, named by ``ordId`` or ``clOrdId``.

        Raises
        ------
        RefusedError
            51400 if there is no such open order.
        """
        order = self._named(sent, self.orders)
        if order is None:
            raise RefusedError(
                "51400",
                "Cancellation failed as the order has been filled, canceled or does "
                "not exist.",
            )
        self._end(order, "canceled", _BY_USER)
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
        order = self._named(sent, self.orders)
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
                self._end(order, "canceled", _BY_USER)
                self._settle("filled")
            raise
        self._settle("filled")
        return order

    def find(self, sent: Mapping[str, Any]) -> Order | None:
        """Return an order named by ``ordId`` or ``clOrdId``, open or ended lately."""
        return self._named(sent, self.orders) or self._named(sent, self._ended)

    def row(self, order: Order) -> dict[str, Any]:
        """Return the row of an order as it stands, with its last fill."""
        return order_row(
            order, self._venue, self.account.leverage, fill=order.last_fill
        )

    # What the market does

    @property
    def met_at(self) -> set[int]:
        """When orders were met that is not booked yet [Unix ms]."""
        return {match.ms for match in self._matches}

    def book(self, ms: int) -> None:
        """Book what resting orders met at a moment, while the market ran."""
        matches = [match for match in self._matches if match.ms == ms]
        for match in matches:
            self._matches.remove(match)
            self._book(match)
        if matches:
            self._settle("filled", ms)

    def liquidate_if_due(self, ms: int) -> None:
        """Close what is open in swaps if the equity no longer carries it.

        Below three times the maintenance margin there is a warning, once.
        """
        held = self.holdings.open_positions()
        margin = self.statements.margin(held[0].terms.settle, ms)
        is_near = margin.equity < _WARNING * margin.maintenance
        if is_near and not self._is_warned:
            for position in held:
                row = self.statements.warning(position, ms)
                one = position.terms.instrument
                self.news.append(News("liquidation-warning", [row], one))
        self._is_warned = is_near
        if margin.equity < margin.maintenance:
            self._liquidate(held)

    def _liquidate(self, held: list[Position]) -> None:
        for order in [one for one in self.orders.values() if not one.terms.is_spot]:
            self._end(order, "canceled", _BY_RISK)
        for position in held:
            request = {
                "instId": position.terms.inst_id,
                "tdMode": "cross",
                "side": "sell" if position.lots > 0 else "buy",
                "ordType": "market",
                "sz": position.terms.sz(abs(position.lots)),
                "reduceOnly": True,
            }
            self.place(request, category="full_liquidation")

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
        self._cash[terms.settle] = None
        self._positions[terms.inst_id] = position
        self._settle("funding_fee", ms)

    # Steps of a trade

    def _trade(self, order: Order, plan: Plan) -> None:
        """Let an order meet the book, and rest or end what is left of it."""
        met = sum(lots for _, lots in plan)
        if order.ord_type == "post_only" and plan:
            self._end(order, "canceled", _WOULD_TAKE)
            return
        self._tell(order)
        if order.ord_type == "fok" and met < order.lots:
            self._end(order, "canceled", _NOT_ALL_AT_ONCE)
            return
        self._take(order, plan)
        if not order.is_open:
            return
        if order.ord_type in _AT_ONCE:
            self._end(order, "canceled", _NOT_AT_ONCE)
        else:
            self._rest(order)

    def _take(self, order: Order, plan: Plan) -> None:
        self._taken_of(order.terms).take(order.sign, plan)
        for tick, lots in plan:
            order.matched += lots
            self._book(Match(self._venue.now_ms, order, lots, tick, maker=False))

    def _rest(self, order: Order) -> None:
        inst_id = order.terms.inst_id
        resting = self._resting.get(inst_id)
        if resting is None:
            resting = self._resting[inst_id] = Resting(
                self._venue.pit(inst_id), self._taken_of(order.terms), self._matches
            )
        resting.add(order)

    def _book(self, match: Match) -> None:
        """Turn what an order met into cash and positions, and tell the order."""
        order, terms = match.order, match.order.terms
        if order.reduce_only:
            match = self._reducing(match)
        if not order.is_open or not match.lots:
            return  # Ended by what was booked a moment before.
        rate = self.account.fees.rate(terms.instrument.inst_type, maker=match.maker)
        trade_id = self._venue.next_trade_id(match.ms)
        fill = self.holdings.book(match, trade_id, rate)
        order.filled += fill.lots
        order.value += terms.value(fill.lots, fill.tick)
        order.fee += fill.fee
        order.pnl += fill.pnl
        order.u_ms = fill.ms
        order.last_fill = fill
        order.state = "partially_filled" if order.rest else "filled"
        self._tell(order)
        self.news.append(News("fills", [fill_row(order, fill)], terms.instrument))
        self._trades.append({"instId": terms.inst_id, "tradeId": trade_id})
        self._note_change(terms, order)
        if not order.rest:
            self._forget(order)
        if not terms.is_spot:
            self._drop_reducing(terms, match.ms)

    def _note_change(self, terms: Terms, order: Order) -> None:
        self._cash[order.fee_ccy] = self._cash[terms.quote] = None
        if terms.is_spot:
            self._cash[terms.base] = None
        else:
            self._positions[terms.inst_id] = self.holdings.positions[terms.inst_id]

    def _end(self, order: Order, state: str, why: str, ms: int | None = None) -> None:
        order.state = state
        order.cancel_source = why
        order.u_ms = self._venue.now_ms if ms is None else ms
        order.last_fill = None
        self._forget(order)
        self._tell(order)

    def _forget(self, order: Order) -> None:
        """Move an order to those that have ended."""
        del self.orders[order.ord_id]
        self._ended[order.ord_id] = order
        if len(self._ended) > _KEPT:
            del self._ended[next(iter(self._ended))]
        resting = self._resting.get(order.terms.inst_id)
        if resting is not None:
            resting.remove(order)

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
            self._end(order, "filled", "")
            return
        self._tell(order)
        order.amend_source = order.amend_result = ""
        self._match_anew(order, loses_turn=(lots > was[0] or tick != was[1]))

    def _match_anew(self, order: Order, *, loses_turn: bool) -> None:
        if not loses_turn:
            return
        self._resting[order.terms.inst_id].remove(order)
        plan = self._plan(order)
        if order.ord_type == "post_only" and plan:
            self._end(order, "canceled", _WOULD_TAKE)
            return
        self._take(order, plan)
        if order.is_open:
            self._rest(order)

    def _plan(self, order: Order) -> Plan:
        """Return what an order would meet now; that gives one for an amount its size."""
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

    def _reducing(self, match: Match) -> Match:
        """Return what is left of a match for an order that may only reduce."""
        held = self.holdings.lots(match.order.terms.inst_id)
        most = abs(held) if held * match.order.sign < 0 else 0
        return msgspec.structs.replace(match, lots=min(match.lots, most))

    def _drop_reducing(self, terms: Terms, ms: int) -> None:
        """Cancel orders that may only reduce and have nothing to reduce any more."""
        held = self.holdings.lots(terms.inst_id)
        for order in list(self.orders.values()):
            is_idle = order.reduce_only and held * order.sign >= 0
            if is_idle and order.terms is terms:
                self._end(order, "canceled", _POSITION_GONE, ms)

    # Telling

    def _tell(self, order: Order) -> None:
        row = order_row(order, self._venue, self.account.leverage, fill=order.last_fill)
        self.news.append(News("orders", [row], order.terms.instrument))

    def _settle(self, event_type: str, ms: int | None = None) -> None:
        """Tell what the account has, after something has happened to it."""
        self.news.extend(
            self._changes(event_type, self._venue.now_ms if ms is None else ms)
        )
        self._cash.clear()
        self._positions.clear()
        self._trades = []

    def _changes(self, event_type: str, ms: int) -> Iterator[News]:
        write = self.statements
        event = "event_update"
        yield News("account", [write.account(ms, self._cash)], event_type=event)
        for position in self._positions.values():
            row = write.position(position, ms)
            yield News("positions", [row], position.terms.instrument, event)
        if self._cash:
            row = write.balance_and_position(
                event_type,
                ms,
                ccys=sorted(self._cash),
                positions=self._positions.values(),
                trades=self._trades,
            )
            yield News("balance_and_position", [row])
            yield News("account-greeks", write.greeks(ms))

    # Finding

    def _taken_of(self, terms: Terms) -> Taken:
        taken = self._taken.get(terms.inst_id)
        if taken is None:
            taken = Taken(self._venue.pit(terms.inst_id).flow)
            self._taken[terms.inst_id] = taken
        return taken

    def _named(self, sent: Mapping[str, Any], among: dict[str, Order]) -> Order | None:
        ord_id = str(sent.get("ordId") or "")
        if ord_id:
            return among.get(ord_id)
        return self._find(str(sent.get("clOrdId") or ""), among)

    @staticmethod
    def _find(cl_ord_id: str, among: dict[str, Order]) -> Order | None:
        found = [
            one for one in among.values() if cl_ord_id and one.cl_ord_id == cl_ord_id
        ]
        return found[-1] if found else None
