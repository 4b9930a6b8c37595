"""How far the exchange's clock is ahead of this machine's, and whether it slept."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["ClockOffset", "SleepWatch"]

_KEPT: Final = 8
"""Measurements that count: with one every ten minutes, those of the last hour."""
_JUMP: Final = 5.0
"""How far the wall clock runs ahead of the other before that is called sleep [s]:
more than any correction that a time service makes at once in peace."""


class ClockOffset:
    """The exchange's time less this machine's, from answers that carry a time.

    An answer was made at some moment between the question and its arrival; the
    middle of that is off by half of the way at most.  So of the newest
    measurements the one with the shortest way counts.

    Attributes
    ----------
    us : float
        Exchange time less local time [us]; 0 as long as nothing was measured.
    error_us : float
        How far that may be off [us]; infinite as long as nothing was measured.

    Notes
    -----
    Written on the loop thread, read on any.
    """

    def __init__(self) -> None:
        self.us = 0.0
        self.error_us = float("inf")
        self._measured: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def add(self, asked_us: int, there_ms: int, came_us: int) -> None:
        """Take in a measurement.

        Parameters
        ----------
        asked_us, came_us
            Local time of the question and of the answer [us since 1970].
        there_ms
            Time that the exchange put into it [ms since 1970].
        """
        way = (came_us - asked_us) / 2
        # The exchange cuts its time off to whole milliseconds.
        offset = there_ms * 1_000 + 500 - (asked_us + way)
        self._measured.append((way + 500, offset))
        self.error_us, self.us = min(self._measured)

    def forget(self) -> None:
        """Start anew: this machine's clock has jumped."""
        self._measured.clear()


class SleepWatch:
    """Notices that the machine slept.

    While it sleeps the monotonic clock stands still on most systems and the wall
    clock does not; connections are dead afterwards without a word.  Where both go
    on, and where a clock was merely set, nothing worse happens than a connection
    that is made anew, or found dead by its deadlines.
    """

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None

    def slept(self, now: float, wall_us: int) -> float:
        """Tell how long it slept since the last call.

        Parameters
        ----------
        now
            Monotonic time [s].
        wall_us
            Wall time [us since 1970].

        Returns
        -------
        float
            Seconds; 0 if it was awake.
        """
        last, self._last = self._last, (now, wall_us)
        if last is None:
            return 0.0
        ahead = (wall_us - last[1]) / 1e6 - (now - last[0])
        return ahead if ahead > _JUMP else 0.0
