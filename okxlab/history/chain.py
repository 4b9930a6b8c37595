"""Whether rows follow one another: what came, what is missing, what is known.

A row takes up places: a trade those of the ids that it stands for, a bar the time
from its opening to the next.  Where each place follows the last one nothing is
lost; a row that begins further on leaves a hole, which later rows, live or from
REST, may fill.  Each place is taken at most once, so that no match is counted
twice whether it came as a part of an aggregate or on its own.
"""

from __future__ import annotations

from typing import Final

from okxlab.history.coverage import Coverage

__all__ = ["AHEAD", "KNOWN", "LATE", "NEXT", "TORN", "Chain"]

NEXT: Final = "next"
"""It follows the last one, or is the first."""
AHEAD: Final = "ahead"
"""It begins further on: what is between is missing."""
LATE: Final = "late"
"""It fills a hole, or is older than the first."""
KNOWN: Final = "known"
"""All of it is there."""
TORN: Final = "torn"
"""Some of it is there, and it cannot be divided."""

_HOLES: Final = 1_000
"""Holes remembered that nothing will fill; a stream without REST gets ever more."""


class Chain:
    """The places of one arg.

    Attributes
    ----------
    first
        Where it begins; None before the first row.
    reach
        Every place before it has passed; None before the first row.  A row that
        begins here is taken in by moving this to its end, which is all that nearly
        every row there ever is needs; the rest is caught up with later.
    newest_ms
        Latest time of a row, for whoever keeps it here [Unix ms].
    """

    __slots__ = ("_given_up", "_known", "_noted", "first", "newest_ms", "reach")

    first: int | None
    reach: int | None
    newest_ms: int
    # What is there below `_noted`; from there to `reach` all of it is.
    _known: Coverage
    _noted: int | None
    _given_up: Coverage

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everything: places do not mean what they did."""
        self.first = self.reach = self._noted = None
        self.newest_ms = 0
        self._known = Coverage()
        self._given_up = Coverage()

    def _coverage(self) -> Coverage:
        """Return what is there, up to `reach`."""
        if self._noted is not None and self.reach is not None:
            self._known.add(self._noted, self.reach)
        self._noted = self.reach
        return self._known

    def _pass(self, reach: int) -> None:
        """Move on to a place; what is between is not taken in by that."""
        self.reach = self._noted = reach

    def take(self, low: int, high: int, *, is_final: bool = True) -> str:
        """Take in a row and tell how it follows.

        Parameters
        ----------
        low, high
            Its first place, and the first one behind it.
        is_final
            Whether it is all there will be of its places; a bar that is open is
            not.

        Returns
        -------
        str
            `NEXT`, `AHEAD`, `LATE`, `KNOWN` or `TORN`.  Of a torn row nothing is
            taken in: what it would have brought is missing.
        """
        if self.reach is None:
            self.first = low
            self._pass(low)
        coverage, reach = self._coverage(), self.reach
        assert reach is not None, "it was passed just now at the latest"
        if low >= reach:
            self._pass(high if is_final else low)
            if is_final:
                coverage.add(low, high)
            return NEXT if low == reach else AHEAD
        if coverage.has(low, high):
            return KNOWN
        if high > reach or coverage.touches(low, high):
            self._pass(max(reach, high))
            return TORN
        if is_final:
            coverage.add(low, high)
        return LATE

    def fill(self, low: int, high: int) -> bool:
        """Take in a row that is missing; others are not taken in.

        Parameters
        ----------
        low, high
            Its first place, and the first one behind it.

        Returns
        -------
        bool
            Whether it was taken in.
        """
        if self.first is None or self.reach is None:
            return False
        coverage = self._coverage()
        if low < self.first or high > self.reach or coverage.touches(low, high):
            return False
        coverage.add(low, high)
        return True

    def begin_at(self, first: int) -> None:
        """Let the chain begin further back: what is not there then is missing.

        Parameters
        ----------
        first
            Where; later than it begins already changes nothing.
        """
        assert self.first is not None, "there is a row that it comes before"
        self.first = min(self.first, first)

    def missing(self) -> list[tuple[int, int]]:
        """Return the stretches that have passed and are not there, lowest first.

        Those that were given up are not among them.
        """
        if self.first is None or self.reach is None:
            return []
        return [
            left
            for hole in self._coverage().missing(self.first, self.reach)
            for left in self._given_up.missing(*hole)
        ]

    def is_missing(self, low: int, high: int) -> bool:
        """Tell whether a stretch has passed and nothing of it is there."""
        if self.first is None or self.reach is None:
            return False
        has_passed = self.first <= low and high <= self.reach
        return has_passed and not self._coverage().touches(low, high)

    def give_up(self, low: int, high: int) -> None:
        """Miss a stretch no more; what comes of it all the same is taken in.

        Of thousands of holes the oldest are forgotten: the chain begins behind them.
        """
        self._given_up.add(low, high)
        if len(self._given_up) > _HOLES and not self.missing():
            first = self._coverage().forget(_HOLES)
            self._given_up.forget(_HOLES)
            if first is not None and self.first is not None:
                self.first = max(self.first, first)
