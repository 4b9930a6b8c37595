"""Making one sequence of rows out of two connections that carry the same args.

Theory of operation.  While a connection is being replaced, an arg may be told on
both the old one and its successor.  What becomes of a push depends on the kind of
its channel:

- a *log* is taken from both for as long as both talk.  The exchange sends the same
  row to both, so a row is passed on as often as the connection that has it more
  often has it: nothing is lost to the one that is behind, and nothing is doubled;
- a book and a whole state are taken from the old one until the successor's first
  push of the arg, with which they begin anew in one step, and from the successor
  from then on;
- of a series, of bars and of changes to a state the old one has the word until it
  has ended.  What the successor says meanwhile is held back, and what the old one
  has told by then is left out of it: so they keep their order, too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.protocol.channels import channel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.events import Push

__all__ = ["Handover"]

_Rows = Counter[tuple["Arg", str]]


class Handover:
    """What of two connections is passed on.

    Parameters
    ----------
    heard
        What was told last of the args before: a successor may begin with it.

    Attributes
    ----------
    taken_over : set of Arg
        Args of which the successor has told something.
    """

    def __init__(self, heard: Iterable[Push] = ()) -> None:
        self.taken_over: set[Arg] = set()
        self._ahead_old: _Rows = Counter()  # told by the old one only, so far
        self._ahead_new: _Rows = Counter()
        self._held: list[tuple[Push, int]] = []
        self._has_ended = False  # the old one
        for push in heard:
            if not _is_whole(push):
                self._ahead_old.update(_marks(push))

    def from_old(self, push: Push) -> Push | None:
        """Return what is to be passed on of a push of the old connection."""
        if channel(push.arg.channel).kind == "log":
            return _sift(push, self._ahead_old, self._ahead_new)
        if _begins_anew(push) and push.arg in self.taken_over:
            return None
        if not _is_whole(push):
            self._ahead_old.update(_marks(push))
        return push

    def from_new(self, push: Push, recv_us: int) -> Push | None:
        """Return what is to be passed on now of a push of the successor."""
        self.taken_over.add(push.arg)
        if _begins_anew(push):
            return push
        if channel(push.arg.channel).kind == "log":
            return _sift(push, self._ahead_new, self._ahead_old)
        if not self._has_ended:
            self._held.append((push, recv_us))
            return None
        return push if _is_whole(push) else _without(push, self._ahead_old)

    def old_ended(self) -> list[tuple[Push, int]]:
        """Return what was held back, with its receive times [us since 1970 UTC]."""
        self._has_ended = True
        held, self._held = self._held, []
        passed = ((self.from_new(push, recv_us), recv_us) for push, recv_us in held)
        return [(push, recv_us) for push, recv_us in passed if push is not None]


def _begins_anew(push: Push) -> bool:
    """Tell whether the first push of a subscription is all there is to know."""
    entry = channel(push.arg.channel)
    return entry.kind == "book" or (
        entry.kind == "state" and (bool(push.event_type) or entry.opens)
    )


def _is_whole(push: Push) -> bool:
    """Tell whether rows may be told again, so that none is left out."""
    # The same bar may come back: prices go up and down again.
    return _begins_anew(push) or channel(push.arg.channel).kind == "bars"


def _sift(push: Push, own: _Rows, other: _Rows) -> Push | None:
    """Leave out what the other connection has told, and count the rest as ahead."""
    fresh = _without(push, other)
    if fresh is not None:
        own.update(_marks(fresh))
    return fresh


def _without(push: Push, told: _Rows) -> Push | None:
    """Return a push without rows that were told, each as often as it was."""
    rows: list[Any] = []
    for row, mark in zip(push.rows, _marks(push), strict=True):
        if told[mark] > 0:
            told[mark] -= 1
        else:
            rows.append(row)
    if len(rows) == len(push.rows):
        return push
    return msgspec.structs.replace(push, rows=rows) if rows else None


def _marks(push: Push) -> list[tuple[Arg, str]]:
    """Return for each row what it shares with its twin and with no other row."""
    arg, rows = push.arg, push.rows
    if channel(arg.channel).kind == "series" and rows and hasattr(rows[0], "seq_id"):
        # Best levels: what a subscription begins with may bear another time.
        return [(arg, str(row.seq_id)) for row in rows]
    return [(arg, repr(row)) for row in rows]
