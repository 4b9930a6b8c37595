"""Any chart made live: drawn anew when there is something new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okxlab.views.figure.deltas import Redraw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from okxlab.views.figure.deltas import Delta

__all__ = ["Drawn"]

_UNSEEN = object()


class Drawn:
    """The source of a chart that is drawn as a whole.

    Parameters
    ----------
    draw
        Returns the chart as it is now: a `plotly.graph_objects.Figure` or plain
        values; see `Redraw`.  Called on the painter thread.
    version
        Returns a value that is equal as long as nothing new is to be drawn; without
        it the chart is drawn for every frame.
    """

    def __init__(
        self,
        draw: Callable[[], Any],
        version: Callable[[], object] | None = None,
    ) -> None:
        self._draw = draw
        self._version = version
        self._seen: object = _UNSEEN

    def changes(self) -> Sequence[Delta]:
        """Return the chart if something is new; see `Source`."""
        # Looked at before drawing: what comes meanwhile is drawn once more.
        version = object() if self._version is None else self._version()
        if version == self._seen:
            return []
        figure = self._draw()
        self._seen = version
        return [Redraw(figure)]
