"""What the exchange's clock showed at each moment: a fault lets it jump."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okxlab.simulator.faults import Faults

__all__ = ["Stamps"]

_KEPT: Final = 1_000
"""Jumps remembered; what is stamped is seconds old at most."""


class Stamps:
    """The jumps of the clock, so that one moment is stamped in one way only.

    Parameters
    ----------
    faults
        Say by how much the clock is off now.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        # From when on it was how far ahead [true Unix ms, ms].
        self._since: list[int] = []
        self._ahead: list[int] = []

    def ahead(self, since_ms: int) -> int:
        """Return how far ahead the clock is now [ms].

        Parameters
        ----------
        since_ms
            From when on, if that is news [true Unix ms].
        """
        jump = self._faults.take("jump_clock")
        ahead = 0 if jump is None else round(jump["seconds"] * 1000)
        if ahead != (self._ahead[-1] if self._ahead else 0):
            self._since.append(max(since_ms, self._since[-1] if self._since else 0))
            self._ahead.append(ahead)
            del self._since[:-_KEPT], self._ahead[:-_KEPT]
        return ahead

    def stamped(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return wire rows as the clock stamped them; when a bar opens is not its."""
        if not self._since:
            return rows
        return [
            {**row, "ts": str(self._at(int(row["ts"])))}
            if isinstance(row, dict) and row.get("ts")
            else row
            for row in rows
        ]

    def _at(self, ms: int) -> int:
        """Return what the clock showed at a moment [Unix ms]."""
        place = bisect_right(self._since, ms) - 1
        return ms + (self._ahead[place] if place >= 0 else 0)
