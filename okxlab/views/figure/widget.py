"""The live figure: plotly in the page, fed with what has changed."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anywidget

from okxlab.views.figure import page, still
from okxlab.views.figure.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.views.figure.deltas import Source

__all__ = ["LiveFigure", "PainterLike"]

_WIDGET_PROTOCOL = "2.1.0"
"""Version of the widget messages, as ipywidgets 8 speaks them."""

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


class LiveFigure(anywidget.AnyWidget):
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

    comm: Any
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
        self._display_id: str | None = None
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

    def open(self) -> None:
        """Make the model in the page; done by itself."""
        if self.comm is None:
            self.comm = page.make_comm(
                uuid.uuid4().hex,
                target_name="jupyter.widget",
                data={"state": self.get_state(), "buffer_paths": []},
                metadata={"version": _WIDGET_PROTOCOL},
            )

    def close(self) -> None:
        """Change no more, and leave a picture where this one was shown.

        Closing twice does nothing.
        """
        if self.is_closed:
            return
        self._sender.end(time.monotonic())
        self._painter.remove(self._sender)
        if self._display_id is not None:
            page.publish(self._still(), self._display_id, update=True)
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
            page.publish(self._still(), uuid.uuid4().hex)
            return
        if self._display_id is None:
            self._display_id = uuid.uuid4().hex
        self._sender.was_displayed()
        page.publish(self._moving(), self._display_id)
        self._painter.wake()

    def _moving(self) -> dict[str, Any]:
        """Return the widget, and a picture for readers that run no kernel."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return self._still() | {"application/vnd.jupyter.widget-view+json": view}

    def _still(self) -> dict[str, Any]:
        return still.bundle(self._sender.as_dict(), repr(self))

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "live"
        return "<LiveFigure, {}: {} frames sent, {} painted>".format(
            state, *self.frames
        )
