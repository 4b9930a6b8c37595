"""What an account has: cash and positions, to the last digit.

Cash changes by fills, fees and funding alone, so that at any time

    cash = beginning - fees + funding - bought + sold + cost of what is still held

in each currency, where the last term is of positions in swaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.accounts.money import amount
from okxlab.simulator.accounts.order import Fill
from okxlab.simulator.accounts.position import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okxlab.simulator.accounts.order import Match, Order

__all__ = ["Holdings"]


class Holdings:
    """Cash and positions of one account.

    Parameters
    ----------
    balances
        Cash at the beginning by currency, as decimal texts.
    ms
        When it begins [Unix ms].
    next_id
        Gives the id of a new position.

    Attributes
    ----------
    cash : dict
        By currency [amount].
    positions : dict
        By `position_key`; those that are closed stay, with no lots.
    """

    def __init__(
        self, balances: Mapping[str, str], ms: int, next_id: Callable[[int], str]
    ) -> None:
        self.cash = {ccy: amount(cash) for ccy, cash in balances.items()}
        self.positions: dict[str, Position] = {}
        self._times = dict.fromkeys(self.cash, ms)
        self._begin_ms = ms
        self._next_id = next_id

    def u_ms(self, ccy: str) -> int:
        """Return when the cash of a currency last changed [Unix ms]."""
        return self._times.get(ccy, self._begin_ms)

    def pay(self, ccy: str, cash: int, ms: int) -> None:
        """Add to the cash of a currency, or take from it [amount]."""
        self.cash[ccy] = self.cash.get(ccy, 0) + cash
        self._times[ccy] = ms

    def open_positions(self) -> list[Position]:
        """Return the positions that have lots."""
        return [one for one in self.positions.values() if one.lots]

    def lots(self, key: str) -> int:
        """Return the lots of a position; below 0 if it is short."""
        position = self.positions.get(key)
        return position.lots if position else 0

    def book(self, match: Match, trade_id: str, rate: int) -> Fill:
        """Take a fill in.

        Parameters
        ----------
        match
            What was met.
        trade_id
            Id of the trade.
        rate
            Fee rate [amount].
        """
        order, terms, ms = match.order, match.order.terms, match.ms
        value = terms.value(match.lots, match.tick)
        pnl = 0
        if terms.is_spot:
            base = match.lots * terms.base_unit
            fee = terms.fee(base if order.sign > 0 else value, rate)
            self.pay(terms.base, order.sign * base, ms)
            self.pay(terms.quote, -order.sign * value, ms)
        else:
            fee = terms.fee(value, rate)
            position = self._position(order, ms)
            pnl = position.trade(order.sign, match.lots, match.tick, ms)
            position.fee -= fee
            position.trade_id = trade_id
            self.pay(terms.settle, pnl, ms)
        self.pay(order.fee_ccy, -fee, ms)
        return Fill(trade_id, match.lots, match.tick, ms, match.maker, fee, pnl)

    def _position(self, order: Order, ms: int) -> Position:
        position = self.positions.get(order.key)
        if position is None:
            position = Position(order.terms, self._next_id(ms), order.pos_side)
            self.positions[order.key] = position
        return position
