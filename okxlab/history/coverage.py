"""Which places of a sequence are there: stretches, and the holes between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

__all__ = ["Coverage"]


class Coverage:
    """A set of integers, kept as stretches without a hole.

    Nearly always there is one stretch, which grows at its end.  A stretch is its
    first place and the first one behind it.
    """

    __slots__ = ("_highs", "_lows")

    def __init__(self) -> None:
        # In order; between a high and the next low there is a hole.
        self._lows: list[int] = []
        self._highs: list[int] = []

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """Every stretch, lowest first."""
        return list(zip(self._lows, self._highs, strict=True))

    def __len__(self) -> int:
        """Return the number of stretches."""
        return len(self._lows)

    def add(self, low: int, high: int) -> None:
        """Take in a stretch; what is there already stays.

        Parameters
        ----------
        low, high
            First place, and the first one behind.
        """
        if high <= low:
            return
        # All stretches that touch or overlap the new one melt into it.
        start = bisect_left(self._highs, low)
        stop = bisect_right(self._lows, high)
        if start < stop:
            low = min(low, self._lows[start])
            high = max(high, self._highs[stop - 1])
        self._lows[start:stop] = [low]
        self._highs[start:stop] = [high]

    def forget(self, keep: int) -> int | None:
        """Forget all stretches but the last ones.

        Parameters
        ----------
        keep
            How many to keep.

        Returns
        -------
        int or None
            Where the first of them begins; None if nothing was forgotten.
        """
        if len(self._lows) <= keep:
            return None
        del self._lows[:-keep], self._highs[:-keep]
        return self._lows[0]

    def has(self, low: int, high: int) -> bool:
        """Tell whether all of a stretch is there."""
        at = bisect_right(self._lows, low) - 1
        return at >= 0 and high <= self._highs[at]

    def touches(self, low: int, high: int) -> bool:
        """Tell whether any place of a stretch is there."""
        at = bisect_right(self._highs, low)
        return at < len(self._lows) and self._lows[at] < high

    def missing(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return what of a stretch is not there, lowest first."""
        found: list[tuple[int, int]] = []
        at = bisect_right(self._highs, low)
        while low < high:
            if at == len(self._lows) or self._lows[at] >= high:
                found.append((low, high))
                break
            if self._lows[at] > low:
                found.append((low, self._lows[at]))
            low = self._highs[at]
            at += 1
        return found
