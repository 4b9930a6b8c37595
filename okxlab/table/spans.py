"""Where a duration begins in rows that need not be in order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NAT", "Scan", "advance"]

NAT: Final = int(np.iinfo(np.int64).min)
"""What a missing time is as an integer."""

_STRIDE: Final = 8_192
"""Rows looked at in one go for the start of a duration."""


class Scan(NamedTuple):
    """How far a duration window has been reckoned.

    Attributes
    ----------
    duration_ms, max_rows
        What it was reckoned for: the duration [ms], and the newest rows that
        count.
    seen
        Rows looked at.
    newest, newest_at
        Largest ``ts`` among the rows that count [ms], and where it is.
    start
        First row in the window.
    """

    duration_ms: int = 0
    max_rows: int = 0
    seen: int = 0
    newest: int = NAT
    newest_at: int = 0
    start: int = 0


def advance(scan: Scan, ts: NDArray[np.int64], stop: int) -> Scan:
    """Bring a reckoning up to date.

    Of the newest ``max_rows`` rows the window begins with the first one that is
    younger than the duration, measured back from the largest ``ts`` among them.

    Parameters
    ----------
    scan
        The reckoning so far.
    ts
        Times of the rows [ms]; `NAT`, where missing, is older than any other.
    stop
        Rows there are now; at least one more than ``scan.seen``.

    Returns
    -------
    Scan
        The new reckoning.
    """
    duration_ms, max_rows, seen, newest, newest_at, start = scan
    at = _newest(ts, seen, stop)
    if int(ts[at]) >= newest:
        newest, newest_at = int(ts[at]), at
    lowest = max(0, stop - max_rows)
    start = max(start, lowest)
    if newest_at < lowest:
        # That row was cut off, and was ahead of all that came after it: a
        # reckoning that stuck to it would never show a row again.
        newest_at = _newest(ts, lowest, stop)
        newest = int(ts[newest_at])
        start = lowest
    if newest != NAT:
        start = _first_above(ts, max(newest - duration_ms, NAT), start, stop)
    return Scan(duration_ms, max_rows, stop, newest, newest_at, start)


def _newest(ts: NDArray[np.int64], start: int, stop: int) -> int:
    return start + int(ts[start:stop].argmax())


def _first_above(ts: NDArray[np.int64], oldest: int, start: int, stop: int) -> int:
    """Return the first row in [start, stop) whose ts is above."""
    for low in range(start, stop, _STRIDE):
        above = ts[low : min(low + _STRIDE, stop)] > oldest
        first = int(above.argmax())
        if above[first]:
            return low + first
    raise AssertionError("the newest row is younger than any duration")
