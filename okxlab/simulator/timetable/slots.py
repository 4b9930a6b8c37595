"""A channel with a single key, whose rows fall due slot by slot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from okxlab.simulator.change import Change
from okxlab.simulator.paths import remember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.timetable.script import Row

__all__ = ["Slots"]

_KEPT = 64


class Slots(ABC):
    """A script that draws what it tells in each of equal stretches of time.

    Parameters
    ----------
    seed
        What it is drawn from.
    """

    channels: frozenset[str]
    slot_ms: int
    """How long a slot is; all rows of one fall due within it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._slots: dict[int, list[Row]] = {}

    @abstractmethod
    def draw(self, slot: int) -> list[Row]:
        """Return the rows of a slot, oldest first."""

    def find(self, arg: Arg, now_ms: int) -> str | None:  # noqa: ARG002  # a script's
        """Return the one key there is."""
        return ""

    def changes(
        self,
        channel: str,
        keys: Collection[str],  # noqa: ARG002  # there is but one
        after_ms: int,
        to_ms: int,
    ) -> Iterator[Change]:
        """Yield each row when it falls due."""
        for slot in range(after_ms // self.slot_ms, to_ms // self.slot_ms + 1):
            for row in self.rows(slot):
                if after_ms < int(row["ts"]) <= to_ms:
                    yield Change(int(row["ts"]), channel, "", [row])

    def rows(self, slot: int) -> list[Row]:
        """Return the rows of a slot, which are drawn once."""
        kept = self._slots.get(slot)
        if kept is None:
            kept = remember(self._slots, slot, self.draw(slot), _KEPT)
        return kept
