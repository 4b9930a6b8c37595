"""Which trades a stream has ever shown, kept in a few numbers."""

from __future__ import annotations

import numpy as np


class Seen:
    """The trade ids that the frames of one instrument have shown.

    Attributes
    ----------
    doubles
        Ids that one frame showed more than once.
    """

    def __init__(self) -> None:
        self.doubles = 0
        self.stretches: list[tuple[int, int]] = []

    def look(self, frame) -> None:
        """Take in what a frame of trades shows."""
        if frame.empty:
            return
        highs = frame["trade_id"].to_numpy()
        counts = frame["count"].to_numpy() if "count" in frame else np.ones_like(highs)
        order = np.argsort(highs, kind="stable")
        highs = highs[order]
        lows = highs - counts[order].astype("int64") + 1
        self.doubles += int((lows[1:] <= highs[:-1]).sum())
        breaks = np.flatnonzero(lows[1:] != highs[:-1] + 1)
        begins = lows[np.concatenate(([0], breaks + 1))]
        ends = highs[np.concatenate((breaks, [len(highs) - 1]))] + 1
        self._join(list(zip(begins.tolist(), ends.tolist(), strict=True)))

    def missing(self, last: int) -> int:
        """Return how many ids from the first one shown to `last` were never shown."""
        if not self.stretches:
            return 0
        first = self.stretches[0][0]
        shown = sum(high - low for low, high in self.stretches)
        return last + 1 - first - shown

    def _join(self, new) -> None:
        joined: list[tuple[int, int]] = []
        for low, high in sorted([*self.stretches, *new]):
            if joined and low <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], high))
            else:
                joined.append((low, high))
        self.stretches = joined
