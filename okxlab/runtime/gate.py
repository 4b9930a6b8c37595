"""The gate before every new connection: so many a second, over all paths."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["ConnectGate"]

_WINDOW = 1.1
"""OKX counts per second; the rest is for attempts that bunch up on the way [s]."""


class ConnectGate:
    """Let through a number of new connections a second, in order of asking.

    Parameters
    ----------
    per_second
        New connections a second; OKX allows 3 per address.

    Notes
    -----
    Belongs to the loop thread.
    """

    def __init__(self, per_second: int = 3) -> None:
        self._passed: deque[float] = deque(maxlen=per_second)

    def reserve(self, now: float) -> float:
        """Take the next free place.

        Parameters
        ----------
        now
            Monotonic time [s].

        Returns
        -------
        float
            When that place is [monotonic s]: now, or later.
        """
        place = now
        if len(self._passed) == self._passed.maxlen:
            place = max(now, self._passed[0] + _WINDOW)
        self._passed.append(place)
        return place

    async def wait(self) -> None:
        """Return when a new connection may be made.

        Who gives up while waiting leaves an unused place behind.
        """
        now = asyncio.get_running_loop().time()
        pause = self.reserve(now) - now
        if pause > 0:
            await asyncio.sleep(pause)
