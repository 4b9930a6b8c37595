"""The past that streams begin with, as it is loaded: bars, and a way to stop it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import ipywidgets as widgets

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.lab import Lab
    from okxlab.stream import Stream
    from okxlab.stream.loading import Loading

__all__ = ["Loads"]

_STYLES: Final = {"loading": "info", "waiting": "warning", "failed": "danger"}


class _Load:
    """A row: the stream, a bar, what is to be said, and a button."""

    def __init__(self, stream: Stream, dismissed: Callable[[Stream], None]) -> None:
        self._stream = stream
        self._dismissed = dismissed
        self.bar = widgets.FloatProgress(
            max=1.0, bar_style="info", layout=widgets.Layout(width="220px")
        )
        self.said = widgets.HTML()
        self.button = widgets.Button(
            description="Cancel", layout=widgets.Layout(width="90px")
        )
        self.box = widgets.HBox(
            [self.bar, self.button, self.said],
            layout=widgets.Layout(align_items="center"),
        )
        self.button.on_click(lambda _: self._press())

    def show(self, loading: Loading) -> None:
        """Show how far it is."""
        known = loading.pages > 0
        self.bar.value = loading.done / loading.pages if known else 0.0
        self.bar.bar_style = _STYLES.get(loading.state, "success")
        self.button.description = "Dismiss" if loading.is_over else "Cancel"
        self.said.value = f"{escape(self._stream.name)}: {escape(_said(loading))}"

    def _press(self) -> None:
        self._stream.stop_loading()
        self._dismissed(self._stream)


def _said(loading: Loading) -> str:
    if loading.state == "failed":
        return f"its history cannot be had: {loading.error}"
    if loading.state == "waiting":
        again = f", after: {loading.error}" if loading.error else ""
        return f"history waits for its turn{again}"
    pages = f": {loading.done:,} of {loading.pages:,} requests" if loading.pages else ""
    return f"history is coming{pages}"


class Loads:
    """The rows of all streams whose past is on its way, or has failed to come.

    Parameters
    ----------
    lab
        Whose streams.
    say
        Takes what is to be told.
    """

    def __init__(self, lab: Lab, say: Callable[[str], None]) -> None:
        self._lab = lab
        self._say = say
        self._rows: dict[Stream, _Load] = {}
        # Failures that were seen; anew when the past is asked for anew.
        self._dismissed: set[Stream] = set()
        self.box = widgets.VBox()

    def refresh(self) -> None:
        """Follow what is loaded by now."""
        rows: dict[Stream, _Load] = {}
        for stream in self._lab.streams:
            loading = stream.loading
            if loading is None or not self._is_shown(stream, loading):
                continue
            row = self._rows.get(stream) or _Load(stream, self._dismissed.add)
            row.show(loading)
            rows[stream] = row
        self._tell_of_ended(rows)
        if rows.keys() != self._rows.keys():
            self._rows = rows
            self.box.children = tuple(row.box for row in rows.values())

    def _is_shown(self, stream: Stream, loading: Loading) -> bool:
        if loading.state != "failed":
            self._dismissed.discard(stream)
        if loading.state == "failed":
            return stream not in self._dismissed
        return not loading.is_over

    def _tell_of_ended(self, rows: dict[Stream, _Load]) -> None:
        for stream in self._rows.keys() - rows.keys():
            loading = stream.loading
            if loading is not None and loading.state in ("loaded", "stopped"):
                self._say(f"{stream.name}: its history was {loading.state}")
