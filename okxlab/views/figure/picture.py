"""A figure as a small SVG, for readers that run neither a kernel nor plotly.

A file on GitHub, nbconvert's HTML and a mail show this where the live figure was.
It is drawn from the state that the kernel holds, so that it needs no browser, and
it is a sketch: the kinds of traces that okxlab's charts are made of, axes, lines
and boxes; no hover, no legend.
"""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np

from okxlab.views.figure.columns import column, split_trace
from okxlab.views.figure.marks import draw_trace, extents
from okxlab.views.figure.scales import Scale

__all__ = ["picture"]

_WIDTH, _HEIGHT = 800, 450
_MARGIN = {"left": 70, "right": 16, "top": 14, "bottom": 28}
_TITLE = 26
"""Room for a title [px]."""
_GREY = "#7a808a"
"""Readable on white and on black."""
_COLOURS = ("#3b82f6", "#cf8412", "#9166e8", "#0f9d76", "#d6569b", "#0e93a8")


def picture(figure: dict[str, Any]) -> str:
    """Return a figure as SVG.

    Parameters
    ----------
    figure
        ``data`` and ``layout`` as plotly's own JSON has them, with arrays in them.

    Returns
    -------
    str
        A whole SVG document without a background, 800 px wide; some 10 kB, and
        not more than some 30 kB however many points the figure has.
    """
    return _Picture(figure).draw()


class _Picture:
    """The plots of a figure and their axes."""

    def __init__(self, figure: dict[str, Any]) -> None:
        self._layout = figure["layout"]
        self._height = int(self._layout.get("height") or _HEIGHT)
        title = self._layout.get("title")
        self._title = title.get("text") if isinstance(title, dict) else title
        self._traces = [_Trace(trace, self._layout) for trace in figure["data"]]
        self._traces = [trace for trace in self._traces if trace.is_drawn]
        self._scales: dict[str, Scale] = {}
        for trace in self._traces:
            for name in trace.axes:
                self._scales.setdefault(name, self._scale(name))

    def draw(self) -> str:
        body = [*self._axes(), *self._shapes()]
        for position, trace in enumerate(self._traces):
            across, up = (self._scales[name] for name in trace.axes)
            colour = _COLOURS[position % len(_COLOURS)]
            body.append(draw_trace(trace.props, trace.columns, across, up, colour))
        if self._title:
            text = html.escape(re.sub(r"<[^>]+>", " ", str(self._title)))
            body.insert(
                0, f'<text x="{_MARGIN["left"]}" y="18" font-size="14">{text}</text>'
            )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} '
            f'{self._height}" width="{_WIDTH}" height="{self._height}" font-family='
            f'"system-ui,sans-serif" font-size="11" fill="{_GREY}">'
            f"{''.join(part for part in body if part)}</svg>"
        )

    def _scale(self, name: str) -> Scale:
        axis = self._layout.get(name, {})
        root = self._root(name)
        values = [
            values
            for trace in self._traces
            for own, extent in zip(trace.axes, trace.extents, strict=True)
            if self._root(own) == root
            for values in extent
        ]
        low, high = axis.get("domain") or (0.0, 1.0)
        start, stop = self._edges(name[0])
        span = stop - start
        around = root if name != root else name
        given = self._layout.get(around, axis) | {"domain": None}
        return Scale(
            given,
            values,
            start + low * span,
            start + high * span,
            padding=name[0] == "y",
        )

    def _root(self, name: str) -> str:
        """Return the axis that this one always shows the same range as."""
        axis = self._layout.get(name, {})
        other = axis.get("matches")
        return f"{other[0]}axis{other[1:]}" if other else name

    def _edges(self, letter: str) -> tuple[float, float]:
        if letter == "x":
            return _MARGIN["left"], _WIDTH - _MARGIN["right"]
        top = _MARGIN["top"] + (_TITLE if self._title else 0)
        return self._height - _MARGIN["bottom"], top

    def _axes(self) -> list[str]:
        seen, parts = set(), []
        for trace in self._traces:
            if trace.axes not in seen:
                seen.add(trace.axes)
                parts.append(self._frame(*(self._scales[name] for name in trace.axes)))
        return parts

    def _frame(self, across: Scale, up: Scale) -> str:
        """Draw the grid of one plot and the values beside it."""
        lines, texts = [], []
        height = abs(up.stop - up.start)
        for place, text in up.ticks(max(2, round(height / 50))):
            lines.append(f"M{across.start:.0f} {place:.0f}H{across.stop:.0f}")
            x = across.start - 6
            texts.append(
                f'<text x="{x:.0f}" y="{place + 4:.0f}" text-anchor="end">{html.escape(text)}</text>'
            )
        is_lowest = up.start >= max(scale.start for scale in self._scales.values()) - 1
        for place, text in across.ticks(7):
            lines.append(f"M{place:.0f} {up.start:.0f}V{up.stop:.0f}")
            if is_lowest:
                y = up.start + 18
                texts.append(
                    f'<text x="{place:.0f}" y="{y:.0f}" text-anchor="middle">{html.escape(text)}</text>'
                )
        grid = f'<path d="{"".join(lines)}" stroke="{_GREY}" stroke-opacity=".22" fill="none"/>'
        return grid + "".join(texts)

    def _shapes(self) -> list[str]:
        return [self._shape(shape) for shape in self._layout.get("shapes") or ()]

    def _shape(self, shape: dict[str, Any]) -> str:
        try:
            x0, x1 = (self._point(shape, f"x{n}", "x") for n in "01")
            y0, y1 = (self._point(shape, f"y{n}", "y") for n in "01")
        except (KeyError, TypeError, ValueError):
            return ""  # on an axis that is not drawn, or of another form
        line = shape.get("line", {})
        if shape.get("type") == "line":
            dash = (
                ' stroke-dasharray="4 3"'
                if line.get("dash", "solid") != "solid"
                else ""
            )
            return (
                f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" fill="none"'
                f"{_stroke(line.get('color') or _GREY)}{dash}/>"
            )
        return (
            f'<rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
            f'height="{abs(y1 - y0):.1f}"{_fill(shape.get("fillcolor") or "none")} '
            f'opacity="{shape.get("opacity", 1)}"/>'
        )

    def _point(self, shape: dict[str, Any], key: str, letter: str) -> float:
        ref = shape.get(f"{letter}ref", letter)
        value = shape[key]
        if ref == "paper":
            start, stop = self._edges(letter)
            return start + float(value) * (stop - start)
        of, _, domain = ref.partition(" ")
        scale = self._scales[f"{letter}axis{of[1:]}"]
        if domain:
            return scale.start + float(value) * (scale.stop - scale.start)
        place = float(scale.place(column([value]))[0])
        if not np.isfinite(place):
            raise ValueError(key)
        low, high = sorted((scale.start, scale.stop))
        return min(max(place, low), high)


class _Trace:
    """A trace, its columns and the axes it stands on."""

    def __init__(self, trace: dict[str, Any], layout: dict[str, Any]) -> None:
        self.props, columns = split_trace(trace)
        self.columns = {path: column(values) for path, values in columns.items()}
        self.axes = tuple(
            f"{letter}axis{self.props.get(letter + 'axis', letter)[1:]}"
            for letter in "xy"
        )
        self.extents = extents(self.props, self.columns)
        hidden = self.props.get("visible", True) is not True
        shown = all(layout.get(name, {}).get("visible", True) for name in self.axes)
        self.is_drawn = not hidden and shown and all(self.extents)


def _stroke(colour: str) -> str:
    return f' stroke="{html.escape(str(colour))}"'


def _fill(colour: str) -> str:
    return f' fill="{html.escape(str(colour))}"'
