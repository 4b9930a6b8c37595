"""At most so many of something in any period."""

from __future__ import annotations

from collections import deque

__all__ = ["RateLimit"]


class RateLimit:
    """Gives out places in time, in order of asking; knows no clock of its own.

    Parameters
    ----------
    most
        Places in any one period.
    period
        Its length [s].
    """

    def __init__(self, most: int, period: float) -> None:
        self._period = period
        self._starts: deque[float] = deque(maxlen=most)

    def reserve(self, now: float) -> float:
        """Take the next free place.

        Parameters
        ----------
        now
            Monotonic time [s].

        Returns
        -------
        float
            How long to wait for that place [s], 0 if it is now.
        """
        start = now
        if len(self._starts) == self._starts.maxlen:
            start = max(now, self._starts[0] + self._period)
        self._starts.append(start)
        return start - now
