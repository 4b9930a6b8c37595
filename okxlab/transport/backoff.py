"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Backoff"]


class Backoff:
    """Exponential pauses with full jitter.

    Each pause is drawn evenly from zero to a limit that doubles with every
    pause, so that clients which lost the same server do not come back together.

    Parameters
    ----------
    initial
        First limit [s].
    maximum
        Greatest limit [s].
    uniform
        Draws a number between two others.
    """

    def __init__(
        self,
        initial: float,
        maximum: float,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._initial = initial
        self._maximum = maximum
        self._limit = initial
        self._uniform = uniform

    def pause(self) -> float:
        """Return the next pause [s]."""
        limit = self._limit
        self._limit = min(2 * limit, self._maximum)
        return self._uniform(0.0, limit)

    def reset(self) -> None:
        """Begin with the first limit again."""
        self._limit = self._initial
