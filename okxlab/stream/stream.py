"""The stream: what `okxlab.stream` returns and a notebook looks at."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Self, overload

from okxlab.errors import (
    OkxlabError,
    StreamBrokenError,
    StreamClosedError,
    WaitTimeoutError,
)
from okxlab.protocol.columns import clean
from okxlab.stream.callback import Callback
from okxlab.stream.iteration import RowIterator
from okxlab.views.html import stream_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import pandas as pd

    from okxlab.runtime import Runtime
    from okxlab.stream.stats import Stats
    from okxlab.stream.tape import Tape
    from okxlab.views.charts.subject import Subject
    from okxlab.views.figure.widget import LiveFigure

__all__ = ["Stream"]

_SLICE = 0.2
"""Longest uninterruptible part of a wait [s]: Windows cannot interrupt one."""


class Stream:
    """A live subscription and its rolling window of rows.

    Made by `okxlab.stream` and `Lab.stream`; asking for the same channel and
    arg again gives the same object.  Reading never raises and never waits: what
    the window holds at this moment is returned, also after a close or a
    refusal.

    Notes
    -----
    All methods are safe from any thread.
    """

    def __init__(
        self, tape: Tape, runtime: Runtime, end: Callable[[Stream], None]
    ) -> None:
        self._tape = tape
        self._runtime = runtime
        self._end = end
        self._uses = 0
        self._callbacks: list[Callback] = []
        # Live figures by what was asked for.
        self._figures: dict[tuple[object, ...], LiveFigure] = {}

    # What there is.

    @property
    def df(self) -> pd.DataFrame:
        """The rolling window as it is now, oldest row first.

        A snapshot: later messages never change it, and writing into it never
        changes the stream.

        Returns
        -------
        pandas.DataFrame
            Shape (n, columns), n within the window, in order of arrival,
            indexed by ``ts`` (exchange time, UTC).  For a state channel: the
            current rows, indexed by their key; one that has come to its end (a
            closed position, a filled order) is not among them.  Dtypes are the same before the first row as after a
            million; a missing number is NaN, never 0.  ``okxlab.channels(name)``
            lists the columns with their units.

        Notes
        -----
        About 20 us for logs and series at any length; candles and states copy
        when a row has changed.  Safe from any thread.
        """
        return self._tape.table.snapshot()

    @property
    def updates(self) -> pd.DataFrame:
        """The rolling sequence of changes of a state channel, oldest first.

        Where `df` has the current row of each key, this has each row as it came:
        an order from live to filled, a position until it is closed.

        Returns
        -------
        pandas.DataFrame
            As `df` of a log: indexed by ``ts`` (exchange time, UTC; the receive
            time for channels whose rows have none), with ``recv`` and
            ``origin`` at the end.  What a snapshot has left out is gone from
            `df` without a row here.  For other channels the same as `df`.
        """
        return self._tape.log.snapshot()

    def frame(self, last: int | None = None) -> pd.DataFrame:
        """Return a snapshot of the window, or of its newest rows.

        Parameters
        ----------
        last
            Number of newest rows; all rows by default, and a number below 0 or
            beyond the window is taken as the nearest that fits.

        Returns
        -------
        pandas.DataFrame
            As `df`.
        """
        return self._tape.table.snapshot(None if last is None else max(last, 0))

    @property
    def latest(self) -> Any:
        """The newest row as a typed value, or None before the first.

        Attributes are named as the columns; times are integers [ms since 1970
        UTC], a missing number is NaN and any other missing value None.
        """
        row = self._tape.latest
        return None if row is None else clean(row)

    @property
    def gaps(self) -> pd.DataFrame:
        """The intervals in which rows may be missing.

        Returns
        -------
        pandas.DataFrame
            Columns ``start``, ``end`` (datetime64[us, UTC], local receive time;
            ``end`` is NaT while the gap is open), ``reason``, ``missing`` (Int64,
            rows that were lost; NA where they cannot be counted), ``healed`` (bool,
            whether none of them is missing any more) and ``how`` (how it was
            healed, or why it was not); oldest first, the newest 10,000.
        """
        return self._tape.gaps.snapshot()

    @property
    def status(self) -> str:
        """What the stream is doing, in one word.

        ``connecting`` nothing was heard yet; ``waiting`` subscribed, no rows
        yet; ``live``; ``resyncing`` an order book is torn and shows nothing until
        its new snapshot; ``reconnecting`` a connection broke and is being made
        anew; ``refused`` by the exchange; ``failed`` inside okxlab; ``closed``
        by its user.
        """
        if not self._runtime.is_running and not self._tape.is_over:
            return "closed"
        return self._tape.status

    @property
    def stats(self) -> Stats:
        """The counters of the stream, as a copy of this moment."""
        return self._tape.stats()

    @property
    def channel(self) -> str:
        """OKX's name of the channel."""
        return self._tape.entry.name

    @property
    def inst_ids(self) -> tuple[str, ...]:
        """The instruments asked for; empty for channels without."""
        return tuple(arg.inst_id for arg in self._tape.args if arg.inst_id)

    @property
    def error(self) -> Exception | None:
        """Why the stream was refused or failed, or why it cannot connect."""
        return self._tape.failure or self._tape.trouble

    def __len__(self) -> int:
        return len(self._tape.table)

    # What comes.

    def wait(self, rows: int = 1, timeout: float = 30.0) -> pd.DataFrame:
        """Wait for rows that come after this call.

        Parameters
        ----------
        rows
            How many rows to wait for; updates of a bar or a state count.
        timeout
            Longest wait [s].

        Returns
        -------
        pandas.DataFrame
            The rows that came, as far as the window holds them; as `df`, and
            for a state channel as `updates`.

        Raises
        ------
        SubscriptionError, LoginError
            At once if the exchange refuses the subscription.
        WaitTimeoutError
            If fewer rows came in time; it says how many, and why if that is
            known.
        StreamClosedError, StreamBrokenError
            If the stream is or gets closed, or fails.
        OkxlabError
            If called on one of okxlab's own threads, which would wait for
            itself.

        Notes
        -----
        Can be interrupted.
        """
        if self._runtime.owns_current_thread():
            raise OkxlabError(
                "wait() inside a callback would wait for itself: use the frame "
                "that the callback is given, or wait in a cell"
            )
        mark = self._tape.log.mark
        deadline = time.monotonic() + timeout
        while not self._has(rows, mark):
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._too_late(rows, self._tape.log.mark - mark, timeout)
            self._tape.wait_for(
                lambda: self._tape.is_over or self._came(rows, mark), min(left, _SLICE)
            )
        return self._tape.log.since(mark)

    def _came(self, rows: int, mark: int) -> bool:
        return self._tape.log.mark - mark >= rows

    def _has(self, rows: int, mark: int) -> bool:
        if self._came(rows, mark):
            return True
        failure = self._tape.failure
        if self._tape.closed or not self._runtime.is_running:
            raise StreamClosedError(
                f"{self.name} is closed; ask for it again: {self._call}"
            )
        if failure is not None:
            if self._tape.status == "refused":
                raise failure
            raise StreamBrokenError(
                f"{self.name} failed: {failure}; ask for it again: {self._call}"
            ) from failure
        return False

    def _too_late(self, wanted: int, received: int, timeout: float) -> Exception:
        message = (
            f"{received} of {wanted} rows of {self.name} came within {timeout:g} s; "
            f"its status is {self.status}"
        )
        trouble = self._tape.trouble
        if trouble is not None:
            message += (
                f": {str(trouble).rstrip('.')}.  Without a network, the simulator serves the same "
                f'channels: okxlab.connect("simulator")'
            )
        elif self.status == "waiting" or received:
            message += "; a quiet market may need a longer timeout"
        error = WaitTimeoutError(message, wanted=wanted, received=received)
        error.__cause__ = trouble
        return error

    @overload
    def on_update(
        self, fn: Callable[[pd.DataFrame], object], every: float = 0.0
    ) -> Callback: ...
    @overload
    def on_update(
        self, fn: None = None, every: float = 0.0
    ) -> Callable[[Callable[[pd.DataFrame], object]], Callback]: ...
    def on_update(
        self, fn: Callable[[pd.DataFrame], object] | None = None, every: float = 0.0
    ) -> Callback | Callable[[Callable[[pd.DataFrame], object]], Callback]:
        """Call a function with the rows that came since its last call.

        Usable as a decorator, with or without arguments.

        Parameters
        ----------
        fn
            Called as ``fn(frame)`` on okxlab's dispatcher thread.
        every
            Shortest time between two calls [s]; 0 calls as rows come.

        Returns
        -------
        Callback
            With ``stop()``, ``errors``, ``last_error`` and ``skipped``.

        Raises
        ------
        StreamClosedError
            If the stream is closed.

        Notes
        -----
        A slow function is called with more rows at a time and delays nothing
        but other callbacks; one that raises is logged, counted and called again.
        """
        if fn is None:
            return lambda fn: self.on_update(fn, every)
        if self._tape.closed:
            raise StreamClosedError(
                f"{self.name} is closed; ask for it again: {self._call}"
            )
        callback = Callback(fn, every, self._tape, self._runtime)
        self._callbacks.append(callback)
        return callback

    def __aiter__(self) -> RowIterator:
        """Iterate over the typed rows that come from now on.

        Rows are as `latest`.  The queue is bounded: rows that a slow consumer
        does not get to are counted in ``stats.skipped``.
        """
        return RowIterator(self._tape)

    # What it is drawn as.

    def chart(
        self,
        name: str | None = None,
        *,
        inst_id: str | None = None,
        last: int | None = None,
        theme: str = "auto",
        tick: float | None = None,
    ) -> Any:
        """Draw the window as it is now.

        Parameters
        ----------
        name
            Which chart; by default the one of the channel, or of several
            instruments their prices rebased to 100.  A wrong name raises with
            the list of those that fit.
        inst_id
            Of several instruments the one to draw.
        last
            Number of newest rows; all by default.
        theme
            ``"auto"``, transparent and readable on light and on dark;
            ``"light"`` or ``"dark"``, with a background of its own.
        tick
            Smallest step of the price, as ``tick_sz`` of `okxlab.instruments`;
            by default it is read from the prices.

        Returns
        -------
        plotly.graph_objects.Figure
            A picture of this moment, which later rows do not change: to zoom, or
            to keep by ``write_html``.  Gaps are shaded, times are UTC.  A stream
            without rows gives one that says so.

        Raises
        ------
        ChannelError
            If there is no such chart or instrument; with the near miss.
        ValueError
            If there is no such theme.

        Notes
        -----
        Of large windows a line has the points that can be seen; `df` has all.
        """
        from okxlab.stream.drawn import draw

        return draw(self, name, inst_id=inst_id, last=last, theme=theme, tick=tick)

    @property
    def charts(self) -> tuple[str, ...]:
        """The charts that fit, by name, the default first; for `chart` and `live`."""
        from okxlab.views.charts import default_of, fitting

        subject = self._subject(None, 1)
        return tuple(dict.fromkeys((default_of(subject).name, *fitting(subject))))

    def live(
        self,
        name: str | None = None,
        *,
        inst_id: str | None = None,
        last: int | None = None,
        theme: str = "auto",
        tick: float | None = None,
        fps: float = 10.0,
    ) -> LiveFigure:
        """Show the window as a chart that is always up to date.

        Asking for the same chart again gives the same widget, until it is
        closed.

        Parameters
        ----------
        name, inst_id, last, tick
            As for `chart`.
        theme
            ``"auto"`` takes the colours of the notebook, light or dark;
            ``"light"`` and ``"dark"`` bring their own.
        fps
            Most pictures a second; a page that is slower gets fewer.

        Returns
        -------
        LiveFigure
            A widget.  What its user zooms stays so, and a double click follows
            the newest again.  Its ``close()`` leaves a picture in the notebook,
            and so does closing the stream.

        Raises
        ------
        ChannelError
            If there is no such chart or instrument; with the near miss.
        ValueError
            If there is no such theme, or `fps` is not between 0 and 60.

        Notes
        -----
        It goes on while a cell runs, and rests while nobody sees it.
        """
        from okxlab.stream.live import live

        asked = (name, inst_id, last, theme, tick, fps)
        found = self._figures.get(asked)
        if found is None or found.is_closed:
            found = self._figures[asked] = live(
                self,
                name,
                painter=self._runtime.painter,
                version=self._version,
                inst_id=inst_id,
                last=last,
                theme=theme,
                tick=tick,
                fps=fps,
            )
        return found

    def _version(self) -> object:
        """Return what is equal as long as a chart of this stream is the same."""
        tape = self._tape
        return tape.table.mark, tape.log.mark, self.status, len(tape.gaps)

    def _subject(self, name: str | None, last: int | None) -> Subject:  # noqa: ARG002 # a book needs it
        """Return what a chart is drawn of."""
        from okxlab.views.charts.subject import Subject

        kind = self._tape.entry.kind
        updates = self.updates if kind == "state" else None
        return Subject(
            channel=self.channel,
            kind=kind,
            frame=self.frame(last),
            inst_ids=self.inst_ids,
            status=self.status,
            gaps=self.gaps,
            updates=updates if updates is None or last is None else updates.tail(last),
            is_lag_known=not math.isnan(self._tape.lag),
        )

    # The end.

    def close(self) -> None:
        """End the subscription for everyone who holds this stream.

        What the window holds stays readable.  Closing twice does nothing.
        """
        for callback in self._callbacks:
            callback.stop()
        self._callbacks.clear()
        self._end(self)
        for figure in list(self._figures.values()):
            figure.close()
        self._figures.clear()

    def __enter__(self) -> Self:
        self._uses += 1
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._uses -= 1
        if self._uses == 0:
            self.close()

    # What it looks like.

    @property
    def name(self) -> str:
        """Channel and what of it, in a few words."""
        args = self._tape.args
        if len(args) == 1:
            return str(args[0])
        return f"{self.channel} of {len(args)} instruments"

    @property
    def _call(self) -> str:
        inst_ids = self.inst_ids
        which = repr(inst_ids[0] if len(inst_ids) == 1 else list(inst_ids))
        return f"okxlab.stream({which}, {self.channel!r})" if inst_ids else "stream()"

    def __repr__(self) -> str:
        tape = self._tape
        parts = [f"{len(tape.table):,} rows"]
        if not math.isnan(tape.rate):
            parts.append(f"{tape.rate:.1f}/s")
        if not math.isnan(tape.lag):
            parts.append(f"lag {tape.lag * 1000:.0f} ms")
        if len(tape.gaps):
            parts.append(f"{len(tape.gaps)} gaps")
        return f"<{type(self).__name__} {self.name}, {self.status}: {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        return stream_html(self)
