"""The tape of a state: the current rows, and the sequence of their changes.

Theory of operation.  For each arg the tape knows the current row of each key.  A
message either *begins anew* (a snapshot: what is not in it has gone) or changes
single rows; a row may also say that it has come to its end (a position of size
0, a filled order).  What differs from before is written to `log`, the rolling
sequence of changes, and the table of current rows follows.

What begins anew:

- a message that calls itself a snapshot; its pages are collected first, and a
  snapshot with a page missing only updates, because what is not in it may have
  been on that page;
- on channels whose first message is the whole state, the first one after each
  (re)connection;
- a list that was loaded by REST.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from okxlab.stream.repeats import Repeats
from okxlab.stream.tape import Tape
from okxlab.table import make_table

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel
    from okxlab.protocol.events import Push
    from okxlab.table import StateTable, Window

__all__ = ["StateTape"]


class _Known(NamedTuple):
    """A current row and when it was heard of [us]."""

    row: Any
    recv_us: int


class _Pages:
    """A snapshot that is not complete yet."""

    def __init__(self) -> None:
        self.next = 1
        self.rows: list[Any] = []
        # Changes that were heard between the pages: newer than any page.
        self.later: list[Any] = []


class StateTape(Tape):
    """Current rows of a state channel, and what has changed.

    Parameters
    ----------
    entry, args, lag_known
        As in `Tape`.
    window
        How many changes to keep; of current rows only ``max_rows`` limits the
        number.
    """

    table: StateTable

    def __init__(
        self,
        entry: Channel,
        args: tuple[Arg, ...],
        window: Window,
        *,
        many: bool = False,
        lag_known: bool = True,
    ) -> None:
        super().__init__(entry, args, window, many=many, lag_known=lag_known)
        self.log = make_table("log", entry.update_columns(), window=window)
        self._append = self.log.append
        self._key_of = attrgetter(*entry.key)
        self._repeats = Repeats(entry) if entry.repeats else None
        self._known: dict[Arg, dict[Hashable, _Known]] = {arg: {} for arg in args}
        self._pages: dict[Arg, _Pages] = {}
        # Args whose next message is the whole state, if it says nothing else.
        self._unopened = set(args) if entry.opens else set()
        # Rows of these may end while nobody listens, and nothing says which.
        self._ends_unheard = bool(entry.ends_by) and not (entry.opens or entry.rest)
        self._outdated: set[Arg] = set()

    # Written on the loop thread.

    def receive(self, push: Push, recv_us: int) -> None:  # noqa: D102 # inherited
        changed = self._take(push, recv_us)
        super().receive(msgspec.structs.replace(push, rows=changed), recv_us)

    def load(  # noqa: D102 # inherited
        self, rows: list[Any], recv_us: int, arg: Arg, asked_us: int | None = None
    ) -> None:
        newer = {
            key: one.row
            for key, one in self._known[arg].items()
            if asked_us is not None and one.recv_us >= asked_us
        }
        rows = [row for row in rows if self._key_of(row) not in newer]
        if self._repeats is not None:
            # A list was perhaps made before an end that was heard meanwhile.
            rows = [row for row in rows if not self._repeats.has_ended(row)]
        changed = self._begin(arg, [*rows, *newer.values()], recv_us)
        super().load(changed, recv_us, arg)
        self._settle_in(arg, recv_us)

    def lost(self, args: list[Arg], why: str, alive_us: int) -> None:  # noqa: D102
        for arg in args:
            self._pages.pop(arg, None)
            if self.entry.opens:
                self._unopened.add(arg)
        if self._ends_unheard:
            self._outdated.update(args)
        super().lost(args, why, alive_us)

    def acknowledged(  # noqa: D102 # inherited
        self, arg: Arg, dropped: tuple[str, ...], now_us: int
    ) -> None:
        self._forget_outdated(arg, now_us)
        super().acknowledged(arg, dropped, now_us)

    def catch_up(self, other: Tape, arg: Arg, recv_us: int) -> None:  # noqa: D102
        assert isinstance(other, StateTape), "tapes of one arg are of one kind"
        self._unopened -= {arg} - other._unopened  # noqa: SLF001 # one of its own
        rows = [one.row for one in other._known[arg].values()]  # noqa: SLF001 # too
        super().load(self._begin(arg, rows, recv_us), recv_us, arg)
        if other._states.get(arg) == "live":  # noqa: SLF001 # too
            self._settle_in(arg, recv_us)

    def _settle_in(self, arg: Arg, recv_us: int) -> None:
        """Be live: all there is is known, though nothing has moved yet."""
        if self._states.get(arg) == "waiting":
            self._set(arg, "live", recv_us)

    def _take(self, push: Push, recv_us: int) -> list[Any]:
        """Bring the current rows up to date and return what has changed."""
        arg, rows = push.arg, push.rows
        self._forget_outdated(arg, recv_us)
        if self._repeats is not None:
            rows = self._repeats.sift(rows)
        if push.event_type == "snapshot":
            return self._take_page(arg, push, rows, recv_us)
        if not push.event_type and arg in self._unopened:
            self._unopened.discard(arg)
            return self._begin(arg, rows, recv_us)
        if arg in self._pages:
            self._pages[arg].later += rows
        return self._change(arg, rows, recv_us)

    def _take_page(
        self, arg: Arg, push: Push, rows: list[Any], recv_us: int
    ) -> list[Any]:
        self._unopened.discard(arg)
        if push.cur_page <= 1:
            self._pages[arg] = _Pages()
        pages = self._pages.get(arg)
        if pages is None or push.cur_page not in (0, pages.next):
            self._pages.pop(arg, None)
            return self._change(arg, rows, recv_us)
        pages.next += 1
        pages.rows += rows
        if not push.last_page:
            return []
        del self._pages[arg]
        return self._begin(arg, pages.rows + pages.later, recv_us)

    def _forget_outdated(self, arg: Arg, recv_us: int) -> None:
        """Begin anew after an interruption that rows may have ended in."""
        if arg in self._outdated:
            self._outdated.discard(arg)
            self._begin(arg, [], recv_us)

    def _begin(self, arg: Arg, rows: list[Any], recv_us: int) -> list[Any]:
        """Make these rows the whole state of an arg."""
        before = self._known[arg]
        changed = [row for row in rows if not self._is_known(before, row)]
        newest = {self._key_of(row): row for row in rows}
        now = self._known[arg] = {
            key: _Known(row, recv_us)
            for key, row in newest.items()
            if not self._has_ended(row)
        }
        if len(self.args) == 1:
            live = [one.row for one in now.values()]
            self.table.replace(live, recv_us, arg.inst_id)
        else:
            self._show(arg, {**before, **now}, recv_us)
        return changed

    def _change(self, arg: Arg, rows: list[Any], recv_us: int) -> list[Any]:
        """Update single rows of the state of an arg."""
        known = self._known[arg]
        changed = []
        for row in rows:
            if self._is_known(known, row):
                continue
            changed.append(row)
            key = self._key_of(row)
            if self._has_ended(row):
                known.pop(key, None)
            else:
                known[key] = _Known(row, recv_us)
        self._show(arg, map(self._key_of, changed), recv_us)
        return changed

    def _show(self, arg: Arg, keys: Iterable[Hashable], recv_us: int) -> None:
        """Let the table follow what is known of some keys."""
        known = self._known[arg]
        touched = dict.fromkeys(keys)
        self.table.discard(key for key in touched if key not in known)
        live = [known[key].row for key in touched if key in known]
        if live:
            self.table.append(live, recv_us, arg.inst_id)

    def _is_known(self, known: dict[Hashable, _Known], row: Any) -> bool:
        found = known.get(self._key_of(row))
        return found is not None and bool(found.row == row)

    def _has_ended(self, row: Any) -> bool:
        field = self.entry.ends_by
        return bool(field) and getattr(row, field) in self.entry.ends_at
