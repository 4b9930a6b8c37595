"""What is known to be missing of a stream, and which gap of the ledger says so.

A gap is opened because something happened; what was lost is only known when rows
come again and do not follow the last one.  Then the hole between belongs to the
gaps that were in doubt, or to a new one if nothing had been noticed before.  A gap
is healed when each of its args has been heard again and no hole of it is left.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import msgspec

from okxlab.history.chain import Chain
from okxlab.history.coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from okxlab.gaps import GapLedger
    from okxlab.protocol.arg import Arg

__all__ = ["BY_REST", "LATE", "Mending"]

_MOST_DOUBTS: Final = 1_000
"""Gaps that one arg may be in doubt of: it may stay silent while frames that
cannot be read, each a gap, go on coming."""
BY_REST: Final = "refilled from REST"
LATE: Final = "came late"
_NOTHING: Final = "nothing was missing"


class _Hole(msgspec.Struct, frozen=True):
    """A stretch of places that were not there when it was noticed."""

    low: int
    high: int
    numbers: tuple[int, ...]


class Mending:
    """The holes of all args of one tape.

    Parameters
    ----------
    ledger
        The tape's gaps.
    args
        Its args.
    count
        Returns how many rows a stretch of places has.

    Attributes
    ----------
    chains : dict
        The chain of each arg.
    doubts : dict
        By arg: the gaps in which rows of it may have been lost, which is not known
        before it is heard again.

    Notes
    -----
    Loop thread.
    """

    def __init__(
        self,
        ledger: GapLedger,
        args: Iterable[Arg],
        count: Callable[[int, int], int],
    ) -> None:
        self._ledger = ledger
        self._count = count
        self.chains = {arg: Chain() for arg in args}
        self.doubts: dict[Arg, tuple[int, ...]] = {}
        self._holes: dict[Arg, list[_Hole]] = {arg: [] for arg in self.chains}
        # By gap: how its holes were filled, and why some will not be.
        self._ways: dict[int, set[str]] = {}
        self._given_up: dict[int, str] = {}

    def doubt(self, number: int, args: Iterable[Arg]) -> None:
        """Note that rows of some args may have been lost in a gap.

        Parameters
        ----------
        number
            The gap.
        args
            Which args.
        """
        for arg in args:
            before = self.doubts.get(arg, ())
            if arg not in self.chains or number in before:
                continue
            self.doubts[arg] = (*before, number)[-_MOST_DOUBTS:]
            if len(before) == _MOST_DOUBTS:
                self._given_up[before[0]] = f"{_MOST_DOUBTS:,} gaps came after it"
                self._judge(before[0])

    def is_in_doubt(self, arg: Arg) -> bool:
        """Tell whether a gap waits for the next row of an arg."""
        return arg in self.doubts

    def settle(
        self, arg: Arg, since_us: int, now_us: int, reason: str, way: str = LATE
    ) -> bool:
        """Bring the ledger in line with the chain of an arg.

        Parameters
        ----------
        arg
            Which one.
        since_us, now_us
            When what is missing and was not missed before was lost [us since 1970].
        reason
            What has happened, if nothing was in doubt.
        way
            How rows have come.  Those from REST are no sign of life: what is in
            doubt stays so until the stream itself goes on.

        Returns
        -------
        bool
            Whether anything is missing.
        """
        missing = self.chains[arg].missing()
        doubts = () if way == BY_REST else self.doubts.pop(arg, ())
        holes = self._holes[arg]
        if not (missing or holes or doubts):
            return False
        touched = set(doubts)
        touched |= self._shrink(arg, missing, way)
        new = _beyond(missing, holes)
        if new:
            if not doubts:
                gap = self._ledger.add(reason, min(since_us, now_us), now_us)
                doubts = (gap.number,)
            self._holes[arg] += [_Hole(low, high, doubts) for low, high in new]
            self._add(doubts[0], sum(self._count(*one) for one in new))
        for number in touched:
            self._judge(number)
        return bool(missing)

    def give_up(self, arg: Arg, why: str, below: int | None = None) -> None:
        """Miss the holes of an arg no more: they stay.

        Parameters
        ----------
        arg
            Which one.
        why
            Why they cannot be filled.
        below
            Only what lies before this place; all by default.
        """
        chain = self.chains[arg]
        touched: set[int] = set()
        for low, high in chain.missing():
            end = high if below is None else min(high, below)
            if low >= end:
                continue
            chain.give_up(low, end)
            for number in self._numbers_at(arg, low):
                self._given_up[number] = why
                touched.add(number)
        self._holes[arg] = [
            _Hole(max(hole.low, low), min(hole.high, high), hole.numbers)
            for hole in self._holes[arg]
            for low, high in chain.missing()
            if low < hole.high and hole.low < high
        ]
        for number in touched:
            self._judge(number)

    def begin_anew(self, arg: Arg, number: int, why: str) -> None:
        """Forget the chain of an arg, whose places no longer mean the same.

        Parameters
        ----------
        arg
            Which one.
        number
            The gap that says so.
        why
            Why nothing of it can be healed.
        """
        self.give_up(arg, why)
        self.chains[arg].begin_anew()
        self._given_up[number] = why
        self._judge(number)

    def _shrink(self, arg: Arg, missing: list[tuple[int, int]], way: str) -> set[int]:
        """Drop the holes of which nothing is missing; return the gaps touched."""
        left = Coverage()
        for low, high in missing:
            left.add(low, high)
        touched: set[int] = set()
        kept = []
        for hole in self._holes[arg]:
            if not left.has(hole.low, hole.high):
                for number in hole.numbers:
                    self._ways.setdefault(number, set()).add(way)
            if left.touches(hole.low, hole.high):
                kept.append(hole)
            else:
                touched.update(hole.numbers)
        self._holes[arg] = kept
        return touched

    def _numbers_at(self, arg: Arg, place: int) -> tuple[int, ...]:
        for hole in self._holes[arg]:
            if hole.low <= place < hole.high:
                return hole.numbers
        return ()

    def _add(self, number: int, rows: int) -> None:
        gap = self._ledger.find(number)
        if gap is not None:
            self._ledger.change(number, missing=(gap.missing or 0) + rows)

    def _judge(self, number: int) -> None:
        """Write down how a gap ended, if it has."""
        waits = any(number in numbers for numbers in self.doubts.values())
        holes = (hole for holes in self._holes.values() for hole in holes)
        if waits or any(number in hole.numbers for hole in holes):
            return
        gap = self._ledger.find(number)
        ways = self._ways.pop(number, None) or {_NOTHING}
        why = self._given_up.pop(number, "")
        if gap is None:
            return
        if why:
            self._ledger.change(number, is_healed=False, how=why)
        else:
            # Thousands of gaps end in a handful of ways: let them share the texts.
            how = sys.intern(", ".join(sorted(ways, reverse=True)))
            self._ledger.change(
                number, is_healed=True, how=how, missing=gap.missing or 0
            )


def _beyond(
    missing: list[tuple[int, int]], holes: list[_Hole]
) -> list[tuple[int, int]]:
    """Return what is missing and in none of the holes."""
    known = Coverage()
    for hole in holes:
        known.add(hole.low, hole.high)
    return [part for low, high in missing for part in known.missing(low, high)]
