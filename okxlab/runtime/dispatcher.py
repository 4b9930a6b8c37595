"""The thread that runs callbacks, so that none of them can hold up the feed.

A callback is registered once and signalled often.  Signals conflate: however
many come before a run, they make one run, and one that comes during a run makes
another after it.  So there is never more than one entry a callback in the queue,
and signalling costs the loop thread a look at a flag most of the time.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from okxlab.errors import OkxlabError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Dispatcher", "Ticket"]

logger = logging.getLogger("okxlab.dispatcher")

THREAD_NAME = "okxlab-dispatcher"
_MOST_WAITING = 1_000
"""Single calls that may wait; more would be a callback that never comes back."""


class Ticket:
    """One callback and its place in the queue; made by `Dispatcher.add`.

    Attributes
    ----------
    runs, errors : int
        How often the callback was run, and how often it raised.
    last_error : BaseException or None
        What it raised last.
    """

    def __init__(
        self, dispatcher: Dispatcher, fn: Callable[[], object], every: float
    ) -> None:
        self.runs = 0
        self.errors = 0
        self.last_error: BaseException | None = None
        self.stopped = False
        self._dispatcher = dispatcher
        self._fn = fn
        self._every = every
        self._not_before = 0.0  # dispatcher thread only
        # Set by whoever signals, cleared by the dispatcher just before the run:
        # a signal during the run is therefore never lost.
        self._pending = False

    @property
    def name(self) -> str:
        """What log records call the callback."""
        return getattr(self._fn, "__qualname__", None) or repr(self._fn)

    def signal(self) -> None:
        """Ask for a run.  Never blocks; safe from any thread."""
        if not (self._pending or self.stopped):
            self._pending = True
            self._dispatcher.enqueue(self)

    def stop(self) -> None:
        """Run the callback no more; a run that has begun ends by itself."""
        self.stopped = True

    def due(self) -> float:
        """Return the earliest time of the next run [monotonic s]."""
        return self._not_before

    def run(self, now: float) -> None:
        """Run the callback once, on the dispatcher thread."""
        self._not_before = now + self._every
        self._pending = False
        if self.stopped:
            return
        self.runs += 1
        try:
            self._fn()
        except BaseException as error:  # noqa: BLE001  # even sys.exit() in a callback must not end the thread of all others
            self.errors += 1
            self.last_error = error
            self._report(error)

    def _report(self, error: BaseException) -> None:
        if self.errors & (self.errors - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            logger.error(
                "callback %s raised (%d times so far)",
                self.name,
                self.errors,
                exc_info=error,
            )


class Dispatcher:
    """The queue of callbacks and the thread that runs them.

    The thread is a daemon and starts with the first signal.

    Attributes
    ----------
    dropped : int
        Single calls that found the queue full.
    """

    def __init__(self) -> None:
        self.dropped = 0
        # Deques are appended to and popped from without a lock: both are atomic.
        self._queue: deque[Ticket] = deque()
        self._wake = threading.Event()
        self._closed = False
        # Guards the start of the thread only.
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # Tickets that wait for their time; dispatcher thread only.
        self._early: list[tuple[float, int, Ticket]] = []
        self._order = itertools.count()

    def add(self, fn: Callable[[], object], every: float = 0.0) -> Ticket:
        """Register a callback.

        Parameters
        ----------
        fn
            Called without arguments on the dispatcher thread.
        every
            Least time between the starts of two runs [s].

        Returns
        -------
        Ticket
            Its ``signal()`` asks for a run, its ``stop()`` ends it.

        Raises
        ------
        ValueError
            If `every` is negative or not a number.
        """
        if not every >= 0:
            raise ValueError(f"every={every!r} must be 0 or a number of seconds.")
        return Ticket(self, fn, every)

    def call(self, fn: Callable[[], object]) -> bool:
        """Run a function once.

        Parameters
        ----------
        fn
            Called without arguments on the dispatcher thread.

        Returns
        -------
        bool
            False if too many calls are waiting already: it is then dropped and
            counted.
        """
        if len(self._queue) >= _MOST_WAITING:
            self.dropped += 1
            return False
        self.add(fn).signal()
        return True

    def owns_current_thread(self) -> bool:
        """Tell whether this is the dispatcher thread."""
        return threading.current_thread() is self._thread

    def enqueue(self, ticket: Ticket) -> None:
        """Put a ticket into the queue; for `Ticket.signal`."""
        if self._closed:
            return
        self._queue.append(ticket)
        self._wake.set()
        if self._thread is None:
            self._start()

    def close(self, timeout: float = 1.0) -> None:
        """Run nothing more and end the thread.

        Parameters
        ----------
        timeout
            How long a callback that is running is waited for [s].
        """
        with self._lock:
            self._closed = True
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name=THREAD_NAME, daemon=True
                )
                try:
                    self._thread.start()
                except RuntimeError as error:
                    self._thread = None
                    raise OkxlabError(
                        f"The thread for callbacks cannot be started: {error}."
                    ) from error

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(self._pause())
            self._wake.clear()
            self._run_due()

    def _pause(self) -> float | None:
        if not self._early:
            return None
        return max(0.0, self._early[0][0] - time.monotonic())

    def _run_due(self) -> None:
        while self._early and self._early[0][0] <= time.monotonic():
            self._queue.append(heapq.heappop(self._early)[2])
        # Only what is here now: a callback that signals itself must not keep
        # the others waiting.
        for _ in range(len(self._queue)):
            if self._closed:
                return
            ticket = self._queue.popleft()
            now = time.monotonic()
            if ticket.due() > now:
                entry = (ticket.due(), next(self._order), ticket)
                heapq.heappush(self._early, entry)
            else:
                ticket.run(now)
        if self._queue:
            self._wake.set()
