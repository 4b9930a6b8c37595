"""From a stream to a live figure: what `Stream.live` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from okxlab.stream.drawn import subject_of
from okxlab.views.charts import Drawing, chart_of, template
from okxlab.views.charts.theme import check_theme
from okxlab.views.figure.drawn import Drawn
from okxlab.views.figure.widget import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.stream.stream import Stream
    from okxlab.views.charts import Subject
    from okxlab.views.figure.widget import PainterLike

__all__ = ["live"]

_CLEAR: Final = "rgba(0,0,0,0)"


def live(
    stream: Stream,
    name: str | None,
    *,
    painter: PainterLike,
    version: Callable[[], object],
    inst_id: str | None,
    last: int | None,
    theme: str,
    tick: float | None,
    fps: float,
) -> LiveFigure:
    """Make a live figure of a stream; see `Stream.live`.

    Parameters
    ----------
    stream
        What is drawn.
    name, inst_id, last, theme, tick, fps
        As for `Stream.live`.
    painter
        Sends the frames.
    version
        Returns a value that is equal as long as the stream has nothing new.
    """
    check_theme(theme)
    look = template(theme)

    def subject() -> Subject:
        return subject_of(stream, name, inst_id, last, tick)

    def draw() -> Drawing:
        made = chart.drawing(subject())
        layout = {**made.layout, "template": look}
        return msgspec.structs.replace(made, layout=layout)

    chart = chart_of(subject(), name)  # chosen once: a chart does not change its kind
    themes = _themes() if theme == "auto" else None
    return LiveFigure(
        draw(), Drawn(draw, version), painter=painter, fps=fps, themes=themes
    )


def _themes() -> dict[str, Any]:
    """Return what the page puts in the place of ``auto``, as its own theme is."""
    found = {}
    for name in ("light", "dark"):
        look = template(name)["layout"]
        # The page shows around the marks.  Behind them plotly has to know the
        # colour, or it draws white lines to the pointer.
        back = {"paper_bgcolor": _CLEAR, "plot_bgcolor": look["paper_bgcolor"]}
        found[name] = {"layout": {**look, **back}}
    return found
