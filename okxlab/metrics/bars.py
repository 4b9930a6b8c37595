"""Where bars begin: OKX's names of bars and pandas' frequencies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid", "check_single"]

_OKX_BAR = re.compile(r"(\d+)([smHDWMY])(utc)?")
_HOUR = 3_600_000
_DAY = 24 * _HOUR
_LENGTHS = {"s": 1_000, "m": 60_000, "H": _HOUR, "D": _DAY, "W": 7 * _DAY}
_MONTHS = {"M": 1, "Y": 12}
_HONG_KONG = 8 * _HOUR
_MONDAY = 4 * _DAY
"""From the epoch, a Thursday, to the first Monday."""


class Grid:
    """The bars of one frequency.

    Parameters
    ----------
    freq
        An OKX bar, ``"1m"``, ``"4H"``, ``"1Dutc"``, in OKX's sense: upper-case
        ``M`` is a month, and bars of 6 hours and longer begin on Hong Kong time
        (16:00 UTC) unless their name ends in ``utc``.  Otherwise a fixed
        frequency of pandas, ``"90s"``, ``"10min"``, counted from the epoch.

    Raises
    ------
    ValueError
        If it is neither.
    """

    def __init__(self, freq: str) -> None:
        self.freq = freq
        self._months = 0
        self._length = 0
        self._shift = 0
        found = _OKX_BAR.fullmatch(str(freq))
        if found is None:
            self._length = _fixed(freq)
        elif found[2] in _MONTHS:
            self._months = int(found[1]) * _MONTHS[found[2]]
        else:
            self._length = int(found[1]) * _LENGTHS[found[2]]
        if not self._length and not self._months:
            raise _no_freq(freq)
        if found is not None:
            self._shift = self._offset(found[2], is_utc=bool(found[3]))

    def _offset(self, unit: str, *, is_utc: bool) -> int:
        is_long = self._months or self._length >= 6 * _HOUR
        shift = _HONG_KONG if is_long and not is_utc else 0
        return shift - _MONDAY if unit == "W" else shift

    def starts(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the bar of each time begins [ms since 1970, UTC]."""
        local = times + self._shift
        if not self._months:
            return local // self._length * self._length - self._shift
        months = local.astype("M8[ms]").astype("M8[M]").astype(np.int64)
        return self._of_months(months // self._months * self._months)

    def between(self, first: int, last: int) -> NDArray[np.int64]:
        """Return every start from one to another, both included [ms]."""
        if not self._months:
            return np.arange(first, last + 1, self._length, dtype=np.int64)
        ends = np.array([first, last], np.int64) + self._shift
        low, high = ends.astype("M8[ms]").astype("M8[M]").astype(np.int64)
        return self._of_months(np.arange(low, high + 1, self._months, dtype=np.int64))

    def _of_months(self, months: NDArray[np.int64]) -> NDArray[np.int64]:
        times: NDArray[np.int64] = (
            months.astype("M8[M]").astype("M8[ms]").astype(np.int64) - self._shift
        )
        return times


def check_single(frame: pd.DataFrame) -> None:
    """Refuse a frame in which several instruments are mixed.

    Raises
    ------
    ValueError
        With how to choose one.
    """
    if "inst_id" not in frame.columns:
        return
    inst_ids = frame["inst_id"].to_numpy()
    if len(inst_ids) and (inst_ids != inst_ids[0]).any():
        raise ValueError(
            "the frame holds several instruments: choose one, as in "
            "df[df.inst_id == 'BTC-USDT'], or df.groupby('inst_id')"
        )


def _fixed(freq: str) -> int:
    try:
        return int(pd.Timedelta(pd.tseries.frequencies.to_offset(freq)) // _MS)
    except (ValueError, TypeError) as error:
        raise _no_freq(freq) from error


_MS = pd.Timedelta(1, "ms")


def _no_freq(freq: object) -> ValueError:
    return ValueError(
        f"no bar {freq!r}: use OKX's names ('1m', '4H', '1Dutc') or a fixed "
        f"frequency of pandas ('90s', '10min')"
    )
