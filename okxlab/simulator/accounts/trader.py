"""A script that trades, so that a class sees an account at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.money import ONE
from okxlab.simulator.accounts.placing import RefusedError
from okxlab.simulator.draws import source

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Trader"]

_WORTH = 500
"""About what an order is worth [quote currency]."""


class Trader:
    """Trades one instrument of one account, round after round.

    A round buys at market, offers half of that above the best ask, bids below the
    market, moves that bid up, takes back what still rests, and sells what is left.
    Sizes and distances are drawn, so that no round is like the other; the same seed
    gives the same rounds.

    Parameters
    ----------
    desk
        The account's.
    venue
        The market.
    inst_id
        What it trades: a spot pair or a linear swap.
    every_ms
        Pause between two steps [virtual ms].
    seed
        Of its draws.
    """

    def __init__(
        self, desk: Desk, venue: Venue, inst_id: str, every_ms: int, seed: int
    ) -> None:
        self.desk = desk
        self._venue = venue
        self._terms = venue.terms(inst_id)
        self._every_ms = every_ms
        self._next_ms = venue.now_ms + every_ms
        self._bits = source(seed, "trader", desk.uid, inst_id).getrandbits
        # It only sells what it bought before, so it never has anything but a long side.
        is_two_sided = desk.account.pos_mode == "long_short_mode"
        self._pos_side = "long" if is_two_sided else "net"
        self._step = 0
        self._orders: list[Order] = []

    def act(self, ms: int) -> None:
        """Do the next step if it is due."""
        if ms < self._next_ms:
            return
        self._next_ms = ms + self._every_ms
        steps: tuple[Callable[[], None], ...] = (
            self._buy,
            self._offer,
            self._bid,
            self._move_bid,
            self._take_back,
            self._sell_rest,
        )
        step, self._step = steps[self._step], (self._step + 1) % len(steps)
        try:
            step()
        except RefusedError:
            # Out of funds, or an order was filled a moment ago: the next step may do.
            self._step = 0 if step == self._sell_rest else self._step

    def stop(self) -> None:
        """Take back what rests; what it holds stays."""
        self._take_back()

    def _buy(self) -> None:
        self._orders = []
        self._place("buy", self._draw_lots(), None)

    def _offer(self) -> None:
        lots = max(self._held() // 2, self._terms.instrument.least)
        self._place("sell", lots, self._best(1) + self._draw_ticks())

    def _bid(self) -> None:
        self._place("buy", self._draw_lots(), self._best(-1) - 4 * self._draw_ticks())

    def _move_bid(self) -> None:
        order = self._orders[-1]
        if order.is_open:
            tick = self._best(-1)
            self.desk.amend({"ordId": order.ord_id, "newPx": self._terms.px(tick)})

    def _take_back(self) -> None:
        for order in self._orders:
            if order.is_open:
                self.desk.cancel({"ordId": order.ord_id})

    def _sell_rest(self) -> None:
        if self._held() >= self._terms.instrument.least:
            self._place("sell", self._held(), None)

    def _place(self, side: str, lots: int, tick: int | None) -> None:
        sent: dict[str, Any] = {
            "instId": self._terms.inst_id,
            "tdMode": "cash" if self._terms.is_spot else "cross",
            "side": side,
            "ordType": "market" if tick is None else "limit",
            "sz": self._terms.sz(lots),
            "px": self._terms.px(tick),
            "posSide": self._pos_side,
            "tgtCcy": "base_ccy",
            "tag": "script",
        }
        self._orders.append(self.desk.place(sent))

    def _held(self) -> int:
        """Return the lots that this round bought and has not sold, less its fees."""
        lots = sum(order.sign * order.filled for order in self._orders)
        if not self._terms.is_spot:
            return max(lots, 0)
        paid = sum(order.fee for order in self._orders if order.sign > 0)
        return max(lots - -(-paid // self._terms.base_unit), 0)

    def _best(self, sign: int) -> int:
        """Return the best ask (1) or bid (-1) of the flow [ticks]."""
        flow = self._venue.pit(self._terms.inst_id).flow
        side = flow.asks if sign > 0 else flow.bids
        return side.keys[-1] * side.sign

    def _draw_lots(self) -> int:
        """Return a size that is worth half to one and a half of `_WORTH`."""
        each = self._terms.value(1, self._best(1))
        lots = _WORTH * ONE * (128 + self._bits(8)) // (256 * each)
        return max(lots, self._terms.instrument.least)

    def _draw_ticks(self) -> int:
        """Return a distance of up to about three hundredths of a percent."""
        return 1 + self._best(1) * self._bits(6) // 200_000
