"""Acks, and answers to logins, that a fault holds back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from okxlab.protocol.asked import LoginAsked

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.asked import SubscribeAsked, UnsubscribeAsked
    from okxlab.simulator.link import Link

__all__ = ["LateAck", "LateAcks"]


class LateAck(msgspec.Struct):
    """One ack that is held back."""

    link: Link
    asked: SubscribeAsked | UnsubscribeAsked | LoginAsked
    due: float
    """Monotonic time [s]; infinite if it waits for pushes instead."""
    pushes: int
    """Pushes to go until it is sent; 0 if it waits for a time."""


class LateAcks:
    """The acks of one exchange that are held back, oldest first."""

    def __init__(self) -> None:
        self._late: list[LateAck] = []

    def __bool__(self) -> bool:
        return bool(self._late)

    def delay(
        self,
        link: Link,
        asked: SubscribeAsked | UnsubscribeAsked | LoginAsked,
        due: float,
    ) -> None:
        """Hold an ack back until a monotonic time [s]."""
        self._late.append(LateAck(link, asked, due, 0))

    def await_pushes(
        self, link: Link, asked: SubscribeAsked | UnsubscribeAsked, pushes: int
    ) -> None:
        """Hold an ack back until so many pushes of its arg were sent."""
        self._late.append(LateAck(link, asked, float("inf"), pushes))

    def next_due(self) -> float | None:
        """Return when the next one is due [monotonic s], if any."""
        return min((late.due for late in self._late), default=None)

    def take_due(self, now: float) -> list[LateAck]:
        """Return those that are due, and forget them."""
        return self._take([late for late in self._late if late.due <= now])

    def count_push(self, link: Link, arg: Arg) -> list[LateAck]:
        """Count a push; return those that waited for it, and forget them."""
        waiting = [
            late
            for late in self._late
            if late.link is link
            and late.pushes
            and not isinstance(late.asked, LoginAsked)
            and late.asked.arg == arg
        ]
        for late in waiting:
            late.pushes -= 1
        return self._take([late for late in waiting if not late.pushes])

    def forget(self, link: Link) -> None:
        """Forget those of a connection that is gone."""
        self._late = [late for late in self._late if late.link is not link]

    def _take(self, due: list[LateAck]) -> list[LateAck]:
        for late in due:
            self._late.remove(late)
        return due
