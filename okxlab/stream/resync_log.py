"""When a book was torn, why, and how it came back."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec
import pandas as pd

__all__ = ["Resync", "ResyncLog"]

_BOUND: Final = 10_000
"""Resyncs kept, as many as gaps."""


class Resync(msgspec.Struct, frozen=True):
    """One time that a book showed nothing.

    Attributes
    ----------
    reason
        Why it was torn.
    start_us
        Receive time of the last message before [us since 1970].
    end_us
        When it was synced again [us since 1970]; None while it is not.
    how
        ``resubscribed``, ``fetched`` (by REST) or ``reconnected``.
    attempts
        Attempts that it took.
    """

    reason: str
    start_us: int
    end_us: int | None = None
    how: str = ""
    attempts: int = 0


class ResyncLog:
    """The resyncs of one book, oldest first.

    Only the newest are kept; their number goes on counting.

    Parameters
    ----------
    bound
        Resyncs to keep.

    Notes
    -----
    One thread writes; any thread may read.
    """

    def __init__(self, bound: int = _BOUND) -> None:
        # Entries are replaced, never changed, so a copy of the deque is consistent.
        self._entries: deque[Resync] = deque(maxlen=bound)
        self._count = 0

    def begin(self, reason: str, start_us: int) -> None:
        """Record that the book is torn; nothing new if it was already."""
        if not self._is_open:
            self._entries.append(Resync(reason, start_us))
            self._count += 1

    def tell(self, how: str, attempts: int) -> None:
        """Say how it is being brought back, as far as that is known by now."""
        if self._is_open:
            self._entries[-1] = msgspec.structs.replace(
                self._entries[-1], how=how, attempts=attempts
            )

    def end(self, end_us: int) -> None:
        """Record that the book is synced again."""
        if self._is_open:
            last = self._entries[-1]
            end_us = max(end_us, last.start_us)
            self._entries[-1] = msgspec.structs.replace(last, end_us=end_us)

    @property
    def _is_open(self) -> bool:
        return bool(self._entries) and self._entries[-1].end_us is None

    def snapshot(self) -> pd.DataFrame:
        """Return the resyncs as a DataFrame.

        Returns
        -------
        pandas.DataFrame
            One row for each that is kept: ``start`` and ``end`` (datetime64[us,
            UTC], NaT while it lasts), ``reason``, ``how`` (str) and ``attempts``
            (int64).
        """
        entries = self._copy()
        return pd.DataFrame(
            {
                "start": _times([entry.start_us for entry in entries]),
                "end": _times([entry.end_us for entry in entries]),
                "reason": pd.array([entry.reason for entry in entries], dtype="str"),
                "how": pd.array([entry.how for entry in entries], dtype="str"),
                "attempts": pd.array(
                    [entry.attempts for entry in entries], dtype="int64"
                ),
            }
        )

    def __len__(self) -> int:
        """Return the number of resyncs there ever were."""
        return self._count

    def _copy(self) -> tuple[Resync, ...]:
        while True:
            try:
                return tuple(self._entries)
            except RuntimeError:  # one was added meanwhile
                continue


def _times(times_us: list[int] | list[int | None]) -> pd.Series:
    return pd.Series(times_us, dtype="Int64").astype("M8[us]").dt.tz_localize("UTC")
