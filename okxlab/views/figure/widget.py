"""The live figure: plotly in the page, fed with what has changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anywidget

from okxlab.views.figure import page, still
from okxlab.views.figure.displayed import Displayed
from okxlab.views.figure.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.views.figure.deltas import Source

__all__ = ["LiveFigure", "PainterLike"]

_SCRIPTS = ("page", "figure", "view", "arrays", "start")


def _module() -> str:
    """Return the page's half as one module of JavaScript."""
    place = Path(__file__).parent / "js"
    return "\n".join((place / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)


class PainterLike(Protocol):
    """What a live figure asks of the painter; the lab hands it over."""

    def add(self, job: Any) -> None:
        """Look after a figure from now on."""

    def remove(self, job: Any) -> None:
        """Look after it no more."""

    def wake(self) -> None:
        """Look again when its next frame is due."""


class LiveFigure(Displayed, anywidget.AnyWidget):
    """A plotly figure that changes while it is looked at.

    The page holds the figure and is sent only what has changed, at most `fps`
    times a second and not faster than it can paint.  What the user has zoomed or
    hidden stays so; a double click follows the newest again.

    Parameters
    ----------
    figure
        A `plotly.graph_objects.Figure`: what is shown at first.
    source
        Is asked for what has changed, on the painter thread.
    painter
        The one painter of the process.
    fps
        Most frames a second, up to 60.
    themes
        Templates of plotly by ``"light"`` and ``"dark"``; the page puts the one
        that suits it in the place of the figure's own.
    on_close
        Called with the figure, once, when it is closed.

    Raises
    ------
    ValueError
        If `fps` is out of range.

    Notes
    -----
    All methods are safe from any thread.
    """

    _esm = _module()

    def __init__(
        self,
        figure: Any,
        source: Source,
        *,
        painter: PainterLike,
        fps: float = 10.0,
        themes: dict[str, Any] | None = None,
        on_close: Callable[[LiveFigure], object] | None = None,
    ) -> None:
        if not 0 < fps <= 60:
            raise ValueError(f"fps={fps!r}: give a number above 0 and up to 60.")
        self._sender = Sender(
            figure,
            source,
            self.send,
            execution=page.execution(),
            fps=fps,
            themes=themes,
        )
        self._painter = painter
        self._on_close = on_close
        super().__init__()
        self.on_msg(self._hear)
        self._sender.begin(time.monotonic())
        painter.add(self._sender)

    @property
    def figure(self) -> Any:
        """The figure as it is now: a plain `plotly.graph_objects.Figure`."""
        import plotly.graph_objects as go

        return go.Figure(self._sender.as_dict())

    @property
    def is_closed(self) -> bool:
        """Whether it changes no more."""
        return self._sender.has_ended

    @property
    def frames(self) -> tuple[int, int]:
        """How many frames were sent, and the newest that a page has painted."""
        return self._sender.pace.sent, self._sender.pace.painted

    @property
    def errors(self) -> int:
        """How often the source raised or its deltas did not fit the figure."""
        return self._sender.errors

    @property
    def last_error(self) -> Exception | None:
        """What went wrong last, or None."""
        return self._sender.last_error

    def close(self) -> None:
        """Change no more, and leave a picture where this one was shown.

        Closing twice does nothing.
        """
        if self.is_closed:
            return
        self._sender.end(time.monotonic())
        self._painter.remove(self._sender)
        self.leave_still()
        if self._on_close is not None:
            self._on_close(self)

    def __del__(self) -> None:
        """Do nothing: a figure is closed by whoever made it, or never was one."""

    def _hear(self, _: object, content: Any, __: object) -> None:
        self._sender.hear(content, time.monotonic())
        if self.is_closed and self._sender.pace.views == 0:
            super().close()  # its picture stands there instead
        else:
            self._painter.wake()

    def _ipython_display_(self) -> None:
        """Show it in a cell, under an id by which it can be replaced later."""
        if self.is_closed:
            self.show_still()
            return
        self._sender.was_displayed()
        self.show()
        self._painter.wake()

    def still(self) -> dict[str, Any]:
        """Return a picture of this moment, by MIME type; it cannot raise."""
        return still.bundle(self._sender.as_dict(), repr(self))

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "live"
        return "<LiveFigure, {}: {} frames sent, {} painted>".format(
            state, *self.frames
        )
