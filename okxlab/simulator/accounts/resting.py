"""Orders of an account that rest in one instrument, and what the flow does to them.

They stand in no book.  An order is filled, at its own price and as maker,

- by a taker of the flow who trades *through* its price: by as much as the taker
  traded at worse prices, which it would have met first;
- by a taker who trades *at* its price, once the lots that stood there before it
  are gone; what the flow cancels there only counts when nothing else is left;
- by makers of the flow who come to quote at its price or beyond on the other side,
  by as much as they offer.

Each lot of the flow fills an account's orders once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.accounts.order import Match
from okxlab.simulator.matching import TRADE

if TYPE_CHECKING:
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.accounts.taking import Taken
    from okxlab.simulator.pit import Pit

__all__ = ["Resting"]


class Resting:
    """The resting orders of one account in one instrument.

    Parameters
    ----------
    pit
        Where it is traded; this looks on there while an order rests.
    taken
        What the account took there already.
    matches
        Where to put what is met, in order of time.
    """

    def __init__(self, pit: Pit, taken: Taken, matches: list[Match]) -> None:
        self._pit = pit
        self._taken = taken
        self._matches = matches
        self._orders: list[Order] = []

    def add(self, order: Order) -> None:
        """Let an order rest, behind what stands at its price."""
        assert order.tick is not None, "only a limit can rest"
        flow = self._pit.flow
        side = flow.bids if order.sign > 0 else flow.asks
        order.ahead, _ = side.level(order.tick * side.sign)
        self._orders.append(order)
        # Best price first and then by age: a stable sort keeps the latter.
        self._orders.sort(key=lambda one: -one.sign * (one.tick or 0))
        if len(self._orders) == 1:
            self._pit.witnesses = (*self._pit.witnesses, self._look)

    def remove(self, order: Order) -> None:
        """Let an order rest no longer; harmless if it does not."""
        if order not in self._orders:
            return
        self._orders.remove(order)
        if not self._orders:
            self._pit.witnesses = tuple(
                one for one in self._pit.witnesses if one != self._look
            )

    def _look(self, ms: int, reach: int) -> None:
        if reach & TRADE:
            self._meet_taker(ms)
        for order in self._orders:
            if order.open_lots:
                self._meet_makers(ms, order)

    def _meet_taker(self, ms: int) -> None:
        """Let orders have what a taker of the flow traded at their price or worse."""
        flow = self._pit.flow
        sign = -flow.side  # who sold met bids
        side = flow.bids if sign > 0 else flow.asks
        # Worst price last: that is what an order before it would have displaced.
        left = {fill.tick: sum(fill.lots) for fill in flow.fills}
        for order in self._orders:
            if order.sign != sign or not order.open_lots:
                continue
            assert order.tick is not None
            stood, _ = side.level(order.tick * side.sign)
            traded = left.get(order.tick, 0)
            order.ahead = min(order.ahead, stood + traded)
            for tick in sorted(left, key=lambda tick: tick * sign):
                offered = left[tick]
                if tick * sign > order.tick * sign:
                    break
                if tick == order.tick:
                    passed = min(order.ahead, offered)
                    order.ahead -= passed
                    offered -= passed
                met = min(offered, order.open_lots)
                left[tick] -= met
                self._match(ms, order, met)

    def _meet_makers(self, ms: int, order: Order) -> None:
        """Let an order have what is quoted against it."""
        plan = self._taken.plan(order.sign, order.tick, order.open_lots)
        self._taken.take(order.sign, plan)
        self._match(ms, order, sum(lots for _, lots in plan))

    def _match(self, ms: int, order: Order, lots: int) -> None:
        if lots:
            assert order.tick is not None
            order.matched += lots
            self._matches.append(Match(ms, order, lots, order.tick, maker=True))
