"""Rows that OKX sends again: told apart from news.

In exceptional cases a message of ``orders`` comes twice, perhaps with another
``uTime``.  OKX API v5, "WS / Order channel", says what to go by: a trade of an
instrument is reported once, an order ends once, an amendment is answered once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

    from okxlab.protocol.channels import Channel

__all__ = ["Repeats"]

_BOUND: Final = 20_000
"""Marks remembered: repeats come within seconds, so hours of a busy desk do."""


class Repeats:
    """What was heard already, as far as it is needed to tell a repeat.

    Parameters
    ----------
    entry
        The channel, whose ``repeats`` says by which rule.
    bound
        Marks to remember; the oldest are forgotten.
    """

    def __init__(self, entry: Channel, bound: int = _BOUND) -> None:
        assert entry.repeats, f"{entry.name} has no rule for repeats"
        self._ends_at = entry.ends_at
        self._bound = bound
        self._marks: set[Hashable] = set()
        self._in_order: deque[Hashable] = deque()

    def sift(self, rows: list[Any]) -> list[Any]:
        """Return the rows that are news, in order, and remember them.

        Parameters
        ----------
        rows
            Rows of one message.
        """
        return [row for row in rows if self._is_news(row)]

    def has_ended(self, row: Any) -> bool:
        """Tell whether a row is about an order that is known to have ended."""
        return ("end", row.ord_id) in self._marks

    def _is_news(self, row: Any) -> bool:
        mark = _mark_of(row)
        if mark in self._marks or self.has_ended(row):
            return False
        if mark is not None:
            self._remember(mark)
        if self._ends_at and row.state in self._ends_at:
            self._remember(("end", row.ord_id))
        return True

    def _remember(self, mark: Hashable) -> None:
        self._marks.add(mark)
        self._in_order.append(mark)
        if len(self._in_order) > self._bound:
            self._marks.discard(self._in_order.popleft())


def _mark_of(row: Any) -> Hashable | None:
    """Return what a row and its repeat share and no other row has."""
    if row.trade_id:
        # The order too: should two orders of one account ever meet, each has
        # its own row of the one trade.
        return ("trade", row.inst_id, row.trade_id, row.ord_id)
    if getattr(row, "req_id", ""):
        return ("amendment", row.ord_id, row.req_id)
    return None
