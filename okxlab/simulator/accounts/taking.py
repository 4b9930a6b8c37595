"""What an order of an account takes from the book of the flow.

The flow does not notice.  So that an account cannot take the same lots twice,
what it took of a level is remembered and counts as gone for it, until the flow
has removed that level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okxlab.simulator.flow import Flow
    from okxlab.simulator.matching import Side

__all__ = ["Plan", "Taken"]

Plan = list[tuple[int, int]]
"""Ticks and lots that an order meets, best first."""


class Taken:
    """What one account took in one instrument.

    Parameters
    ----------
    flow
        The flow it takes from.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._gone: dict[int, dict[int, int]] = {1: {}, -1: {}}

    def offers(self, sign: int, limit: int | None) -> Iterator[tuple[int, int]]:
        """Yield what a taker finds, best first: (tick, lots).

        Parameters
        ----------
        sign
            1 for a buyer, who takes asks; -1 for a seller.
        limit
            Worst tick accepted; None for any.
        """
        side = self._side(sign)
        gone = self._gone[sign]
        for key in [key for key in gone if key not in side.lots]:
            del gone[key]
        for key in reversed(side.keys):
            tick = key * side.sign
            if limit is not None and tick * sign > limit * sign:
                return
            left = side.lots[key] - gone.get(key, 0)
            if left > 0:
                yield tick, left

    def plan(self, sign: int, limit: int | None, lots: int) -> Plan:
        """Return what so many lots would meet now, best first: (tick, lots)."""
        plan: Plan = []
        for tick, offered in self.offers(sign, limit):
            if not lots:
                break
            met = min(offered, lots)
            plan.append((tick, met))
            lots -= met
        return plan

    def take(self, sign: int, plan: Plan) -> None:
        """Remember that the lots of a plan are taken."""
        gone, turn = self._gone[sign], self._side(sign).sign
        for tick, lots in plan:
            gone[tick * turn] = gone.get(tick * turn, 0) + lots

    def _side(self, sign: int) -> Side:
        return self._flow.asks if sign > 0 else self._flow.bids
