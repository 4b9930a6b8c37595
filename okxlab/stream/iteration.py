"""``async for row in stream``: typed rows through a bounded queue."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from okxlab.protocol.columns import clean
from okxlab.stream.overload import Overload

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from okxlab.stream.tape import Tape

__all__ = ["RowIterator"]

_BOUND = 10_000
"""Rows kept for a consumer that lags behind."""


class RowIterator:
    """An asynchronous iterator over the rows that come from now on.

    Belongs to the event loop it is first awaited in, which is never okxlab's
    own.  Ends when the stream is closed and raises what the stream failed with.

    Its queue is bounded.  Of a consumer that lags behind so far that it is full, a
    row that only says how something was gives way to a newer one of the same thing;
    trades and other events are dropped, oldest first, which the ledger and the
    status of the stream say.

    Attributes
    ----------
    skipped : int
        Rows that were dropped because the consumer lagged behind.
    conflated : int
        Rows that gave way to newer ones of the same thing.
    """

    def __init__(self, tape: Tape, bound: int = _BOUND) -> None:
        self.skipped = 0
        self.conflated = 0
        self._tape = tape
        self._bound = bound
        self._overload = Overload(
            f"an async for lags behind: more than {bound:,} rows wait for it"
        )
        self._rows: deque[Any] = deque()
        self._lock = threading.Lock()  # guards _rows and _signalled
        self._signalled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._listener = _weakly(self, tape)
        tape.listen(self._listener)

    def __aiter__(self) -> RowIterator:
        return self

    async def __anext__(self) -> Any:
        self._loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                if self._rows:
                    row = self._rows.popleft()
                    if not self._rows:
                        self._overload.is_behind = False
                    return clean(row)
                self._signalled = False
                self._event.clear()
            if self._tape.is_over:
                self.stop()
                if self._tape.failure is not None and not self._tape.closed:
                    raise self._tape.failure
                raise StopAsyncIteration
            await self._event.wait()

    def stop(self) -> None:
        """Take no more rows; safe from any thread and twice."""
        self._overload.is_behind = False
        self._tape.unlisten(self._listener)

    async def aclose(self) -> None:
        """Take no more rows, the way an asynchronous generator is closed."""
        self.stop()

    def take(self, rows: list[Any]) -> None:
        """Queue rows, or only wake the consumer; loop thread."""
        with self._lock:
            self._rows.extend(rows)
            if len(self._rows) > self._bound:
                self._shorten()
            if self._signalled or self._loop is None:
                return
            self._signalled = True
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:  # the consumer's loop is closed: nobody listens
            self.stop()

    def _shorten(self) -> None:
        """Make room: what is a state is conflated, else the oldest rows are lost."""
        key = _key_reader(self._tape, self._rows[-1])
        if key is not None:
            before = len(self._rows)
            newest: dict[Hashable, Any] = {}
            for row in self._rows:
                newest.pop(key(row), None)  # to stand where the newer one came
                newest[key(row)] = row
            self._rows = deque(newest.values())
            self.conflated += before - len(self._rows)
            self._tape.conflated += before - len(self._rows)
        over = len(self._rows) - self._bound
        for _ in range(over):
            self._rows.popleft()
        if over > 0:
            self.skipped += over
            self._tape.lose(self._overload, over)


def _weakly(rows: RowIterator, tape: Tape) -> Callable[[list[Any]], None]:
    """Return a listener that lets go of an iterator which nobody holds.

    Leaving ``async for`` by ``break`` tells the iterator nothing; it would go on
    collecting rows until the stream is closed.
    """
    reference = weakref.ref(rows)
    overload = rows._overload  # noqa: SLF001 # of the same module

    def listener(found: list[Any]) -> None:
        target = reference()
        if target is None:
            overload.is_behind = False
            tape.unlisten(listener)
        else:
            target.take(found)

    return listener


def _key_reader(tape: Tape, row: Any) -> Callable[[Any], Hashable] | None:
    """Return what tells of a row which state it is; None if each is an event."""
    if tape.entry.kind == "log":
        return None
    fields = row.__struct_fields__
    names = [name for name in tape.entry.key if name in fields]
    if len(names) < len(tape.entry.key) and len(tape.args) > 1:
        return None  # the rows do not tell which instrument they are of
    return attrgetter(*names) if names else lambda _: None
