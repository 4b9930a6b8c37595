"""Grid points: the multiples of a period at which what fell due is told."""

from __future__ import annotations

from typing import Final

__all__ = ["NEVER", "QUIET_MS", "SLOW_MS", "first_after", "first_from", "points"]

NEVER: Final = 1 << 62
"""A moment that does not come, where nothing is due."""
QUIET_MS: Final = 60_000
"""After so long without a change, books are told again."""
SLOW_MS: Final = 1000
"""Bars that are open, and some states, are told once in so long."""


def first_from(ms: int, every_ms: int) -> int:
    """Return the first point at a moment or after it."""
    return -(-ms // every_ms) * every_ms


def first_after(ms: int, every_ms: int) -> int:
    """Return the first point after a moment."""
    return (ms // every_ms + 1) * every_ms


def points(after_ms: int, to_ms: int, every_ms: int) -> range:
    """Return the points in (after_ms, to_ms]."""
    return range(first_after(after_ms, every_ms), to_ms + 1, every_ms)
