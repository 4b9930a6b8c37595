"""A user's callback: new rows as a DataFrame, on the dispatcher thread."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from okxlab.stream.overload import Overload

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from okxlab.runtime import Runtime
    from okxlab.stream.tape import Tape

__all__ = ["Callback"]


class Callback:
    """A function that is called with the rows that came since its last call.

    Made by `Stream.on_update`.  A slow function gets more rows at a time; rows
    that left the window before it came to them are counted, and the ledger and the
    status of the stream tell of them.  One that raises is logged and called again
    with the next rows.

    Attributes
    ----------
    skipped : int
        Rows that the function never saw; of bars those of which it saw no state.
    conflated : int
        Older states of one thing that it never saw, where it saw the newest.
    """

    def __init__(
        self,
        fn: Callable[[pd.DataFrame], object],
        every: float,
        tape: Tape,
        runtime: Runtime,
    ) -> None:
        self.skipped = 0
        self.conflated = 0
        self._fn = fn
        self._tape = tape
        self._runtime = runtime
        self._seen = tape.log.seen
        self._is_of_one_state = (
            tape.entry.kind in ("series", "book") and len(tape.args) == 1
        )
        self._overload = Overload(
            "a callback lags behind: rows have left the window before it came to them"
        )

        @functools.wraps(fn)  # so that log records name the user's function
        def run() -> None:
            self._run_once()

        self._ticket = runtime.dispatcher.add(run, every=every)
        tape.listen(self._signal)

    def __call__(self, frame: pd.DataFrame) -> object:
        """Call the function itself, as if it were not decorated."""
        return self._fn(frame)

    @property
    def errors(self) -> int:
        """How often the function raised."""
        return self._ticket.errors

    @property
    def last_error(self) -> BaseException | None:
        """What the function raised last, or None."""
        return self._ticket.last_error

    @property
    def is_stopped(self) -> bool:
        """Whether it is called no more."""
        return self._ticket.stopped

    def stop(self) -> None:
        """Call the function no more; safe from any thread and twice."""
        self._tape.unlisten(self._signal)
        self._ticket.stop()
        self._overload.is_behind = False

    def __repr__(self) -> str:
        name = getattr(self._fn, "__qualname__", type(self._fn).__name__)
        return f"<Callback {name}: {self.errors} errors, {self.skipped} skipped>"

    def _signal(self, rows: list[Any]) -> None:
        if rows:
            self._ticket.signal()

    def _run_once(self) -> None:
        found = self._tape.log.news(self._seen)
        self._seen = found.seen
        if found.lost and self._is_of_one_state:
            self.conflated += found.lost
            self._tell(self._conflate, found.lost)
        elif found.lost:
            self.skipped += found.lost
            self._tell(self._lose, found.lost)
        try:
            if len(found.frame):
                self._fn(found.frame)
        finally:
            if self._overload.is_behind or found.lost:
                self._tell(self._catch_up)

    def _tell(self, what: Callable[..., None], *rows: int) -> None:
        if self._runtime.is_running:
            self._runtime.post(what, *rows)

    # On the loop thread, which counts and knows what has come meanwhile.

    def _conflate(self, rows: int) -> None:
        self._tape.conflated += rows

    def _lose(self, rows: int) -> None:
        if not self.is_stopped:
            self._tape.lose(self._overload, rows)

    def _catch_up(self) -> None:
        if self._seen.mark == self._tape.log.mark:
            self._overload.is_behind = False
