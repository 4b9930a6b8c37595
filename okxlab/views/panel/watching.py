"""The part of the panel that shows streams, and one of them as a chart."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from okxlab.errors import OkxlabError
from okxlab.views.html import streams_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.lab import Lab
    from okxlab.stream import Stream

__all__ = ["Watching"]

_NOTHING: Final = (
    '<div style="opacity:0.75;margin:6px 0">No streams yet: choose one above, or ask '
    "for one in a cell.</div>"
)
_FPS: Final = 8.0
"""Other than what code asks for: the panel closes its figures, and those only."""


class Watching:
    """The table of streams; of the selected one a chart, a pause and an end.

    Parameters
    ----------
    lab
        Whose streams are shown: also those that code has asked for.
    say
        Takes what is to be told.
    """

    def __init__(self, lab: Lab, say: Callable[[str], None]) -> None:
        self._lab = lab
        self._say = say
        self._streams: dict[str, Stream] = {}
        self._figure: Any = None
        # The painter's thread follows the lab, cells and buttons choose.
        self._lock = threading.RLock()
        self.table = widgets.HTML()
        self.selected = widgets.Dropdown(
            description="", options=[], layout=widgets.Layout(width="330px")
        )
        self.name = widgets.Dropdown(options=[], layout=widgets.Layout(width="130px"))
        self.pause = widgets.ToggleButton(
            description="Pause",
            tooltip="the chart rests, the stream goes on",
            layout=widgets.Layout(width="90px"),
        )
        self.end = widgets.Button(
            description="Close stream", layout=widgets.Layout(width="110px")
        )
        self.chart = widgets.VBox()
        self.bar = widgets.HBox(
            [self.selected, self.name, self.pause, self.end],
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        self.box = widgets.VBox([self.table, self.bar, self.chart])
        self.selected.observe(lambda _: self._select(), "value")
        self.name.observe(lambda _: self._draw(), "value")
        self.pause.observe(lambda _: self._draw(), "value")
        self.end.on_click(lambda _: self._close_stream())

    @property
    def stream(self) -> Stream | None:
        """The stream that is selected."""
        return self._streams.get(str(self.selected.value))

    def show(self, stream: Stream) -> None:
        """Select a stream."""
        with self._lock:
            self.refresh()
            if stream.name in self._streams:
                self.selected.value = stream.name

    def refresh(self) -> None:
        """Follow what the lab has by now; any thread."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        streams = {stream.name: stream for stream in self._lab.streams}
        self.table.value = streams_html(self._lab) if streams else _NOTHING
        before = self.selected.value
        self._streams = streams
        if self.selected.options != tuple(streams):
            self.selected.options = tuple(streams)
            self.selected.value = (
                before if before in streams else next(iter(streams), None)
            )
        self.bar.layout.display = "" if streams else "none"

    def still(self) -> str:
        """Return the table and a picture of the chart, as HTML."""
        with self._lock:
            figure = self._figure
            drawn = "" if figure is None else figure.still().get("text/html", "")
            return f"{self.table.value}{drawn}"

    def close(self) -> None:
        """Draw no more."""
        self._let_go()

    def _select(self) -> None:
        stream = self.stream
        names = stream.charts if stream is not None else ()
        if self.name.options != names:
            self.name.options = names
        if names:
            self.name.value = names[0]
        self._draw()

    def _draw(self) -> None:
        """Show the chart that is chosen, in place of the one before."""
        stream, name = self.stream, self.name.value
        if self.pause.value:
            self._let_go(keep=True)
            return
        if stream is None or name not in stream.charts:
            self._let_go()
            return
        try:
            figure = stream.live(name, fps=_FPS)
        except (OkxlabError, ValueError) as error:
            self._say(str(error))
            return
        if figure is not self._figure:
            self._let_go()
            self._figure = figure
            figure.open()
            self.chart.children = (figure,)

    def _let_go(self, *, keep: bool = False) -> None:
        figure, self._figure = self._figure, None
        if figure is None:
            return
        if keep:
            # What was drawn last stays to be looked at.
            self.chart.children = (widgets.HTML(figure.still().get("text/html", "")),)
        else:
            self.chart.children = ()
        figure.close()

    def _close_stream(self) -> None:
        stream = self.stream
        if stream is not None:
            self._let_go()
            stream.close()
            self.refresh()
