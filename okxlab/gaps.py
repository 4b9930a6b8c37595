"""The ledger of what is or may be missing in a stream."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Gap", "GapLedger", "frame_of_all", "gap_frame"]

_BOUND: Final = 10_000
"""Gaps kept: a connection that flaps every two seconds has as many in six hours."""


class Gap(msgspec.Struct, frozen=True, gc=False):
    """An interval in which rows may have been lost.

    Attributes
    ----------
    reason
        What happened, in a few words.
    start_us
        Receive time of the last sign of life before it [us since 1970].
    end_us
        When rows could come again [us since 1970]; None while it lasts.
    number
        How many gaps the stream had before.
    missing
        Rows that are known to have been lost; None where nobody can tell.
    is_healed
        Whether none of them is missing any more.
    how
        How it was healed, or why it was not; "" while that is not known.
    """

    reason: str
    start_us: int
    end_us: int | None = None
    number: int = 0
    missing: int | None = None
    is_healed: bool = False
    how: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.end_us is None


class GapLedger:
    """Every gap of one stream, in the order in which they were noticed.

    Only the newest are kept; their number goes on counting.

    Parameters
    ----------
    how
        What a gap says of its healing from the start: for streams that cannot be
        healed, why.
    bound
        Gaps to keep.

    Notes
    -----
    One thread writes; any thread may read.
    """

    def __init__(self, how: str = "", bound: int = _BOUND) -> None:
        self._how = how
        # Gaps are replaced, never changed, so a copy of the deque is consistent.
        self._gaps: deque[Gap] = deque(maxlen=bound)
        self._count = 0
        # Writer thread only: number of the gap that lasts.
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
        found = None if self._open is None else self.find(self._open)
        if found is None:
            found = self._record(reason, start_us, None)
            self._open = found.number
        return found

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
        number, self._open = self._open, None
        gap = self.find(number)
        if gap is None:
            return None
        return self.change(number, end_us=max(end_us, gap.start_us))

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
        return self._record(reason, start_us, end_us)

    def change(self, number: int, **fields: Any) -> Gap | None:
        """Write down what has become known of a gap.

        Parameters
        ----------
        number
            Which one.
        **fields
            Fields of `Gap`, and what they are now.

        Returns
        -------
        Gap or None
            The gap as it is now; None if it is too old to be kept.
        """
        found = self.find(number)
        if found is None:
            return None
        changed = msgspec.structs.replace(found, **fields)
        self._gaps[number - self._gaps[0].number] = changed
        return changed

    def find(self, number: int) -> Gap | None:
        """Return a gap by its number; None if it is too old to be kept."""
        place = number - (self._count - len(self._gaps))
        return self._gaps[place] if 0 <= place < len(self._gaps) else None

    @property
    def is_open(self) -> bool:
        """Whether a gap lasts."""
        return self._open is not None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps that are kept, oldest first."""
        while True:
            try:
                return tuple(self._gaps)
            except RuntimeError:  # one was added meanwhile
                continue

    @property
    def unhealed(self) -> int:
        """Number of gaps, of those that are kept, in which rows may be missing."""
        return sum(not gap.is_healed for gap in self.gaps)

    def snapshot(self) -> pd.DataFrame:
        """Return the gaps as a DataFrame, as `gap_frame` does."""
        return gap_frame(self.gaps)

    def __len__(self) -> int:
        """Return the number of gaps there ever were."""
        return self._count

    def _record(self, reason: str, start_us: int, end_us: int | None) -> Gap:
        gap = Gap(reason, start_us, end_us, self._count, how=self._how)
        self._gaps.append(gap)
        self._count += 1
        return gap


def gap_frame(gaps: Sequence[Gap]) -> pd.DataFrame:
    """Return gaps as a DataFrame.

    Parameters
    ----------
    gaps
        Which.

    Returns
    -------
    pandas.DataFrame
        One row for each gap: ``start`` and ``end`` (datetime64[us, UTC], NaT while
        it lasts), ``reason`` (str), ``missing`` (Int64, NA where the rows that were
        lost cannot be counted), ``healed`` (bool, whether none of them is missing
        any more) and ``how`` (str, how it was healed or why it was not; NaN as
        long as that is not known).
    """
    return pd.DataFrame(
        {
            "start": _times([gap.start_us for gap in gaps]),
            "end": _times([gap.end_us for gap in gaps]),
            "reason": _texts([gap.reason for gap in gaps]),
            "missing": pd.array([gap.missing for gap in gaps], dtype="Int64"),
            "healed": pd.Series([gap.is_healed for gap in gaps], dtype="bool"),
            "how": _texts([gap.how or None for gap in gaps]),
        }
    )


def frame_of_all(gaps: Sequence[tuple[str, Gap]]) -> pd.DataFrame:
    """Return the gaps of several streams as one DataFrame.

    Parameters
    ----------
    gaps
        Which, each with the name of its stream.

    Returns
    -------
    pandas.DataFrame
        As `gap_frame`, with ``stream`` (str) in front, in order of the start.
    """
    gaps = sorted(gaps, key=lambda one: one[1].start_us)
    frame = gap_frame([gap for _, gap in gaps])
    frame.insert(0, "stream", _texts([name for name, _ in gaps]))
    return frame


def _times(times_us: Sequence[int | None]) -> pd.Series:
    return pd.Series(times_us, dtype="Int64").astype("M8[us]").dt.tz_localize("UTC")


def _texts(texts: Sequence[str | None]) -> pd.Series:
    return pd.Series(texts, dtype="str")
