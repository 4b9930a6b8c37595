"""The kernel's half of a live figure: ask the source, tell the page."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from okxlab.views.figure.pace import Pace
from okxlab.views.figure.page import plotly_script
from okxlab.views.figure.state import FigureState, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from okxlab.views.figure.deltas import Source
    from okxlab.views.figure.page import Execution

__all__ = ["Sender"]

_log = logging.getLogger("okxlab.views")

_REFRESH = 30.0
"""Where the page cannot be heard, the whole figure goes out this often [s], in
case something was lost on the way."""
_SHARE = 4.0
"""A source that takes t to answer is asked again after so many times t."""
_ASKED_TWICE = 2.0
"""Requests for plotly's script that wait in line are answered once [s]."""


class Sender:
    """What a live figure shows, and when the page is told what of it.

    Parameters
    ----------
    figure
        A `plotly.graph_objects.Figure`: what is shown at first.
    source
        Is asked for what has changed.
    send
        Sends a message and its buffers to the page; any thread.
    execution
        Whether the page can be heard.
    fps
        Most frames a second.
    themes
        Templates of plotly by ``"light"`` and ``"dark"``; the page puts the one
        that suits it in the place of the figure's own.

    Attributes
    ----------
    pace : Pace
        When frames go out, and how many did.
    errors : int
        How often the source raised or its deltas did not fit the figure.
    last_error : Exception or None
        What it was last.

    Notes
    -----
    Safe from any thread.
    """

    def __init__(
        self,
        figure: Any,
        source: Source,
        send: Callable[[dict[str, Any], Sequence[Any]], object],
        *,
        execution: Execution,
        fps: float = 10.0,
        themes: dict[str, Any] | None = None,
    ) -> None:
        self.errors = 0
        self.last_error: Exception | None = None
        self.pace = Pace(fps)
        # Guards everything here; held while the source is asked.
        self._guard = threading.RLock()
        self._state = FigureState(figure, themes)
        self._source = source
        self._send = send
        self._execution = execution
        self._next_look = 0.0
        self._whole_at = 0.0
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self._has_ended

    def begin(self, now: float) -> None:
        """Tell the page what there is, with plotly if it has not got that yet."""
        with self._guard:
            if not self._execution.has_sent_plotly:
                self._tell_plotly(now)
            self._tell_all(now)

    def due(self, now: float) -> float:
        """Return when `paint` is to be called [monotonic s]; inf: not yet."""
        with self._guard:
            due = self.pace.due(now, busy=self._execution.is_busy)
            return max(due, self._next_look)

    def paint(self, now: float) -> None:
        """Ask the source what has changed and tell the page; painter thread."""
        with self._guard:
            if self._has_ended:
                return
            begun = time.perf_counter()
            frame = self._changes()
            self._next_look = now + _SHARE * (time.perf_counter() - begun)
            if self._execution.is_busy and now - self._whole_at >= _REFRESH:
                self._tell_all(now)
            elif frame.operations:
                self._tell(frame, now)
            else:
                self.pace.note_look(now)

    def end(self, now: float) -> None:
        """Tell the page the last changes, and nothing any more."""
        with self._guard:
            if self._has_ended:
                return
            frame = self._changes()
            if frame.operations:
                self._tell(frame, now)
            self._has_ended = True

    def hear(self, content: Any, now: float) -> None:
        """Take down what a page says; what is not understood is passed over."""
        with self._guard:
            match content:
                case {"kind": "painted", "page": str(page), "frame": int(frame)}:
                    interval = float(content.get("interval", 0.0)) / 1000.0
                    self.pace.note_painted(page, frame, interval, now)
                case {"kind": "view", "page": str(page), "views": int(views)}:
                    visible = int(content.get("visible", 0))
                    self.pace.note_view(page, views, visible, now)
                    self._give(content.get("needs", ()), now)

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as it is now, as plotly's own JSON has it."""
        with self._guard:
            return self._state.as_dict()

    def was_displayed(self) -> None:
        """Forget what pages said: there is a new view, of which none has said yet."""
        with self._guard:
            self.pace.was_displayed()

    def _changes(self) -> Frame:
        """Ask the source, change the state and return what the page is to do."""
        frame = Frame()
        try:
            deltas = self._source.changes()
        except Exception as error:  # noqa: BLE001  # a user's source; it is asked again
            self._note_error(error)
            return frame
        try:
            for delta in deltas:
                self._state.apply(delta, frame)
        except Exception as error:  # noqa: BLE001  # a delta that does not fit
            self._note_error(error)
            frame = Frame()
            self._state.tell_all(frame)  # part of it may have been applied
        return frame

    def _note_error(self, error: Exception) -> None:
        self.errors += 1
        self.last_error = error
        if self.errors & (self.errors - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            _log.error(
                "a live figure cannot be updated (%d times so far)",
                self.errors,
                exc_info=error,
            )

    def _give(self, needs: Sequence[str], now: float) -> None:
        if "plotly" in needs and now - self._execution.plotly_sent >= _ASKED_TWICE:
            self._tell_plotly(now)
        if "figure" in needs:
            self._tell_all(now)

    def _tell(self, frame: Frame, now: float) -> None:
        content = {
            "kind": "frame",
            "frame": self.pace.note_sent(now),
            "sent": round(time.time() * 1000.0),
            "operations": frame.operations,
        }
        self._send(content, [frame.buffer])

    def _tell_all(self, now: float) -> None:
        frame = Frame()
        self._state.tell_all(frame)
        self._whole_at = now
        self._tell(frame, now)

    def _tell_plotly(self, now: float) -> None:
        self._execution.plotly_sent = now
        self._send({"kind": "plotly"}, [plotly_script()])
