"""What a chart is: a name, what it needs, and how it is drawn."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.views.charts.panels import note
from okxlab.views.charts.shading import shade_gaps
from okxlab.views.charts.theme import check_theme, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.views.charts.subject import Subject

__all__ = ["Chart", "Drawing"]


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of plotly as plain values, cheap to make again and again.

    Attributes
    ----------
    traces
        One dictionary a trace.  A chart always has the same traces in the same
        order, each with its ``uid``; numbers are float64 arrays, and times such
        too [ms since 1970 UTC].
    layout
        Members of a layout.  The line and the tag of the newest price come first
        among shapes and annotations.
    """

    traces: list[dict[str, Any]]
    layout: dict[str, Any]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of chart.

    Attributes
    ----------
    name
        What one asks for: ``stream.chart("candles")``.
    title
        What it shows, in a few words.
    fits
        Whether it can be drawn of a subject, by its columns.
    draw
        Draws it of a subject that fits, also of one without rows.
    is_over_time
        Whether its ``x`` is the time of the rows, so that gaps can be shaded.
    is_of_many
        Whether it puts several instruments into one drawing; otherwise it shows
        one of them.
    """

    name: str
    title: str
    fits: Callable[[Subject], bool]
    draw: Callable[[Subject], Drawing]
    is_over_time: bool = True
    is_of_many: bool = False

    def drawing(self, subject: Subject) -> Drawing:
        """Draw a subject as plain values.

        Parameters
        ----------
        subject
            One that fits; without rows it is drawn as waiting for them.

        Returns
        -------
        Drawing
        """
        if not self.is_of_many:
            subject = subject.of(None)
        made = self.draw(subject)
        shapes, marks = shade_gaps(subject) if self.is_over_time else ([], [])
        axes = {}
        if not _has_points(made.traces):
            marks = [*marks, note(_waiting(subject))]
            axes = _hidden_axes(made.layout)
        around = {
            **made.layout,
            **axes,
            "shapes": [*made.layout["shapes"], *shapes],
            "annotations": [*made.layout["annotations"], *marks],
        }
        return Drawing(traces=made.traces, layout=around)

    def figure(self, subject: Subject, theme: str = "auto") -> Any:
        """Draw a subject.

        Parameters
        ----------
        subject
            One that fits; without rows it is drawn as waiting for them.
        theme
            ``"auto"``, ``"light"`` or ``"dark"``.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        ValueError
            If there is no such theme.
        """
        from okxlab.views.figure.static import StaticFigure

        check_theme(theme)
        made = self.drawing(subject)
        return StaticFigure(made.traces, {**made.layout, "template": template(theme)})


def _has_points(traces: list[dict[str, Any]]) -> bool:
    return any(
        len(trace.get(name, ())) for trace in traces for name in ("x", "y", "cells")
    )


def _hidden_axes(layout: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**axis, "visible": False}
        for name, axis in layout.items()
        if name.startswith(("xaxis", "yaxis"))
    }


def _waiting(subject: Subject) -> str:
    status = f" ({escape(subject.status)})" if subject.status else ""
    return f"waiting for rows{status}"
