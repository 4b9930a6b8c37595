"""The thread that sends frames to the live figures of all pages.

One thread for all of them: a figure says when its next frame is due and paints
when it is called.  Nothing queues, since a figure that comes late paints what is
newest then.  The thread starts with the first figure and ends with the last.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Paintable", "Painter"]

logger = logging.getLogger("okxlab.painter")

THREAD_NAME = "okxlab-painter"

_LONGEST = 3600.0
"""Longest wait of the thread [s]: platforms have a limit, this is below all."""
_AFTER_ERROR = 1.0
"""How long a figure that raised is left alone [s]."""


class Paintable(Protocol):
    """What the painter asks of a figure."""

    def due(self, now: float) -> float:
        """Return when the next frame is due [monotonic s]; inf: not before a wake."""

    def paint(self, now: float) -> None:
        """Send what has changed; painter thread."""


class Painter:
    """Call figures when their next frames are due.

    Parameters
    ----------
    monotonic
        The time by which frames are due [s].

    Attributes
    ----------
    errors : int
        Exceptions of figures that nobody caught.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.errors = 0
        self._monotonic = monotonic
        self._wake = threading.Event()
        # Guards what follows; never held while a figure is called.
        self._lock = threading.Lock()
        # When each may be called at the earliest, whatever it says.
        self._jobs: dict[Paintable, float] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, job: Paintable) -> None:
        """Look after a figure from now on; any thread."""
        with self._lock:
            if self._closed:
                return
            self._jobs.setdefault(job, -math.inf)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=THREAD_NAME, daemon=True
                )
                self._thread.start()
        self._wake.set()

    def remove(self, job: Paintable) -> None:
        """Look after a figure no more; one that is not here is passed over."""
        with self._lock:
            self._jobs.pop(job, None)
        self._wake.set()

    def wake(self) -> None:
        """Ask all figures anew when their next frames are due; any thread."""
        self._wake.set()

    def owns_current_thread(self) -> bool:
        """Tell whether this is the painter thread."""
        return threading.current_thread() is self._thread

    def close(self, timeout: float = 1.0) -> None:
        """Paint nothing more and end the thread.

        Parameters
        ----------
        timeout
            How long a figure that is painting is waited for [s].
        """
        with self._lock:
            self._closed = True
            self._jobs.clear()
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    # On the painter thread.

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._thread = None  # the next figure starts another one
                    return
                jobs = list(self._jobs.items())
            self._wake.clear()
            soonest = min(self._serve(job, earliest) for job, earliest in jobs)
            pause = soonest - self._monotonic()
            if pause > 0:
                self._wake.wait(min(pause, _LONGEST))

    def _serve(self, job: Paintable, earliest: float) -> float:
        """Let a figure paint if it is due, and return when it is due next."""
        try:
            now = self._monotonic()
            due = max(job.due(now), earliest)
            if due > now:
                return due
            job.paint(now)
            now = self._monotonic()
            return max(job.due(now), earliest)
        except Exception:  # the others go on
            self.errors += 1
            if self.errors & (self.errors - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
                logger.exception("a figure raised (%d times so far)", self.errors)
            return self._delay(job)

    def _delay(self, job: Paintable) -> float:
        earliest = self._monotonic() + _AFTER_ERROR
        with self._lock:
            if job in self._jobs:
                self._jobs[job] = earliest
        return earliest
