"""A user's callback: new rows as a DataFrame, on the dispatcher thread."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from okxlab.runtime import Runtime
    from okxlab.stream.tape import Tape

__all__ = ["Callback"]


class Callback:
    """A function that is called with the rows that came since its last call.

    Made by `Stream.on_update`.  A slow function gets more rows at a time; rows
    that left the window before it came to them are counted as skipped.  One
    that raises is logged and called again with the next rows.

    Attributes
    ----------
    skipped : int
        Rows that the function never saw.
    """

    def __init__(
        self,
        fn: Callable[[pd.DataFrame], object],
        every: float,
        tape: Tape,
        runtime: Runtime,
    ) -> None:
        self.skipped = 0
        self._fn = fn
        self._tape = tape
        self._mark = tape.log.mark
        self._is_append_only = tape.entry.kind != "bars"

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

    def stop(self) -> None:
        """Call the function no more; safe from any thread and twice."""
        self._tape.unlisten(self._signal)
        self._ticket.stop()

    def __repr__(self) -> str:
        name = getattr(self._fn, "__qualname__", type(self._fn).__name__)
        return f"<Callback {name}: {self.errors} errors, {self.skipped} skipped>"

    def _signal(self, rows: list[Any]) -> None:
        if rows:
            self._ticket.signal()

    def _run_once(self) -> None:
        frame, mark = self._tape.log.changes(self._mark)
        if self._is_append_only:  # several updates of a bar are one row
            skipped = mark - self._mark - len(frame)
            self.skipped += skipped
            self._tape.skipped += skipped
        self._mark = mark
        if len(frame):
            self._fn(frame)
