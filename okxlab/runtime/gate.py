"""The gate before every new connection: so many a second, over all paths."""

from __future__ import annotations

import asyncio

from okxlab.rate_limit import RateLimit

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
        self._limit = RateLimit(per_second, _WINDOW)

    async def wait(self) -> None:
        """Return when a new connection may be made.

        Who gives up while waiting leaves an unused place behind.
        """
        pause = self._limit.reserve(asyncio.get_running_loop().time())
        if pause > 0:
            await asyncio.sleep(pause)
