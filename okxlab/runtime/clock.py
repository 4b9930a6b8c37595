"""The two times that okxlab lives by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """Monotonic seconds for deadlines, and a wall time that never steps back.

    Parameters
    ----------
    monotonic_ns, wall_ns
        Where the time is taken from [ns]; the machine's own clocks by default.

    Notes
    -----
    `recv_us` belongs to the loop thread, `monotonic` to everyone.
    """

    def __init__(
        self,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._seen = monotonic_ns() // 1000
        self._recv = wall_ns() // 1000

    def monotonic(self) -> float:
        """Return the time for deadlines [s], on the scale of `time.monotonic`."""
        return self._monotonic_ns() / 1e9

    def recv_us(self) -> int:
        """Return the wall time as a receive time [us since 1970, UTC].

        It is never less than what was returned before.  Where the machine's
        clock is ahead (it was set, or the machine slept while the monotonic
        clock stood still) that is taken over at once; where it was set back,
        the time returned goes on at half speed until it has been caught up.
        """
        monotonic = self._monotonic_ns() // 1000
        run_on = self._recv + (monotonic - self._seen >> 1)
        self._seen = monotonic
        wall = self._wall_ns() // 1000
        self._recv = max(run_on, wall)
        return self._recv
