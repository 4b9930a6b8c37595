"""A figure of plotly with a picture beside it, for readers that run no plotly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import plotly.io as pio

from okxlab.views.figure import page, still
from okxlab.views.figure.state import FigureState
from okxlab.views.figure.widget import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okxlab.views.figure.deltas import Delta

__all__ = ["StaticFigure"]

_PLOTLY = "application/vnd.plotly.v1+json"


class StaticFigure(go.Figure):  # type: ignore[misc]  # plotly has no types
    """An ordinary `plotly.graph_objects.Figure`, also where it cannot be drawn.

    Notebooks draw it with plotly; nbconvert's HTML and GitHub, which do not know
    plotly's own format, find a picture in the file.
    """

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(*args, **options)
        if _PLOTLY not in bundle:
            return bundle  # somebody has chosen another renderer
        drawn = FigureState(self).as_dict()
        beside = still.bundle(drawn, f"<Figure, {len(self.data)} traces>")
        beside.pop("text/html", None)  # plotly's drawing is for the untrusting, too
        return beside | bundle

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_() if pio.renderers.render_on_display else {}
        if _PLOTLY not in bundle:
            super()._ipython_display_()
        elif _is_voila():
            LiveFigure(self, _Unchanged(), painter=_Nobody())._ipython_display_()
        else:
            page.publish(bundle)


def _is_voila() -> bool:
    """Tell whether the page is one of Voilà's.

    There plotly's own drawing fails half-way ("setData is not a function") and no
    widget of anywidget appears beside it: Voilà 0.5.13 with plotly 7.1, 2026-11.
    """
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


class _Unchanged:
    """The source of a figure that stays as it is."""

    def changes(self) -> Sequence[Delta]:
        """Return nothing."""
        return ()


class _Nobody:
    """The painter of a figure that nobody needs to look after."""

    def add(self, job: Any) -> None:
        """Do nothing."""

    def remove(self, job: Any) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing."""
