"""``async for row in stream``: typed rows through a bounded queue."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from okxlab.protocol.columns import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.stream.tape import Tape

__all__ = ["RowIterator"]

_BOUND = 10_000
"""Rows kept for a consumer that lags behind; older ones are counted as skipped."""


class RowIterator:
    """An asynchronous iterator over the rows that come from now on.

    Belongs to the event loop it is first awaited in, which is never okxlab's
    own.  Ends when the stream is closed and raises what the stream failed with.

    Attributes
    ----------
    skipped : int
        Rows that were dropped because the consumer lagged behind.
    """

    def __init__(self, tape: Tape, bound: int = _BOUND) -> None:
        self.skipped = 0
        self._tape = tape
        self._bound = bound
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
                    return clean(self._rows.popleft())
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
        self._tape.unlisten(self._listener)

    async def aclose(self) -> None:
        """Take no more rows, the way an asynchronous generator is closed."""
        self.stop()

    def take(self, rows: list[Any]) -> None:
        """Queue rows, or only wake the consumer; loop thread."""
        with self._lock:
            self._rows.extend(rows)
            over = len(self._rows) - self._bound
            for _ in range(over):
                self._rows.popleft()
            if over > 0:
                self.skipped += over
                self._tape.skipped += over
            if self._signalled or self._loop is None:
                return
            self._signalled = True
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:  # the consumer's loop is closed: nobody listens
            self.stop()


def _weakly(rows: RowIterator, tape: Tape) -> Callable[[list[Any]], None]:
    """Return a listener that lets go of an iterator which nobody holds.

    Leaving ``async for`` by ``break`` tells the iterator nothing; it would go on
    collecting rows until the stream is closed.
    """
    reference = weakref.ref(rows)

    def listener(found: list[Any]) -> None:
        target = reference()
        if target is None:
            tape.unlisten(listener)
        else:
            target.take(found)

    return listener
