"""When the next frame of a figure may be sent.

Three situations, by what can be heard from the page:

*closed loop*
    The kernel is idle and the page says which frames it has painted and how far
    apart: as fast as it paints, at most `fps`, and not far ahead of it.
*open loop*
    A cell runs, so that nothing the page says can arrive: a few frames a second,
    whatever happened to the ones before.  The page merges what it gets.
*probing*
    The kernel is idle and nobody answers: the page was closed, or the network
    is gone.  One frame now and then, until somebody does.

Nothing is sent while a page says that it shows no view of the figure, and none
while the kernel is idle and the page says that all of them are out of sight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Pace"]

OPEN_LOOP = 0.25
"""Time between frames where nothing can be heard [s]."""
PROBE = 5.0
"""Time between frames where somebody should answer and nobody does [s]."""
PATIENCE = 2.5
"""How long the page may take to say that it has painted [s]."""
_AHEAD = 1.5
"""How far the kernel may be ahead of what it has heard [s]: a page reports about
once a second, since every report makes the kernel busy and idle again, and says so
to everyone.  Nothing queues by that: the page merges what it gets."""
_FASTER = 0.8
"""Part of the page's own time between paints after which the next frame goes out:
less than 1, so that a page which has caught up is sent more again."""


@dataclass(slots=True)
class _Page:
    """What a page has said last."""

    heard: float
    views: int = 0
    visible: int = 0
    interval: float = 0.0


class Pace:
    """Decide when the next frame goes out; knows times, but no clock.

    Parameters
    ----------
    fps
        Most frames a second.

    Attributes
    ----------
    sent, painted : int
        Number of the last frame that was sent, and that a page has painted.
    """

    def __init__(self, fps: float) -> None:
        self.sent = 0
        self.painted = 0
        self._least = 1.0 / fps
        self._ahead = max(2, round(fps * _AHEAD))
        self._pages: dict[str, _Page] = {}
        self._last = -math.inf
        # Since when something has been unanswered that could have been answered.
        self._waiting: float | None = None

    @property
    def views(self) -> int | None:
        """How many views of the figure there are; None if nobody has said so."""
        if not self._pages:
            return None
        return sum(page.views for page in self._pages.values())

    def was_displayed(self) -> None:
        """Forget that it was shown nowhere: it is now, somewhere."""
        self._pages.clear()

    def note_sent(self, now: float) -> int:
        """Count a frame that is being sent and return its number."""
        self.sent += 1
        self._last = now
        if self._waiting is None:
            self._waiting = now
        return self.sent

    def note_look(self, now: float) -> None:
        """Take down that nothing had changed, so that nothing was sent."""
        self._last = now

    def note_view(self, page: str, views: int, visible: int, now: float) -> None:
        """Take down how many views a page has, and how many can be seen."""
        said = self._pages.setdefault(page, _Page(now))
        said.heard, said.views, said.visible = now, views, visible
        if not visible:
            self._waiting = None  # who shows nothing paints nothing

    def note_painted(self, page: str, frame: int, interval: float, now: float) -> None:
        """Take down which frame a page has painted.

        Parameters
        ----------
        page
            Which page.
        frame
            Number of the newest frame that all its visible views show.
        interval
            Time between its paints of late [s].
        now
            Monotonic time [s].
        """
        said = self._pages.setdefault(page, _Page(now, 1, 1))
        said.heard, said.interval = now, min(interval, PATIENCE)
        self.painted = min(self.sent, max(self.painted, frame))
        self._waiting = None if self.painted == self.sent else now

    def due(self, now: float, *, busy: bool) -> float:
        """Return when the next frame may be sent.

        Parameters
        ----------
        now
            Monotonic time [s].
        busy
            Whether a cell runs, so that the page cannot be heard.

        Returns
        -------
        float
            Monotonic time [s], in the past if at once; inf: not before somebody
            says something.
        """
        if self.views == 0:
            return math.inf
        if busy:
            if self._waiting is not None:
                self._waiting = now  # what could not be said was not kept back
            return self._last + max(self._least, OPEN_LOOP)
        if self._waiting is not None and now - self._waiting >= PATIENCE:
            self._forget_silent(now)
            return self._last + PROBE
        if self._pages and not any(page.visible for page in self._pages.values()):
            return math.inf
        if self.sent - self.painted >= self._ahead and self._waiting is not None:
            return self._waiting + PATIENCE
        slowest = max((page.interval for page in self._pages.values()), default=0.0)
        return self._last + max(self._least, _FASTER * slowest)

    def _forget_silent(self, now: float) -> None:
        """Forget pages that should have painted and did not say so."""
        self._pages = {
            name: page
            for name, page in self._pages.items()
            if not page.visible or now - page.heard < PATIENCE
        }
