"""From when to when: what a user writes, as milliseconds.

A text without a time zone is UTC, as it is in ``df.loc["2026-11-01":]`` of a frame
whose index is UTC.  A ``datetime`` or ``Timestamp`` without one is refused, as
pandas refuses to compare it with such an index: ``datetime.now()`` is local time,
and to take it for UTC would move a table by hours without a word.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from okxlab.errors import ChannelError
from okxlab.table import parse_window

__all__ = ["Asked", "parse_asked"]

_MS: Final = pd.Timedelta(1, "ms")
_DATE: Final = re.compile(r"\s*\d{4}-\d{2}")
"""How a time begins, and no duration does."""


class Asked(msgspec.Struct, frozen=True):
    """A stretch of the past as it was asked for.

    Attributes
    ----------
    start_ms, duration_ms, rows
        One of the three, the others None: from when [Unix ms], or for how long
        before the end [ms], or how many rows before it.
    end_ms
        Before when [Unix ms]; None for the present.
    """

    start_ms: int | None
    duration_ms: int | None
    rows: int | None
    end_ms: int | None

    def bounds(self, now_ms: int) -> tuple[int | None, int]:
        """Return start and end, now that the present is known [Unix ms].

        Parameters
        ----------
        now_ms
            The exchange's time [Unix ms].

        Raises
        ------
        ChannelError
            If it begins in the future.
        """
        # The present moment itself belongs to what was asked for.
        end = now_ms + 1 if self.end_ms is None else min(self.end_ms, now_ms + 1)
        start = self.start_ms
        if self.duration_ms is not None:
            start = end - self.duration_ms
        if start is not None and start >= end:
            raise ChannelError(
                f"start {_show(start)} lies in the future of the exchange, where it "
                f"is {_show(now_ms)}"
            )
        return start, end


def parse_asked(start: object, end: object = None) -> Asked:
    """Read a stretch of the past as a user writes it.

    Parameters
    ----------
    start
        A time (``"2026-11-01"``, ``"2026-11-01 14:30"``, which is UTC; a
        ``datetime`` or ``Timestamp`` with a time zone), or a duration before the
        end (``"30D"``, a ``timedelta``), or a number of rows before the end.
    end
        A time; None is the present.

    Returns
    -------
    Asked

    Raises
    ------
    ChannelError
        If one cannot be read, has no time zone, or the end is not after the start.
    """
    end_ms = None if end is None else _milliseconds("end", end)
    if not _is_time(start):
        window = parse_window_of(start)
        return Asked(None, window[1], window[0], end_ms)
    start_ms = _milliseconds("start", start)
    if end_ms is not None and end_ms <= start_ms:
        raise ChannelError(f"end {_show(end_ms)} is not after start {_show(start_ms)}")
    return Asked(start_ms, None, None, end_ms)


def parse_window_of(start: object) -> tuple[int | None, int | None]:
    """Return a number of rows or a duration [ms]; of the two, one is None.

    Parameters
    ----------
    start
        What is neither a time nor empty.

    Raises
    ------
    ChannelError
        If it is neither rows nor a duration.
    """
    try:
        window = parse_window(start)
    except ChannelError:
        raise ChannelError(
            f'{start!r} is no start: give a time ("2026-11-01 14:30", UTC), a '
            f'duration before the end ("30D") or a number of rows (2_000)'
        ) from None
    return window.rows, window.duration_ms


def _is_time(value: object) -> bool:
    if isinstance(value, str):
        return bool(_DATE.match(value))
    return isinstance(value, dt.date | np.datetime64)


def _milliseconds(name: str, value: Any) -> int:
    if not _is_time(value):
        raise ChannelError(
            f'{name} {value!r} is no time: for example "2026-11-01 14:30", which is '
            f"UTC, or pandas.Timestamp(..., tz=...)"
        )
    try:
        time = pd.Timestamp(value)
    except (ValueError, OverflowError) as error:
        raise ChannelError(f"{name} {value!r} is no time: {error}") from None
    if time is pd.NaT:
        raise ChannelError(f"{name} is missing: {value!r}")
    if time.tzinfo is None:
        if not isinstance(value, str) and _has_hours(value):
            raise ChannelError(
                f"{name} {value!r} has no time zone: if it is UTC, say "
                f'{name}.tz_localize("UTC") or datetime(..., tzinfo=timezone.utc); '
                f'the present is pandas.Timestamp.now("UTC")'
            )
        time = time.tz_localize("UTC")
    return int((time - pd.Timestamp(0, tz="UTC")) // _MS)


def _has_hours(value: object) -> bool:
    """Tell whether it is more than a plain date, which is a UTC day."""
    return not (isinstance(value, dt.date) and not isinstance(value, dt.datetime))


def _show(ms: int) -> str:
    return f"{pd.Timestamp(ms, unit='ms', tz='UTC'):%Y-%m-%d %H:%M:%S} UTC"
