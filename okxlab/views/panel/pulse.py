"""What brings a panel up to date, on the painter's thread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pulse"]


class Pulse:
    """Calls a function again and again; the painter serves it as it does figures.

    Parameters
    ----------
    act
        What is to be done.
    every
        Time between two calls [s].
    """

    def __init__(self, act: Callable[[], None], every: float) -> None:
        self._act = act
        self._every = every
        # Written on the painter's thread.
        self._next = -math.inf

    def due(self, now: float) -> float:
        """Return when it is to be called next [monotonic s]."""
        return max(self._next, now)

    def paint(self, now: float) -> None:
        """Call it."""
        self._next = now + self._every
        self._act()
