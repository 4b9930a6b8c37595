"""Where the rows of an arg go over from one connection to the next.

A seam is told what the old connection says, holds back what its successor says,
and is closed when the old one has ended: then it gives what is news, and goes on
with what comes.  What is news depends on the kind of the channel:

- rows of a *log*, a *series* or the changes of a state bear ids or times, and the
  exchange sends the same row to both: each is told as often as one of them has it;
- a *series* may begin with a row that was made for the subscription alone: if the
  old connection has told a later one, that is no news;
- *bars* are told as they are now: prices go up and down, so that the same bar may
  come again and be news;
- a *book* goes on with the change that follows the last one told, or begins anew
  if there is none;
- a *whole state*, which a subscription begins with, goes on behind a change that
  both have told; if there is none it is what the successor has, in one step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.protocol.channels import channel

if TYPE_CHECKING:
    from collections.abc import Hashable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push

    Held = tuple[Push, int]

__all__ = ["Seam", "make_seam"]


class Seam(ABC):
    """The rows of one arg, on two connections.

    Attributes
    ----------
    is_closed : bool
        Whether the successor speaks for itself.
    begins_whole : bool
        Whether a subscription begins with all there is to know.
    """

    begins_whole = False

    def __init__(self) -> None:
        self.is_closed = False
        self._held: list[Held] = []

    @abstractmethod
    def tell(self, push: Push) -> None:
        """Remember what the old connection has told."""

    def hold(self, push: Push, recv_us: int) -> None:
        """Hold back what the successor has told, and when [us since 1970 UTC]."""
        self._held.append((push, recv_us))

    def close(self) -> list[Held]:
        """Return what is news, as the old connection has told all that it will."""
        self.is_closed = True
        held, self._held = self._held, []
        return self._news_of(held)

    @abstractmethod
    def follow(self, push: Push, recv_us: int) -> list[Held]:
        """Return what is news of what the successor tells once it is closed."""

    def settle(self) -> list[Held]:
        """Return what is held back, wherever it belongs."""
        return []

    @abstractmethod
    def _news_of(self, held: list[Held]) -> list[Held]:
        """Return what is news of what was held back."""


class _Rows(Seam):
    """Rows that can be told from one another."""

    def __init__(self) -> None:
        super().__init__()
        self._told: Counter[str] = Counter()

    def tell(self, push: Push) -> None:
        self._told.update(_marks(push))

    def follow(self, push: Push, recv_us: int) -> list[Held]:
        rows: list[Any] = []
        for row, mark in zip(push.rows, _marks(push), strict=True):
            if self._told[mark] > 0:
                self._told[mark] -= 1
            else:
                rows.append(row)
        if len(rows) == len(push.rows):
            return [(push, recv_us)]
        return [(msgspec.structs.replace(push, rows=rows), recv_us)] if rows else []

    def _news_of(self, held: list[Held]) -> list[Held]:
        return [one for push, recv_us in held for one in self.follow(push, recv_us)]


class _Series(_Rows):
    """Rows each of which is a new state, with its time."""

    def __init__(self, entry: Channel) -> None:
        super().__init__()
        self._time_of = attrgetter(entry.time) if entry.time else lambda _: None
        self._newest = 0  # told by the old one [ms]
        self._has_begun = False

    def tell(self, push: Push) -> None:
        super().tell(push)
        for row in push.rows:
            self._newest = max(self._newest, self._time_of(row) or 0)

    def follow(self, push: Push, recv_us: int) -> list[Held]:
        news = super().follow(push, recv_us)
        is_first, self._has_begun = not self._has_begun, True
        if not is_first or not news:
            return news
        fresh = news[0][0]
        times = [self._time_of(row) for row in fresh.rows]
        is_old = any(time and time < self._newest for time in times)
        return [] if is_old else news


class _Bars(Seam):
    """Rows that are updated until they are over."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[Hashable, Any] = {}
        self._newest: dict[Hashable, Any] = {}

    def tell(self, push: Push) -> None:
        self._told.update((row.ts, row) for row in push.rows)

    def hold(self, push: Push, recv_us: int) -> None:
        self._newest.update((row.ts, row) for row in push.rows)
        self._held = [(push, recv_us)]

    def follow(self, push: Push, recv_us: int) -> list[Held]:
        return [(push, recv_us)]

    def _news_of(self, held: list[Held]) -> list[Held]:
        told = self._told
        rows = [row for ts, row in self._newest.items() if told.get(ts) != row]
        if not rows:
            return []
        push, recv_us = held[-1]
        return [(msgspec.structs.replace(push, rows=rows), recv_us)]


class _Book(Seam):
    """Changes of a book, each of which names the one before."""

    begins_whole = True

    def __init__(self) -> None:
        super().__init__()
        self._last: int | None = None  # told by the old one

    def tell(self, push: Push) -> None:
        if push.rows:
            self._last = push.rows[-1].seq_id

    def close(self) -> list[Held]:
        news = self._news_of(self._held)
        if self.is_closed:
            self._held = []
        return news

    def settle(self) -> list[Held]:
        held, self._held = self._held, []
        self.is_closed = True
        return held

    def follow(self, push: Push, recv_us: int) -> list[Held]:
        return [(push, recv_us)]

    def _news_of(self, held: list[Held]) -> list[Held]:
        held = [one for one in held if one[0].rows]
        last = self._last
        if last is None or not held:
            self.is_closed = bool(held) or last is None
            return held
        heard = held[-1][0].rows[-1].seq_id
        if heard < last:
            return []  # it has yet to come to where the old one was
        self.is_closed = True
        for place, (push, _) in enumerate(held):
            if push.action != "snapshot" and push.rows[0].prev_seq_id == last:
                return held[place:]
        return held[_last_snapshot(held) :] if heard > last else []


class _Whole(Seam):
    """A state that is told whole at first, and then its changes."""

    begins_whole = True

    def __init__(self, entry: Channel) -> None:
        super().__init__()
        self._entry = entry
        self._key_of = attrgetter(*entry.key)
        self._told: Counter[str] = Counter()
        self._is_open = False  # the successor has begun

    def tell(self, push: Push) -> None:
        self._told.update(_marks(push))

    def hold(self, push: Push, recv_us: int) -> None:
        super().hold(self._as_opening(push), recv_us)

    def follow(self, push: Push, recv_us: int) -> list[Held]:
        return [(self._as_opening(push), recv_us)]

    def _as_opening(self, push: Push) -> Push:
        """Call what a subscription begins with a snapshot, which it is."""
        is_first, self._is_open = not self._is_open, True
        if is_first and not push.event_type:
            return msgspec.structs.replace(push, event_type="snapshot")
        return push

    def _news_of(self, held: list[Held]) -> list[Held]:
        told = self._told
        shared = [
            place
            for place, (push, _) in enumerate(held)
            # A change may repeat rows that are as they were.
            if push.event_type != "snapshot" and all(told[it] for it in _marks(push))
        ]
        if shared:
            return held[shared[-1] + 1 :]
        if not held or not held[-1][0].last_page:
            return held
        return [(self._as_one(held), held[-1][1])]

    def _as_one(self, held: list[Held]) -> Push:
        """Return the state that the successor has by now."""
        rows: dict[Hashable, Any] = {}
        for push, _ in held:
            if push.event_type == "snapshot" and push.cur_page <= 1:
                rows.clear()
            for row in push.rows:
                rows[self._key_of(row)] = row
        push = held[-1][0]
        return msgspec.structs.replace(
            push,
            rows=list(rows.values()),
            event_type="snapshot",
            cur_page=0,
            last_page=True,
        )


def make_seam(arg: Arg) -> Seam:
    """Return the seam that the channel of an arg needs.

    Parameters
    ----------
    arg
        Whose rows.

    Returns
    -------
    Seam
    """
    entry = channel(arg.channel)
    if entry.kind == "book":
        return _Book()
    if entry.kind == "bars":
        return _Bars()
    if entry.kind == "state" and entry.opens:
        return _Whole(entry)
    return _Series(entry) if entry.kind == "series" else _Rows()


def _last_snapshot(held: list[Held]) -> int:
    places = [
        place for place, (push, _) in enumerate(held) if push.action == "snapshot"
    ]
    return places[-1] if places else 0


def _marks(push: Push) -> list[str]:
    """Return for each row what it shares with its twin and with no other row."""
    rows = push.rows
    if channel(push.arg.channel).depth and rows and hasattr(rows[0], "seq_id"):
        # Best levels: what a subscription begins with may bear another time.
        return [str(row.seq_id) for row in rows]
    return [repr(row) for row in rows]
