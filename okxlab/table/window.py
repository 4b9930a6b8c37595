"""How much of a stream a table keeps: a number of rows or a duration."""

from __future__ import annotations

import operator
import re
from datetime import timedelta
from typing import Final

import msgspec
import numpy as np
import pandas as pd

from okxlab.errors import ChannelError

__all__ = ["MAX_ROWS", "Window", "parse_window"]

MAX_ROWS: Final = 1_000_000
"""Rows that a duration window holds at most: about 80 MB of trades."""

_MS: Final = timedelta(milliseconds=1)
# OKX writes an hour "1H"; pandas wants "1h" and has begun to refuse the capital.
_HOURS: Final = re.compile(r"\d+(\.\d+)?H")


class Window(msgspec.Struct, frozen=True):
    """How much of a stream a table keeps.

    Attributes
    ----------
    rows
        Newest rows to keep; None if only the duration counts.
    duration_ms
        Keep rows younger than this, measured back from the newest ``ts`` [ms];
        None if only the rows count.  With both, a row stays that either keeps.
    max_rows
        Rows that the duration may keep at most.
    """

    rows: int | None
    duration_ms: int | None
    max_rows: int

    @property
    def limit(self) -> int:
        """Rows that the window can hold at most."""
        timed = 0 if self.duration_ms is None else self.max_rows
        return max(self.rows or 0, timed)

    def union(self, other: Window) -> Window:
        """Return the smallest window that keeps what either of the two keeps.

        Parameters
        ----------
        other
            The other window.
        """
        return Window(
            _larger(self.rows, other.rows),
            _larger(self.duration_ms, other.duration_ms),
            max(self.max_rows, other.max_rows),
        )

    def __str__(self) -> str:
        parts = []
        if self.rows is not None:
            parts.append(f"{self.rows:,} rows")
        if self.duration_ms is not None:
            parts.append(str(timedelta(milliseconds=self.duration_ms)))
        return " or ".join(parts)


def parse_window(window: object, max_rows: int = MAX_ROWS) -> Window:
    """Read a window as a user writes it.

    Parameters
    ----------
    window
        Rows (``10_000``), or a duration as in ``DataFrame.rolling``
        (``"15min"``, ``"4h"``, ``"1D"``, a ``timedelta``).  A `Window` is
        returned as it is.
    max_rows
        Rows that a duration may keep at most; rows that are asked for by
        number are not cut.

    Returns
    -------
    Window

    Raises
    ------
    ChannelError
        If it is neither, or not above 0; a duration below 1 ms is not.
    """
    limit = _count(max_rows)
    if limit is None:
        raise ChannelError(
            f"max_rows {max_rows!r} is not a number of rows above 0: "
            f"for example max_rows={MAX_ROWS:_}"
        )
    if isinstance(window, Window):
        return window
    rows = _count(window)
    if rows is not None:
        return Window(rows, None, limit)
    duration_ms = _milliseconds(window)
    if duration_ms is not None:
        return Window(None, duration_ms, limit)
    raise ChannelError(
        f"window {window!r} is neither a number of rows above 0 nor a duration "
        f"of at least 1 ms: for example window=10_000, window='15min' or "
        f"window=timedelta(hours=4)"
    )


def _count(value: object) -> int | None:
    """Return a whole number above 0, or None; True is no number of rows."""
    if isinstance(value, bool | np.bool_ | timedelta | np.timedelta64):
        return None
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        return None
    return number if number > 0 else None


def _milliseconds(value: object) -> int | None:
    """Return a duration of at least 1 ms in whole ms, or None."""
    if isinstance(value, str):
        value = _duration(value)
    elif isinstance(value, np.timedelta64):
        value = pd.Timedelta(value)
    if not isinstance(value, timedelta) or pd.isna(value):
        return None
    return value // _MS if value >= _MS else None


def _duration(text: str) -> timedelta | None:
    text = text.strip()
    if not any(letter.isalpha() for letter in text):
        return None  # pandas would take a bare number for nanoseconds
    try:
        found: timedelta = pd.Timedelta(
            text.lower() if _HOURS.fullmatch(text) else text
        )
    except (ValueError, OverflowError):
        return None
    return found


def _larger(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
