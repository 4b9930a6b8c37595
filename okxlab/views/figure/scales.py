"""Axes of a picture: from values to places, and which values are written beside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Scale"]

_SECOND = 1000.0
_DAY = 86_400_000.0
_STEPS = [
    *(_SECOND * step for step in (0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30)),
    *(_SECOND * 60 * step for step in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(_DAY * step for step in (1, 2, 7, 14, 30, 91, 182, 365, 730, 1826, 3652)),
]
"""Distances between times that people count in [ms]."""
_PADDING = 0.05
"""Free room beyond the outermost values, as part of their span."""


class Scale:
    """One axis: values to places between `start` and `stop`.

    Parameters
    ----------
    axis
        The axis as the layout has it.
    values
        Arrays of what is drawn along it: numbers, or texts for a category axis.
    start, stop
        Where its ends are in the picture [px].
    padding
        Whether free room is left beyond the outermost values.
    """

    def __init__(
        self,
        axis: dict[str, Any],
        values: Iterable[np.ndarray[Any, Any]],
        start: float,
        stop: float,
        *,
        padding: bool = True,
    ) -> None:
        arrays = [array for array in values if len(array)]
        self.start, self.stop = start, stop
        self.is_date = axis.get("type") == "date"
        self._is_log = axis.get("type") == "log"
        self._names: dict[Any, int] = {}
        if any(array.dtype.kind == "O" for array in arrays):
            names = dict.fromkeys(name for array in arrays for name in array.tolist())
            self._names = {name: place for place, name in enumerate(names)}
        self.low, self.high = self._limits(axis, arrays, padding=padding)

    def _limits(
        self, axis: dict[str, Any], arrays: list[Any], *, padding: bool
    ) -> tuple[float, float]:
        if axis.get("range") is not None and None not in axis["range"]:
            given = axis["range"]
            if isinstance(given[0], str):
                given = pd.DatetimeIndex(given).as_unit("ns").asi8 / 1e6
            return float(given[0]), float(given[1])
        if self._names:
            return -0.5, len(self._names) - 0.5
        numbers = [self._linear(array) for array in arrays]
        finite = [part[np.isfinite(part)] for part in numbers]
        if not any(len(part) for part in finite):
            return 0.0, 1.0
        low = min(float(part.min()) for part in finite if len(part))
        high = max(float(part.max()) for part in finite if len(part))
        room = (high - low or abs(high) or 1.0) * _PADDING if padding else 0.0
        if low == high:
            room = room or 1.0
        if axis.get("autorange") == "reversed":
            return high + room, low - room
        return low - room, high + room

    def _linear(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if values.dtype.kind == "O":
            return np.array([self._names.get(name, np.nan) for name in values], float)
        if self._is_log:
            return np.log10(np.where(values > 0, values, np.nan))
        return values

    def place(self, values: Any) -> np.ndarray[Any, Any]:
        """Return where values are in the picture [px]; missing ones are NaN."""
        linear = self._linear(np.asarray(values))
        share = (linear - self.low) / (self.high - self.low)
        return np.asarray(self.start + share * (self.stop - self.start))

    def foot(self) -> float:
        """Return where 0 is, or the end of the axis that is nearest to it [px]."""
        low, high = sorted((self.start, self.stop))
        zero = float(self.place(np.zeros(1))[0])
        return min(max(zero, low), high) if zero == zero else self.start  # noqa: PLR0124  # NaN on a log axis

    def ticks(self, wanted: int) -> list[tuple[float, str]]:
        """Return places and texts of about so many round values."""
        low, high = sorted((self.low, self.high))
        if self._names:
            every = math.ceil(len(self._names) / wanted)
            named = list(self._names.items())[::every]
            return [(self._at(place), str(name)) for name, place in named]
        step = self._step((high - low) / wanted)
        values = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
        return [(self._at(value), self._text(value, step)) for value in values]

    def _at(self, linear: float) -> float:
        share = (linear - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    def _step(self, least: float) -> float:
        if self.is_date:
            return next((step for step in _STEPS if step >= least), _STEPS[-1])
        power = 10.0 ** math.floor(math.log10(least))
        return next(part * power for part in (1, 2, 5, 10) if part * power >= least)

    def _text(self, value: float, step: float) -> str:
        if self.is_date:
            time = pd.Timestamp(value, unit="ms")
            if step >= _DAY:
                return str(time.strftime("%Y-%m-%d"))
            return str(time.strftime("%H:%M" if step >= 60 * _SECOND else "%H:%M:%S"))
        if self._is_log:
            return f"{10**value:g}"
        return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
