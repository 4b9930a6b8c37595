"""How virtual time follows the real one, and what a stall does to both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace"]

_STALL = 1.0
"""A look at the clock that comes this late [s] found the thread held up: by a cell
that kept the interpreter to itself, or by a machine that slept."""
_SLEEP = 300.0
"""A stall of this length [s] is a machine that slept."""


class Pace:
    """The two clocks of a running simulator.

    Parameters
    ----------
    start_ms
        Virtual time now [Unix ms].
    speed
        Virtual seconds in a second; at 0 virtual time is never due to move.
    wall, monotonic
        The real clocks [s].

    Notes
    -----
    To be looked at several times a second, so that a stall is told from a pause.
    """

    def __init__(
        self,
        start_ms: int,
        speed: float,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._speed = speed
        self._wall = wall
        self._monotonic = monotonic
        self._stalled = 0.0
        self._seen = monotonic()
        self._seen_wall = wall()
        self.restart(start_ms)

    def restart(self, start_ms: int) -> None:
        """Let virtual time go on from here."""
        self._start_ms = start_ms
        self._started = self._wall()

    def now(self) -> float:
        """Return monotonic time [s] that leaves stalls out.

        While the thread was held up it could not read what clients had sent, so
        that time does not count as their silence.
        """
        seen = self._monotonic()
        if seen - self._seen > _STALL:
            self._stalled += seen - self._seen
        self._seen = seen
        return seen - self._stalled

    def has_slept(self) -> bool:
        """Return whether the machine slept since this was asked last."""
        before, self._seen_wall = self._seen_wall, self._wall()
        return self._seen_wall - before > _SLEEP

    def due_ms(self) -> int:
        """Return where virtual time is to be [Unix ms]."""
        return self._start_ms + int((self._wall() - self._started) * 1000 * self._speed)
