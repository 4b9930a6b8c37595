"""What an account tells of itself, in the order in which OKX tells it.

First the order and its fill; then, once all that happened at a moment is booked, the
account, the positions and the cash that changed by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.news import News
from okxlab.simulator.accounts.order_rows import fill_row, order_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.simulator.accounts.order import Fill, Order
    from okxlab.simulator.accounts.position import Position
    from okxlab.simulator.accounts.statements import Statements
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Announcer"]


class Announcer:
    """Collects what is due on the channels of one account.

    Parameters
    ----------
    statements
        Writes what the account has.
    venue
        The market.
    leverage
        Of its positions.

    Attributes
    ----------
    news : list of News
        What is due; whoever tells it empties the list.
    """

    def __init__(self, statements: Statements, venue: Venue, leverage: int) -> None:
        self.news: list[News] = []
        self._statements = statements
        self._venue = venue
        self._leverage = leverage
        # What has changed since the account was told last.
        self._cash: dict[str, None] = {}
        self._positions: dict[str, Position] = {}
        self._trades: list[dict[str, str]] = []

    def row(self, order: Order) -> dict[str, Any]:
        """Return the row of an order as it stands, with its last fill."""
        return order_row(order, self._venue, self._leverage, fill=order.last_fill)

    def order(self, order: Order) -> None:
        """Tell an order as it stands."""
        row = self.row(order)
        self.news.append(News("orders", [row], order.terms.instrument))

    def fill(self, order: Order, fill: Fill, position: Position | None) -> None:
        """Tell a fill and the order, and note what it changed."""
        terms = order.terms
        self.order(order)
        self.news.append(News("fills", [fill_row(order, fill)], terms.instrument))
        self._trades.append({"instId": terms.inst_id, "tradeId": fill.trade_id})
        self._cash[order.fee_ccy] = self._cash[terms.quote] = None
        if terms.is_spot:
            self._cash[terms.base] = None
        if position is not None:
            self._positions[position.pos_id] = position

    def payment(self, position: Position) -> None:
        """Note that a position paid or received something."""
        self._cash[position.terms.settle] = None
        self._positions[position.pos_id] = position

    def warn(self, positions: list[Position], ms: int) -> None:
        """Tell that positions are near their liquidation."""
        for position in positions:
            row = self._statements.warning(position, ms)
            one = position.terms.instrument
            self.news.append(News("liquidation-warning", [row], one))

    def settle(self, event_type: str, ms: int) -> None:
        """Tell what the account has, after all that happened at a moment.

        Parameters
        ----------
        event_type
            What it was, as ``balance_and_position`` has it.
        ms
            The moment [Unix ms].
        """
        self.news.extend(self._changes(event_type, ms))
        self._cash.clear()
        self._positions.clear()
        self._trades = []

    def _changes(self, event_type: str, ms: int) -> Iterator[News]:
        write = self._statements
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
