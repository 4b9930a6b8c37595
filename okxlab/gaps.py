"""The ledger of what is or may be missing in a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Gap", "GapLedger"]


class Gap(msgspec.Struct, frozen=True):
    """An interval in which rows may have been lost.

    Attributes
    ----------
    reason
        What happened, in a few words.
    start_us
        Receive time of the last sign of life before it [us since 1970].
    end_us
        When rows could come again [us since 1970]; None while it lasts.
    """

    reason: str
    start_us: int
    end_us: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.end_us is None


class GapLedger:
    """Every gap of one stream, in the order in which they were noticed.

    Notes
    -----
    One thread writes; any thread may read.
    """

    def __init__(self) -> None:
        # Gaps are replaced, never changed, so a copy of the list is consistent.
        self._gaps: list[Gap] = []
        # Writer thread only: place of the gap that lasts.
        self._open: int | None = None

    def open(self, reason: str, start_us: int) -> Gap:
        """Record a gap that has begun.

        Parameters
        ----------
        reason
            What happened, in a few words.
        start_us
            Receive time of the last sign of life [us since 1970].

        Returns
        -------
        Gap
            The gap that is open now.  What goes wrong during a gap begins no
            other one: then it is the one before, with its reason and start.
        """
        if self._open is None:
            self._open = len(self._gaps)
            self._gaps.append(Gap(reason, start_us))
        return self._gaps[self._open]

    def close(self, end_us: int) -> Gap | None:
        """End the gap that is open.

        Parameters
        ----------
        end_us
            When rows could come again [us since 1970]; a time before the start
            counts as the start.

        Returns
        -------
        Gap or None
            The gap as it is now; None if none was open.
        """
        if self._open is None:
            return None
        place, self._open = self._open, None
        gap = self._gaps[place]
        gap = msgspec.structs.replace(gap, end_us=max(end_us, gap.start_us))
        self._gaps[place] = gap
        return gap

    def add(self, reason: str, start_us: int, end_us: int) -> Gap:
        """Record a gap that is over.

        Parameters
        ----------
        reason
            What happened, in a few words.
        start_us, end_us
            When [us since 1970].

        Returns
        -------
        Gap

        Raises
        ------
        ValueError
            If it ends before it begins.
        """
        if end_us < start_us:
            raise ValueError(
                f"a gap cannot end at {end_us} before it starts {start_us}"
            )
        gap = Gap(reason, start_us, end_us)
        self._gaps.append(gap)
        return gap

    @property
    def is_open(self) -> bool:
        """Whether a gap lasts."""
        return self._open is not None

    def snapshot(self) -> pd.DataFrame:
        """Return the gaps as a DataFrame.

        Returns
        -------
        pandas.DataFrame
            One row for each gap: ``start`` and ``end`` (datetime64[us, UTC], NaT
            while it lasts) and ``reason`` (str).
        """
        gaps = tuple(self._gaps)
        return pd.DataFrame(
            {
                "start": _times([gap.start_us for gap in gaps]),
                "end": _times([gap.end_us for gap in gaps]),
                "reason": pd.array([gap.reason for gap in gaps], dtype="str"),
            }
        )

    def __len__(self) -> int:
        """Return the number of gaps."""
        return len(self._gaps)


def _times(times_us: Sequence[int | None]) -> pd.Series:
    return pd.Series(times_us, dtype="Int64").astype("M8[us]").dt.tz_localize("UTC")
