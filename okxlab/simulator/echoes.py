"""Pushes that a fault sends late, again or without their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okxlab.simulator.topic import Topic

__all__ = ["Echoes", "blanked"]

_KEPT: Final = frozenset(
    ("instId", "instType", "sprdId", "tradeId", "ts", "seqId", "prevSeqId", "side")
)
"""What OKX always has."""


class Echoes:
    """Pushes that are to be sent once more, by their topic."""

    def __init__(self) -> None:
        self._waiting: WeakKeyDictionary[Topic, list[tuple[str, int]]] = (
            WeakKeyDictionary()
        )

    def add(self, topic: Topic, text: str, later: int) -> None:
        """Keep a push until so many others of its topic were sent."""
        self._waiting.setdefault(topic, []).append((text, later))

    def count(self, topic: Topic) -> list[str]:
        """Count a push of a topic; return what is due behind it."""
        waiting = self._waiting.pop(topic, None)
        if waiting is None:
            return []
        left = [(text, later - 1) for text, later in waiting if later > 1]
        if left:
            self._waiting[topic] = left
        return [text for text, later in waiting if later <= 1]


def blanked(rows: Sequence[Any]) -> list[Any]:
    """Return wire rows in which every number is an empty text.

    What identifies a row stays, and of a bar its time and whether it is final.
    """
    return [
        [row[0], *("" for _ in row[1:-1]), row[-1]]
        if isinstance(row, list)
        else {
            key: "" if isinstance(value, str) and key not in _KEPT else value
            for key, value in row.items()
        }
        for row in rows
    ]
